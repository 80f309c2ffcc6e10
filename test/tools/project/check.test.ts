import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { method } from '../../../lib/index.js'
import { ROOT } from '../../support/build.js'
import { TestProject } from '../../support/project.js'

let project: TestProject

beforeEach(() => {
  project = new TestProject()
})

afterEach(() => project[Symbol.asyncDispose]())

const api = { transform: (text: string) => text.toUpperCase(), ping: () => 'pong' }
const withTypeScript = (): void =>
  symlinkSync(
    path.join(ROOT, 'node_modules/typescript'),
    path.join(project.folder, 'node_modules/typescript'),
  )
const declare = (remoteDependencies: object, rest: object = {}): void =>
  project.write({
    'package.json': JSON.stringify({ name: 'web', version: '1.0.0', remoteDependencies, ...rest }, null, 2),
  })

it('check - all is well where what runs is what is locked, or more', async () => {
  await project.serve('d1@1.4.2', api)
  await project.serve('d2@1.0.0', api)
  await project.run('add', 'd1@^1.4', 'd2@^1')
  await project.serve('d2@1.1.0', { ...api, more: () => 1 })
  const { exit, out, err } = await project.run('check')
  expect([exit, out]).toEqual([
    0,
    '✓ d1  ^1.4  1.4.2  contract unchanged\n✓ d2  ^1    1.1.0  contract fits · new: more\n',
  ])
  expect(err).toBe('2 remotes\n')
})

it('check - says method by method what broke, and where it is used', async () => {
  const d1 = await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  await d1.stop()
  await project.serve('d1@1.5.0', { transform: api.transform })
  project.write({
    'src/main.js': `import d1 from '#remote/d1'\n\nawait d1.ping()\nawait d1.transform('x')\n`,
  })
  const { exit, out, err } = await project.run('check')
  expect([exit, out]).toEqual([
    1,
    '✗ d1  ^1  1.5.0  breaks what is locked (1.4.2)\n  ✗ ping  is not there any more  used in src/main.js:3\n',
  ])
  expect(err).toContain('error  1 of 1 remote cannot stand for what is locked: d1@^1')
  const json = await project.json('check')
  expect(json).toMatchObject({
    exit: 1,
    document: {
      v: 1,
      remotes: [
        {
          name: 'd1',
          verdict: 'breaks',
          locked: '1.4.2',
          version: '1.5.0',
          changes: [
            {
              method: 'ping',
              kind: 'removed',
              step: 'major',
              uses: [{ file: 'src/main.js', line: 3, method: 'ping' }],
            },
          ],
        },
      ],
      error: { exit: 1 },
    },
  })
})

const takes = (input: object): object => ({
  transform: method((text: string) => text, {
    input: input as z.ZodType<string, string>,
    output: z.string(),
  }),
})

it('check - lets TypeScript judge what only it can tell', async () => {
  withTypeScript()
  const d1 = await project.serve('d1@1.0.0', takes(z.string()))
  await project.run('add', 'd1@^1')
  const wider = await project.serve('d1@1.1.0', takes(z.union([z.string(), z.number()])))
  expect(await project.run('check')).toMatchObject({ exit: 0, out: expect.stringContaining('contract fits') })
  await Promise.all([d1.stop(), wider.stop()])
  await project.serve('d1@1.2.0', takes(z.number()))
  const { exit, out } = await project.run('check')
  expect([exit, out]).toEqual([
    1,
    expect.stringMatching(/^✗ d1 .*breaks what is locked.*\n {2}✗ transform {2}.+no use of it was seen\n$/),
  ])
})

it('check - without a TypeScript that can, what is gone is told, and the rest cannot be judged', async () => {
  project.write({ 'node_modules/typescript/package.json': '{ "version": "5.7.3", "bin": { "tsc": "tsc" } }' })
  const d1 = await project.serve('d1@1.0.0', { ...takes(z.string()), ping: api.ping })
  await project.run('add', 'd1@^1')
  const next = await project.serve('d1@1.1.0', { ...takes(z.number()), ping: api.ping })
  const { exit, out } = await project.run('check')
  expect([exit, out]).toEqual([1, expect.stringContaining('✗ d1  ^1  1.1.0  changed, cannot be judged')])
  expect(out).toContain('npm install --save-dev typescript')
  await Promise.all([d1.stop(), next.stop()])
  await project.serve('d1@1.2.0', takes(z.number()))
  expect((await project.run('check')).out).toMatch(
    /✗ ping +is not there any more[\s\S]*npm install --save-dev typescript/,
  )
})

it('check - a lower version that cannot stand for the lock is a warning', async () => {
  await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  await project.serve('d1@1.2.0', { transform: api.transform })
  const { exit, out } = await project.run('check')
  expect([exit, out]).toEqual([
    0,
    '▲ d1  ^1  1.4.2  contract unchanged\n  ▲ 1.2.0 runs too, and cannot stand for what is locked: ping\n',
  ])
})

it('check - who is absent is a finding, or a warning where it may be', async () => {
  const all = await Promise.all(
    ['d1@1.0.0', 'd2@1.0.0', 'd3@1.0.0'].map((nameAt) => project.serve(nameAt, api)),
  )
  declare({ d1: '^1', d2: { range: '^1', optional: true }, d3: { range: '^1', lazy: true } })
  await project.run('install')
  await Promise.all(all.map((service) => service.stop()))
  await project.serve('d1@2.0.0', api)
  const { exit, out, err } = await project.run('check')
  expect(exit).toBe(1)
  expect(out).toMatch(/^✗ d1 {2}\^1 {2}- {2}no instance of d1@\^1 .*live: d1@2\.0\.0/)
  expect(out).toMatch(/^▲ d2 .*\(optional\)$/m)
  expect(out).toMatch(/^▲ d3 .*\(lazy\)$/m)
  expect(err).toContain('absent is who was not seen for 50 ms (--timeout)')
  expect(err).toContain('1 of 3 remotes is absent: d1@^1')
  expect(err).not.toContain('known')
  expect(await project.json('check')).toMatchObject({
    exit: 1,
    document: { patience: 50, error: { code: 'DS_NO_INSTANCE', exit: 1, known: ['d1@^1'] } },
  })
  expect(await project.run('check', '--offline')).toMatchObject({
    exit: 0,
    err: '3 remotes · 3 in the lock\n',
  })
})

