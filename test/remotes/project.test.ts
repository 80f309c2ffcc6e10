/** A project's files: what is declared, what is locked, and edits that leave the rest alone. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { findPackage } from '../../lib/base/package.js'
import { lockOf, openProject, type Project } from '../../lib/remotes/index.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A project with these files. */
function project(files: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(path.join(tmpdir(), 'dservice-project-'))
  folders.push(folder)
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text)
  return openProject(folder)
}

const notInstalled = "'#remote/…' imports dservice, which is not installed here: npm install dservice"

const textOf = ({ packageFile }: Project): string => readFileSync(packageFile, 'utf8')

it('project - an empty folder becomes one by its first edit', () => {
  const empty = project()
  expect([empty.manifest.remotes, empty.lock.remotes]).toEqual([[], {}])
  expect(empty.declare('d1', '^1.2.0')).toBe(true)
  expect(textOf(empty)).toBe('{\n  "remoteDependencies": {\n    "d1": "^1.2.0"\n  }\n}\n')
})

it('project - the package.json above a folder is the one', () => {
  const { folder } = project({ 'package.json': '{}' })
  expect(openProject(path.join(folder, 'src', 'deep')).folder).toBe(folder)
})

it.each([
  [
    'two blanks',
    '{\n  "name": "web"\n}\n',
    '{\n  "name": "web",\n  "remoteDependencies": {\n    "d1": "^1"\n  }\n}\n',
  ],
  [
    'tabs',
    '{\n\t"name": "web"\n}\n',
    '{\n\t"name": "web",\n\t"remoteDependencies": {\n\t\t"d1": "^1"\n\t}\n}\n',
  ],
  [
    'four blanks, no last line end',
    '{\n    "name": "web"\n}',
    '{\n    "name": "web",\n    "remoteDependencies": {\n        "d1": "^1"\n    }\n}',
  ],
  [
    'CRLF',
    '{\r\n  "name": "web"\r\n}\r\n',
    '{\r\n  "name": "web",\r\n  "remoteDependencies": {\r\n    "d1": "^1"\r\n  }\r\n}\r\n',
  ],
  [
    'a byte order mark',
    '\uFEFF{\n  "name": "web"\n}\n',
    '\uFEFF{\n  "name": "web",\n  "remoteDependencies": {\n    "d1": "^1"\n  }\n}\n',
  ],
])('project - an edit keeps what it finds: %s', (_, before, after) => {
  const web = project({ 'package.json': before })
  web.declare('d1', '^1')
  expect(textOf(web)).toBe(after)
  expect(web.undeclare('d1')).toBe(true)
  expect(textOf(web)).toBe(before)
})

it('project - a new remote stands in its place by the alphabet; a new range keeps what else was said', () => {
  const web = project({
    'package.json': '{ "remoteDependencies": {\n  "a": { "range": "^1", "lazy": true },\n  "c": "^1"\n} }\n',
  })
  web.declare('b', '*', { optional: true, timeout: '2s' })
  web.declare('a', '^2')
  web.declare('c', '^1', { lazy: true })
  expect(Object.keys((JSON.parse(textOf(web)) as { remoteDependencies: object }).remoteDependencies)).toEqual(
    ['a', 'b', 'c'],
  )
  expect(
    web.manifest.remotes.map(({ name, range, lazy, optional, timeout }) => [
      name,
      range,
      lazy,
      optional,
      timeout,
    ]),
  ).toEqual([
    ['a', '^2', true, false, null],
    ['b', '*', false, true, 2000],
    ['c', '^1', true, false, null],
  ])
  expect(web.declare('a', '^2')).toBe(false)
  expect(web.undeclare('nobody')).toBe(false)
})

it.each([
  ['lists of one line', '{\n  "files": ["a",  "b"],\n\n  "bin": { "x":"./x.js" }\n}\n'],
  ['everything in one line', '{"name":"web","files":["a", "b"]}'],
  ['odd blanks', '\n{ "name" : "web" ,\n      "private":true\n  }\n\n'],
])('project - an edit touches nothing else: %s', (_, before) => {
  const web = project({ 'package.json': before })
  web.declare('d1', '^1')
  web.addImports()
  const after = textOf(web)
  expect(web.manifest.remotes).toMatchObject([{ name: 'd1', range: '^1' }])
  // what was there stands in one piece, up to the end of its last member
  expect(after.startsWith(before.slice(0, before.lastIndexOf('}')).trimEnd())).toBe(true)
  web.declare('d0', '^2', { lazy: true })
  expect(web.undeclare('d1')).toBe(true)
  expect(web.undeclare('d0')).toBe(true)
  expect(textOf(web).startsWith(before.slice(0, before.lastIndexOf('}')).trimEnd())).toBe(true)
})

it('project - a range with options on one line stays on it', () => {
  const line = '    "d1": { "range": "^1", "lazy": true }'
  const web = project({ 'package.json': `{\n  "remoteDependencies": {\n${line}\n  }\n}\n` })
  web.declare('d1', '^2', { optional: true })
  expect(textOf(web)).toContain('\n    "d1": { "range": "^2", "lazy": true, "optional": true }\n')
})

it('project - imports that are no object are told, with the place', () => {
  const web = project({ 'package.json': '{\n  "imports": "./x.js"\n}\n' })
  expect(() => web.addImports()).toThrow(/package\.json:2:\d+: imports is "\.\/x\.js"/)
})

it('project - the old spelling is edited where it stands', () => {
  const web = project({ 'package.json': '{\n  "RemoteDependency": {\n    "d1": "^1"\n  }\n}\n' })
  web.declare('d2', '^2')
  expect(textOf(web)).toBe('{\n  "RemoteDependency": {\n    "d1": "^1",\n    "d2": "^2"\n  }\n}\n')
})

