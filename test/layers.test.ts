/** The order of the layers: base <- wire <- dnode <- mesh <- remotes <- engines <- testing; beside testing the root, index.ts, tools. */
import { expect, it } from 'vitest'
import { filesOf, importsOf, textOf, type Import } from './support/sources.js'

const ORDER = ['base', 'wire', 'dnode', 'mesh', 'remotes', 'engines', 'testing']

/** The rooms of the mesh, in the same way; what all of them know, and what knows all of them, stands in its hall. */
const ROOMS = ['peers', 'choosing', 'calls', 'patterns', 'rely', 'serving', 'inspect']

/** All that an engine may know: base, its seam, and how an address looks. */
const SEAMS_FOR_ENGINES = ['lib/wire/connection.ts', 'lib/mesh/discovery.ts']
/** All that tools may know besides base and their own files: what users know, and a project's files. Base is light, so that help is quick. */
const PUBLIC = ['lib/index.ts', 'lib/dnode/index.ts', 'lib/remotes/index.ts']

const folderOf = (file: string): string => /^lib\/(\w+)\//.exec(file)?.[1] ?? file
const roomOf = (file: string): number => ROOMS.indexOf(/^lib\/mesh\/(\w+)\//.exec(file)?.[1] ?? '')
const isRoot = (file: string): boolean => /^lib\/\w+\.ts$/.test(file) && file !== 'lib/index.ts'
const isPackage = (to: string): boolean => !to.includes('/') || !/^(lib|services|examples|test)\//.test(to)

/** Why an import is against the rules; null where it is not. */
function wrong({ from, to, isLazy }: Import): string | null {
  if (/^(services|examples)\//.test(from)) return wrongInMember(from, to)
  if (isPackage(to)) return wrongPackage(to)
  if (!to.startsWith('lib/')) return 'lib imports lib only'
  const layer = folderOf(from)
  const below = folderOf(to)
  if (below === 'testing' && layer !== 'testing') return 'nobody but tests needs what tests are made with'
  if (from === 'lib/index.ts') return below === 'tools' ? 'tools stand above the face' : null
  if (layer === 'tools') return wrongInTool(to, below)
  if (isRoot(from)) return wrongInRoot(to, isLazy)
  if (layer === 'engines') return wrongInEngine(to, below)
  // what stands in for a remote is made as every dservice is
  if (layer === 'testing' && isRoot(to)) return null
  if (roomOf(from) >= 0 && roomOf(to) > roomOf(from)) return 'the rooms of the mesh point down as well'
  return ORDER.indexOf(below) >= 0 && ORDER.indexOf(below) <= ORDER.indexOf(layer)
    ? null
    : 'imports point down'
}

function wrongPackage(to: string): string | null {
  if (to === 'semver')
    return 'semver is imported by function: the whole of it is twice the files at every start'
  return to === 'dservice' ? 'lib does not import itself by name' : null
}

function wrongInMember(from: string, to: string): string | null {
  if (/^(node:|dservice(\/|$))/.test(to)) return null
  const own = from.split('/').slice(0, from.startsWith('examples/') ? 2 : 1)
  return to.startsWith(`${own.join('/')}/`) ? null : 'services and examples use the public face only'
}

function wrongInTool(to: string, below: string): string | null {
  return ['tools', 'base'].includes(below) || PUBLIC.includes(to) ? null : 'tools use the public face'
}

/** The composition root: defaults.ts and the files beside it. */
function wrongInRoot(to: string, isLazy: boolean): string | null {
  if (folderOf(to) === 'engines') return isLazy ? null : 'engines are loaded lazily'
  return ORDER.includes(folderOf(to)) || isRoot(to) ? null : 'the root stands below the face'
}

function wrongInEngine(to: string, below: string): string | null {
  if (below === 'base' || below === 'engines' || SEAMS_FOR_ENGINES.includes(to)) return null
  return 'engines know base and their seams only'
}

/** The first cycle among static imports, as a path; null where there is none. */
function cycleIn(imports: readonly Import[]): string[] | null {
  const graph = new Map<string, string[]>()
  for (const { from, to, isLazy } of imports) {
    if (!isLazy && !isPackage(to)) graph.set(from, [...(graph.get(from) ?? []), to])
  }
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | null => {
    const at = path.indexOf(file)
    if (at >= 0) return [...path.slice(at), file]
    if (done.has(file)) return null
    for (const to of graph.get(file) ?? []) {
      const found = visit(to, [...path, file])
      if (found) return found
    }
    done.add(file)
    return null
  }
  for (const file of graph.keys()) {
    const found = visit(file, [])
    if (found) return found
  }
  return null
}

const imports = [
  ...filesOf('lib'),
  ...filesOf('services'),
  ...filesOf('examples', ['.ts', '.mjs', '.cjs']),
].flatMap((file) => importsOf(file, textOf(file)))

it('layers - every import points down', () => {
  const against = imports.flatMap((i) => (wrong(i) ? [`${i.from} -> ${i.to}: ${wrong(i)}`] : []))
  expect(against).toEqual([])
  expect(imports.length).toBeGreaterThan(50)
})

it('layers - static imports have no cycle', () => {
  expect(cycleIn(imports)).toBeNull()
})

it('layers - no file of lib awaits at its top level', () => {
  const awaiting = filesOf('lib').filter((file) => /^await /m.test(textOf(file)))
  expect(awaiting.filter((file) => file !== 'lib/tools/cli/main.ts')).toEqual([])
})

it.each([
  ['lib/base/errors.ts', `import { a } from '../wire/tcp.js'`],
  ['lib/mesh/peers/pool.ts', `import type { A } from '../../engines/mdns/engine.js'`],
  ['lib/mesh/peers/pool.ts', `export * from '../../index.js'`],
  ['lib/mesh/peers/pool.ts', `import semver from 'semver'`],
  ['lib/mesh/peers/pool.ts', `import { resolve } from '../choosing/resolve.js'`],
  ['lib/engines/mdns/engine.ts', `import {\n  Pool,\n} from '../../mesh/pool.js'`],
  ['lib/engines/mdns/engine.ts', `import { dial } from '../../wire/tcp.js'`],
  ['lib/defaults.ts', `import { memory } from './engines/memory.js'`],
  ['lib/tools/cli/ls.ts', `const { look } = await import('../../mesh/inspect.js')`],
  ['lib/tools/cli/add.ts', `import { readLock } from '../../remotes/lock-read.js'`],
  ['lib/index.ts', `import './tools/cli/main.js'`],
  ['lib/index.ts', `export { simulate } from './testing/index.js'`],
  ['lib/defaults.ts', `import { simulate } from './testing/index.js'`],
  ['lib/engines/memory.ts', `import { simulate } from '../testing/index.js'`],
  ['services/echo.ts', `import { dservice } from '../lib/index.js'`],
  ['examples/01-hello/d1.cjs', `const x = require('../../dist/lib/index.js')`],
])('layers - %s may not say %s', (file, text) => {
  expect(importsOf(file, text).map(wrong)).toEqual([expect.any(String)])
})

it.each([
  ['lib/engines/mdns/engine.ts', `import type { Discovery } from '../../mesh/discovery.js'`],
  ['lib/defaults.ts', `const { memory } = await import('./engines/memory.js')`],
  ['lib/tools/repl.ts', `import { dservice } from '../index.js'`],
  ['lib/tools/cli/add.ts', `const { openProject } = await import('../../remotes/index.js')`],
  ['lib/testing/world.ts', `import { MemoryHub } from '../engines/memory.js'`],
  ['services/echo.ts', `import { dservice } from 'dservice'`],
  ['lib/base/errors.ts', `// import { a } from '../wire/tcp.js'`],
])('layers - %s may say %s', (file, text) => {
  expect(importsOf(file, text).flatMap((i) => wrong(i) ?? [])).toEqual([])
})

it('layers - a cycle is found, a lazy import makes none', () => {
  const two = (isLazy: boolean): Import[] => [
    { from: 'lib/base/a.ts', to: 'lib/base/b.ts', isLazy: false },
    { from: 'lib/base/b.ts', to: 'lib/base/a.ts', isLazy },
  ]
  expect(cycleIn(two(false))).toEqual(['lib/base/a.ts', 'lib/base/b.ts', 'lib/base/a.ts'])
  expect(cycleIn(two(true))).toBeNull()
})