it('check - package.json and lock that disagree are 8, with the place, whatever runs', async () => {
  await project.serve('d1@1.4.2', api)
  await project.serve('d2@1.4.2', api)
  await project.run('add', 'd1@^1', 'd2@^1')
  declare({ d1: '^2', d3: '*' })
  for (const offline of [[], ['--offline']]) {
    const { exit, err } = await project.run('check', ...offline)
    expect(exit).toBe(8)
    expect(err).toMatch(/package\.json:5:\d+: d1@\^2 is declared, and 1\.4\.2 is locked/)
    expect(err).toMatch(/package\.json:6:\d+: d3@\* is not locked/)
    expect(err).toMatch(/dservice-lock\.json:\d+:\d+: d2 is locked, and no remote of the package\.json/)
  }
  const { exit, document } = await project.json('check', '--offline')
  expect([exit, document]).toMatchObject([
    8,
    { v: 1, offline: true, patience: null, error: { code: 'DS_INVALID', exit: 8 } },
  ])
  expect(document['findings']).toHaveLength(3)
})

it('check - what may be absent may never have been there: not locked, it is no mismatch', async () => {
  declare({ d1: { range: '^1', optional: true }, d2: { range: '^1', lazy: true } })
  expect(await project.run('check', '--offline')).toMatchObject({ exit: 0 })
  expect(await project.run('check', '--timeout', '50ms')).toMatchObject({ exit: 0 })
  await project.serve('d1@1.4.2', api)
  const { exit, out } = await project.run('check', '--timeout', '50ms')
  expect([exit, out]).toEqual([0, expect.stringMatching(/▲ d1 +\^1 +1\.4\.2 +not locked/)])
})

it('check - a cycle through this package is 8, by the lock and by what runs', async () => {
  await project.serve('d1@1.0.0', api, { d0: '^1' })
  await project.serve('d0@1.0.0', api, { web: '*' })
  await project.run('add', 'd1@^1', 'd0@^1')
  const by = async (...argv: string[]): Promise<[number, string]> => {
    const { exit, err } = await project.run('check', ...argv)
    return [exit, /path +(.*)/.exec(err)?.[1] ?? '']
  }
  expect(await by('--offline')).toEqual([8, 'web@1.0.0 → d0@1.0.0 → web@1.0.0'])
  declare({ d0: { range: '^1', lazy: true }, d1: '^1' })
  expect(await by('--offline')).toEqual([8, 'web@1.0.0 → d1@1.0.0 → d0@1.0.0 → web@1.0.0'])
  expect(await project.json('check', '--offline')).toMatchObject({
    exit: 8,
    document: { cycles: [['web@1.0.0', 'd1@1.0.0', 'd0@1.0.0', 'web@1.0.0']], error: { code: 'DS_CYCLE' } },
  })
  declare({ d1: '^1' })
  await project.run('install')
  expect(await by('--offline')).toEqual([0, ''])
  expect(await by()).toEqual([8, 'web@1.0.0 → d1@1.0.0 → d0@1.0.0 → web@1.0.0'])
})

it('check - a service of this package is no remote of it, and a version out of range closes no cycle', async () => {
  await project.serve('d1@1.0.0', api, { web: '^2' })
  await project.run('add', 'd1@^1')
  expect((await project.run('check', '--offline')).exit).toBe(0)
  await project.serve('web@1.0.0', api)
  await project.run('add', 'web@*')
  expect((await project.run('check', '--offline')).exit).toBe(0)
})

it('check - has nothing to say where nothing is declared', async () => {
  expect(await project.run('check')).toEqual({ exit: 0, out: '', err: '0 remotes\n' })
})

it('why - shows the way from this package, and the sources', async () => {
  await project.serve('d0@1.1.0', api)
  await project.serve('d1@1.4.2', api, { d0: '^1' })
  await project.run('add', 'd1@^1.4.0')
  project.write({ 'src/main.js': `import d1 from '#remote/d1'\nawait d1.ping()\n` })
  const { exit, out } = await project.run('why', 'd0')
  expect([exit, out]).toEqual([
    0,
    'd0@^1 ← d1@1.4.2 (relies on d0@^1) ← web (remoteDependencies d1@^1.4.0)\n  src/main.js:1  d1\n  src/main.js:2  d1.ping\n',
  ])
  expect((await project.run('why', 'd1')).out).toMatch(
    /^d1@1\.4\.2 ← web \(remoteDependencies d1@\^1\.4\.0\)\n/,
  )
  expect(await project.json('why', 'd0')).toMatchObject({
    exit: 0,
    document: {
      v: 1,
      name: 'd0',
      chains: [
        [
          { name: 'd0', version: null, range: '^1' },
          { name: 'd1', version: '1.4.2', range: '^1.4.0' },
        ],
      ],
    },
  })
  expect(await project.run('why', 'd00')).toMatchObject({
    exit: 3,
    err: expect.stringContaining('did you mean d0?'),
  })
})
