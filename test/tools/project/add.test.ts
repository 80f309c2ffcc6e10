import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestProject } from '../../support/project.js'

let project: TestProject

beforeEach(() => {
  project = new TestProject()
})

afterEach(() => project[Symbol.asyncDispose]())

const api = { transform: (text: string) => text.toUpperCase(), ping: () => 'pong' }

it('add - declares, locks and writes types, and says in one line what was found', async () => {
  await project.serve('d1@1.4.2', api)
  await project.serve('d1@1.4.2', api)
  const { exit, out, err } = await project.run('add', 'd1@^1')
  expect([exit, out, err]).toEqual([
    0,
    '+ d1@^1  found 1.4.2 (2 instances) · 2 methods · types of names alone · locked\n',
    '',
  ])
  expect(JSON.parse(project.read('package.json'))).toEqual({
    name: 'web',
    version: '1.0.0',
    type: 'module',
    imports: { '#remote/*': { types: './.dservice/*.d.mts', default: './.dservice/*.mjs' } },
    remoteDependencies: { d1: '^1' },
  })
  expect(JSON.parse(project.read('dservice-lock.json'))).toMatchObject({
    lockfileVersion: 1,
    remotes: { d1: { range: '^1', version: '1.4.2', methods: { ping: {}, transform: {} }, rely: {} } },
  })
  expect(Object.keys(project.files())).toEqual([
    '.dservice/api/d1.d.mts',
    '.dservice/d1.d.mts',
    '.dservice/d1.mjs',
    '.dservice/index.d.ts',
    'dservice-lock.json',
    'package.json',
  ])
})

it('add - without a range takes the version that runs, from an empty folder too', async () => {
  rmSync(path.join(project.folder, 'package.json'))
  await project.serve('d1@1.4.2', api)
  await project.serve('d1@2.0.0', api)
  expect(await project.json('add', 'd1')).toEqual({
    exit: 0,
    document: {
      v: 1,
      project: project.folder,
      added: [
        {
          name: 'd1',
          range: '^2.0.0',
          version: '2.0.0',
          instances: 1,
          methods: ['ping', 'transform'],
          types: 'names',
          file: '.dservice/d1.d.mts',
        },
      ],
      hints: [],
    },
  })
})

it('add - keeps what else was said of a remote, and the format of the file', async () => {
  await project.serve('d1@1.4.2', api)
  const text = '{\n\t"remoteDependencies": {\n\t\t"d1": { "range": "^1", "lazy": true }\n\t}\n}\n'
  project.write({ 'package.json': text })
  await project.run('add', 'd1@^1.4', '--optional', '--call-timeout', '2s')
  const written = project.read('package.json')
  expect(written.startsWith('{\n\t"remoteDependencies": {\n\t\t"d1": {')).toBe(true)
  expect(JSON.parse(written)).toMatchObject({
    remoteDependencies: { d1: { range: '^1.4', lazy: true, optional: true, timeout: '2s' } },
  })
})

it('add - hints at what the project needs besides', async () => {
  await project.serve('d1@1.4.2', api)
  project.write({ 'tsconfig.json': '{ "include": ["src"] }', '.gitignore': 'node_modules\n' })
  rmSync(path.join(project.folder, 'node_modules'), { recursive: true })
  const { err } = await project.run('add', 'd1')
  expect(err).toContain('tsconfig.json has "include"')
  expect(err).toContain('.gitignore may name .dservice')
  expect(err).toContain('npm install dservice')
})

it('add - writes nothing where one of them is absent, and says what may have been meant', async () => {
  await project.serve('billing@1.0.0', api)
  const before = project.files()
  const { exit, out, err } = await project.run('add', 'billing', 'biling')
  expect([exit, out]).toEqual([3, ''])
  expect(err).toContain('no instance of biling@*')
  expect(err).toContain('nothing was written; did you mean billing? Or declare it alone with --offline')
  expect(project.files()).toEqual(before)
  const json = await project.json('add', 'billing@^2')
  expect(json).toMatchObject({ exit: 3, document: { v: 1, error: { code: 'DS_NO_INSTANCE', exit: 3 } } })
  expect(String((json.document['error'] as { hint: string }).hint)).toContain('--offline')
  expect(project.files()).toEqual(before)
})

it('add - offline declares alone; what is then imported takes anything', async () => {
  const { exit, out } = await project.run('add', 'd1@^1', '--offline')
  expect([exit, out]).toEqual([0, '+ d1@^1  declared, not locked: run dservice install where it is there\n'])
  expect(project.files()['dservice-lock.json']).toBeUndefined()
  expect(project.read('.dservice/d1.mjs')).toContain('remote("d1"')
})

