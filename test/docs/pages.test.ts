/** The pages lead somewhere, and tell of every option and variable that there is. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { codeOf, filesOf, textOf } from '../support/sources.js'

const TOP = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md']
const pages = [...TOP, ...filesOf('docs', ['.md']), ...filesOf('examples', ['.md'])]

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''))
}

/** Links of a page that lead nowhere; addresses of the web are not looked at. */
function deadLinks(page: string): string[] {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const to = file === '' ? page : path.posix.join(path.posix.dirname(page), file)
    if (!existsSync(path.join(ROOT, to))) return true
    return anchor !== undefined && !anchorsOf(to).includes(anchor)
  })
}

/** The property names of an interface in lib/mesh/types.ts. */
function propertiesOf(name: string): string[] {
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(
    textOf('lib/mesh/types.ts'),
  )?.[1]
  return [...(body ?? '').matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] ?? '')
}

it.each(pages)('pages - the links of %s lead somewhere', (page) => {
  expect(deadLinks(page)).toEqual([])
})

it('pages - the guide has every option', () => {
  const guide = textOf('docs/guide.md')
  const options = [
    ...propertiesOf('DServiceOptions'),
    ...propertiesOf('HandleOptions'),
    ...propertiesOf('RelyOptions'),
  ]
  expect(options.length).toBeGreaterThan(10)
  expect(options.filter((option) => !guide.includes(`\`${option}`))).toEqual([])
})

it('pages - the guide has every variable of the environment that the library reads', () => {
  const guide = textOf('docs/guide.md')
  const read = filesOf('lib')
    .filter((file) => !file.startsWith('lib/tools/'))
    .flatMap((file) => [...codeOf(textOf(file)).matchAll(/\bDSERVICE_[A-Z]+\b/g)].map((match) => match[0]))
  expect(new Set(read).size).toBeGreaterThan(1)
  expect([...new Set(read)].filter((name) => !guide.includes(name))).toEqual([])
})
