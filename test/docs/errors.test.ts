/** docs/errors.md and lib/base/errors.ts tell the same. */
import { expect, it } from 'vitest'
import { codeOf, filesOf, textOf } from '../support/sources.js'

interface Entry {
  readonly code: string
  readonly ran: string
}

/** Factory name -> code and usual `ran`, as the source has them. */
const factories = new Map(
  [
    ...textOf('lib/base/errors.ts').matchAll(
      /export const (\w+): Make = factory\('(DS_\w+)', (?:'(\w+)'|null)\)/g,
    ),
  ].map(([, name, code, ran]): [string, Entry] => [
    name ?? '',
    { code: code ?? '', ran: ran ?? 'does not apply' },
  ]),
)

const sections = new Map(
  textOf('docs/errors.md')
    .split(/^### /m)
    .slice(1)
    .map((section): [string, string] => [section.split('\n')[0] ?? '', section]),
)

const union = [...textOf('lib/base/errors.ts').matchAll(/^ {2}\| '(DS_\w+)'/gm)]
  .map((match) => match[1] ?? '')
  .sort()

/** Whether any file of lib but errors.ts calls the factory. */
function isRaised(name: string): boolean {
  const call = new RegExp(`\\b${name}\\(`)
  const files = filesOf('lib').filter((file) => file !== 'lib/base/errors.ts')
  return files.some((file) => {
    const code = codeOf(textOf(file))
    return /from '[./]*base\/errors\.js'|from '\.\/errors\.js'/.test(code) && call.test(code)
  })
}

it('errors - every code has a factory and a section, and no section is left over', () => {
  expect([...factories.values()].map((entry) => entry.code).sort()).toEqual(union)
  expect([...sections.keys()].sort()).toEqual(union)
  expect(union.length).toBeGreaterThan(15)
})

it.each([...factories.values()])(
  'errors - the section of $code says whether it ran: $ran',
  ({ code, ran }) => {
    expect(sections.get(code)).toContain(`- **Ran:** ${ran}\n`)
  },
)

it.each([...sections])('errors - the section of %s says when, and what to do', (_, section) => {
  expect(section).toMatch(/- \*\*When:\*\* \S/)
  expect(section).toMatch(/- \*\*What to do:\*\* \S/)
})

it('errors - exactly the codes that nothing raises are called reserved', () => {
  const silent = [...factories].filter(([name]) => !isRaised(name)).map(([, entry]) => entry.code)
  const reserved = [...sections].filter(([, section]) => section.includes('Reserved:')).map(([code]) => code)
  expect(reserved.sort()).toEqual(silent.sort())
})