it('project - imports are added once, and others of the same name are shown', () => {
  const web = project({ 'package.json': '{\n  "imports": {\n    "#x": "./x.js"\n  }\n}\n' })
  expect([web.addImports(), web.addImports()]).toEqual([true, false])
  expect(JSON.parse(textOf(web))).toEqual({
    imports: {
      '#remote/*': { types: './.dservice/*.d.mts', default: './.dservice/*.mjs' },
      '#x': './x.js',
    },
  })
  const other = project({ 'package.json': '{\n  "imports": { "#remote/*": "./src/*.js" }\n}\n' })
  expect(() => other.addImports()).toThrow(/package\.json:2:\d+: "#remote\/\*" is "\.\/src\/\*\.js" already/)
})

it.each([
  ['../x', '^1', /is no service name/],
  ['__proto__', '^1', /is no service name/],
  ['d1', 'newest', /is no semver range/],
])('project - %s@%s is not declared', (name, range, why) => {
  const web = project({ 'package.json': '{}\n' })
  expect(() => web.declare(name, range)).toThrow(why)
  expect(textOf(web)).toBe('{}\n')
})

it.each(['"x"', 'null', '[]', '{ "#remote/*": "a", "#remote/*": "b" }'])(
  'project - imports that are %s are told with their place, and stay',
  (imports) => {
    const text = `{\n  "imports": ${imports}\n}\n`
    const made = project({ 'package.json': text })
    expect(() => made.addImports()).toThrow(/package\.json:2:\d+: imports /)
    expect(textOf(made)).toBe(text)
  },
)

it('project - a package.json of another encoding is not written, for what could not be read of it would be lost', () => {
  const made = project()
  writeFileSync(made.packageFile, Buffer.from('{\n  "author": "José"\n}\n', 'latin1'))
  expect(() => made.declare('d1', '^1')).toThrow(/package\.json is no UTF-8: line 2 has another encoding/)
  expect(readFileSync(made.packageFile).includes(0xe9)).toBe(true)
})

it('project - a large package.json on one line is edited in time', () => {
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`name ${i}`, i]))
  const made = project({ 'package.json': JSON.stringify({ many }) })
  expect([made.declare('d1', '^1'), made.addImports()]).toEqual([true, true])
  expect(JSON.parse(textOf(made))).toMatchObject({ many, remoteDependencies: { d1: '^1' } })
})

it.skipIf(process.platform === 'win32').each(['package.json', 'dservice-lock.json', '.gitignore'])(
  'project - a pipe as %s keeps nobody waiting',
  (name) => {
    const made = project()
    execFileSync('mkfifo', [path.join(made.folder, name)])
    const read = (): unknown => [made.manifest, made.lock, made.hints()]
    if (name === '.gitignore') expect(read()).toMatchObject([{}, {}, [notInstalled]])
    else expect(read).toThrow(new RegExp(`${name} is no file. Move it away`))
    expect(findPackage(made.folder).file).not.toBe(made.packageFile)
  },
)

it('project - an option that is none is not written', () => {
  const web = project({ 'package.json': '{}\n' })
  expect(() => web.declare('d1', '^1', { timeout: 'soon' })).toThrow(/timeout/)
  expect(textOf(web)).toBe('{}\n')
})

it('project - a package.json that somebody has changed meanwhile is not overwritten', () => {
  const web = project({ 'package.json': '{}\n' })
  expect(web.manifest.remotes).toEqual([])
  writeFileSync(web.packageFile, '{ "name": "new" }\n')
  expect(() => web.declare('d1', '^1')).toThrow(/package\.json has changed since it was read/)
  expect(textOf(web)).toBe('{ "name": "new" }\n')
})

it('project - a lock is written, read, and left alone where it says the same', () => {
  const web = project({ 'package.json': '{}\n' })
  const d1 = lockOf({
    declaration: { range: '^1' },
    version: '1.0.0',
    contract: { methods: { a: {} } },
    rely: {},
  })
  const lock = { lockfileVersion: 1, remotes: { d1 } } as const
  expect([web.writeLock(lock), web.writeLock(lock)]).toEqual([true, false])
  expect(openProject(web.folder).lock).toEqual(lock)
  writeFileSync(web.lockFile, readFileSync(web.lockFile, 'utf8').replaceAll('\n', '\r\n'))
  expect(openProject(web.folder).writeLock(lock)).toBe(false)
})

it('project - its owner is told what the compiler and the repository need', () => {
  const web = project({
    'tsconfig.json': '{ /* ours */ "include": ["src"], }',
    '.gitignore': 'node_modules\n',
  })
  expect(web.hints()).toEqual([
    notInstalled,
    `dnodeFor() and rely() are typed by the name where tsconfig.json has "include": ["src", ".dservice/**/*.d.ts"]`,
    '.gitignore may name .dservice: dservice install writes it anew from the lock',
  ])
  const fine = project({
    'tsconfig.json': '{ "include": ["src", ".dservice/**/*.d.ts"] }',
    '.gitignore': '/.dservice/\n',
  })
  mkdirSync(path.join(fine.folder, 'node_modules'))
  symlinkSync(path.resolve('.'), path.join(fine.folder, 'node_modules', 'dservice'))
  expect(fine.hints()).toEqual([])
  expect(project({ '.gitignore': 'dservice-lock.json\n' }).hints()).toEqual([
    notInstalled,
    '.gitignore names dservice-lock.json: take it out, so that everybody has the same contracts',
  ])
  expect(project().hints()).toEqual([notInstalled])
})