it('add - offline keeps the range that is declared, and what is locked', async () => {
  await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  const before = project.files()
  expect((await project.run('add', 'd1', '--offline')).out).toBe(
    '+ d1@^1  declared, locked as before (1.4.2)\n',
  )
  expect(project.files()).toEqual(before)
  expect((await project.run('add', 'd1@^2', '--offline')).out).toContain('declared, not locked')
})

it.each<[string[], string]>([
  [['D1'], 'no service name'],
  [['../x'], 'no service name'],
  [['__proto__'], 'no service name'],
  [['d1@what'], 'no semver range'],
  [['d1', 'd1@^1'], 'given twice'],
  [['d1', '--call-timeout', 'soon'], 'no --call-timeout'],
])('add - %j ends with 2 and writes nothing', async (args, why) => {
  const before = project.files()
  const { exit, err } = await project.run('add', ...args)
  expect(exit).toBe(2)
  expect(err).toContain(why)
  expect(project.files()).toEqual(before)
})

it.each<[string, Record<string, string>, RegExp]>([
  ['a package.json that is none', { 'package.json': '{ "name": ' }, /package\.json:1:\d+: this is no JSON/],
  [
    'an imports entry of another kind',
    { 'package.json': '{ "imports": { "#remote/*": "./x.js" } }' },
    /already/,
  ],
  [
    'a lock that a merge left open',
    { 'dservice-lock.json': '<<<<<<< a\n' },
    /dservice-lock\.json:1:1: a merge left/,
  ],
  ['a newer lock', { 'dservice-lock.json': '{ "lockfileVersion": 2, "remotes": {} }' }, /update dservice/i],
  ['a file where .dservice is to be', { '.dservice': 'mine' }, /\.dservice/],
  ['a file of its owner in .dservice', { '.dservice/d1.mjs': 'mine' }, /not written by dservice/],
])('add - %s is told, and nothing is written', async (_what, files, why) => {
  await project.serve('d1@1.4.2', api)
  project.write(files)
  const before = project.files()
  const { exit, err } = await project.run('add', 'd1')
  expect([exit, err]).toEqual([2, expect.stringMatching(why)])
  expect(project.files()).toEqual(before)
})

it('add - a folder where the lock is to be is told, and nothing is written', async () => {
  await project.serve('d1@1.4.2', api)
  mkdirSync(path.join(project.folder, 'dservice-lock.json'))
  const before = project.files()
  const { exit, err } = await project.run('add', 'd1')
  expect([exit, err]).toEqual([2, expect.stringContaining('dservice-lock.json')])
  expect(project.files()).toEqual(before)
})

it('add - takes the mesh and the engine of the project, where none is named', async () => {
  await project.serve('d1@1.4.2', api)
  project.write({ 'package.json': JSON.stringify({ dservice: { mesh: project.mesh, engine: 'memory:' } }) })
  const { runCli } = await import('../../support/cli.js')
  const where = ['--cwd', project.folder, '--timeout', '50ms']
  expect((await runCli(['add', 'd1', ...where])).exit).toBe(0)
  expect(await runCli(['diff', 'dservice-lock.json#d1', 'd1', ...where])).toMatchObject({ exit: 0 })
  expect((await runCli(['publish-check', 'd1@1.4.3', ...where])).exit).toBe(3)
})

it('add - a folder that is not there is no project', async () => {
  const { runCli } = await import('../../support/cli.js')
  const { exit, err } = await runCli(['add', 'd1', '--cwd', path.join(project.folder, 'nowhere')])
  expect([exit, err]).toEqual([2, expect.stringContaining('is no folder')])
})

it('rm - takes remotes out everywhere', async () => {
  await project.serve('d1@1.4.2', api)
  await project.serve('d2@1.0.0', api)
  await project.run('add', 'd1', 'd2')
  const { exit, out } = await project.run('rm', 'd1')
  expect([exit, out]).toEqual([0, '- d1\n'])
  expect(Object.keys(project.files()).filter((file) => file.includes('d1'))).toEqual([])
  expect(project.read('dservice-lock.json')).not.toContain('"d1"')
  expect(JSON.parse(project.read('package.json'))).toMatchObject({ remoteDependencies: { d2: '^1.0.0' } })
  expect(await project.json('rm', 'd2')).toMatchObject({ exit: 0, document: { v: 1, removed: ['d2'] } })
  expect(JSON.parse(project.read('package.json'))).not.toHaveProperty('remoteDependencies')
})

it('rm - a name that is not declared is 3, and nothing is removed', async () => {
  await project.serve('billing@1.4.2', api)
  await project.run('add', 'billing')
  const before = project.files()
  const { exit, err } = await project.run('rm', 'billing', 'biling')
  expect([exit, err]).toEqual([3, expect.stringContaining('did you mean billing?')])
  expect(project.files()).toEqual(before)
})
