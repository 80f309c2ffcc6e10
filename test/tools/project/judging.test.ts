/** `dservice diff` and `dservice publish-check`, beside services of a mesh in memory. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { dservice, method, type DService } from '../../../lib/index.js'
import { admits } from '../../../lib/tools/project/publish-check.js'
import { ROOT } from '../../support/build.js'
import { runCli, type Written } from '../../support/cli.js'

const where = { engine: 'memory:', mesh: 'judging' }
const f = (input: z.ZodType): object => ({
  f: method((a: unknown) => String(a), { input: [input], output: z.string() }),
  g: () => 1,
})
const running: DService[] = []
let folder: string

const serve = async (nameAt: string, api: object): Promise<void> => {
  const service = dservice(nameAt, api, where) as DService
  await service.start()
  running.push(service)
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'dservice-judging-'))
  mkdirSync(path.join(folder, 'node_modules'))
  // the project's own TypeScript, through a door
  const typescript = path.join(folder, 'node_modules', 'typescript')
  mkdirSync(typescript)
  const { version } = JSON.parse(readFileSync(`${ROOT}/node_modules/typescript/package.json`, 'utf8')) as {
    version: string
  }
  writeFileSync(path.join(typescript, 'package.json'), JSON.stringify({ version, bin: { tsc: './tsc.cjs' } }))
  writeFileSync(
    path.join(typescript, 'tsc.cjs'),
    `import(${JSON.stringify(`${ROOT}/node_modules/typescript/bin/tsc`)})`,
  )
  await serve('d1@1.0.0', f(z.string()))
  await serve('d1@1.1.0', f(z.union([z.string(), z.number()])))
  await serve('d1@1.1.1', f(z.number()))
  await serve('d1@2.0.0', { g: () => 1 })
  await serve('d1@2.1.0-rc.1', { g: () => 1, h: () => 1 })
})

afterAll(async () => {
  await Promise.all(running.map((service) => service.stop()))
  rmSync(folder, { recursive: true, force: true })
})

const run = (...argv: string[]): Promise<Written & { exit: number }> =>
  runCli([...argv, '--engine', where.engine, '--mesh', where.mesh, '--timeout', '100ms', '--cwd', folder])

async function json(...argv: string[]): Promise<[number, unknown]> {
  const { exit, out, err } = await run(...argv, '--json')
  expect(err).toBe('')
  return [exit, JSON.parse(out)]
}

it('diff - says method by method what differs, and ends with 1 where callers break', async () => {
  const gone = await run('diff', 'd1@1.0.0', 'd1@2.0.0')
  expect(gone.exit).toBe(1)
  expect(gone.out).toBe('- f  major  is not there any more\nmajor: 1 method cannot be called as before\n')
  expect(gone.err).toContain('d1@1.0.0 → d1@2.0.0')
  expect(await json('diff', 'd1@1.0.0', 'd1@1.1.0')).toEqual([
    0,
    {
      v: 1,
      before: { name: 'd1', version: '1.0.0', from: 'd1@1.0.0' },
      after: { name: 'd1', version: '1.1.0', from: 'd1@1.1.0' },
      step: 'minor',
      changes: [{ method: 'f', step: 'minor', kind: 'changed', text: 'takes more' }],
    },
  ])
  expect((await run('diff', 'd1@~1.0', 'd1@1.1.1')).out).toMatch(
    /^~ f {2}major {2}takes other arguments: .*\nmajor: /,
  )
  expect((await run('diff', 'd1@1.0.0', 'd1@1.0.0')).out).toBe('patch: callers can go on as they are\n')
})

it('diff - says where there is nothing to compare', async () => {
  expect(await json('diff', 'd1@1.0.0', 'd1@3')).toMatchObject([
    3,
    { v: 1, error: { code: 'DS_NO_INSTANCE' } },
  ])
  expect(await json('diff', 'd1@1.0.0', './none.json')).toMatchObject([2, { error: { code: 'DS_INVALID' } }])
  for (const text of [
    '',
    'null',
    '[]',
    '{"methods":1}',
    '{"contract":{},"name":"../x","version":"1"}',
    '{"methods":{"__proto__.x":{}}}',
  ]) {
    writeFileSync(path.join(folder, 'bad.json'), text)
    const [exit, document] = await json('diff', './bad.json', './bad.json')
    expect([exit, document]).toMatchObject([
      2,
      { error: { message: expect.stringContaining('bad.json holds no contract') as string } },
    ])
  }
})

it('publish-check - admits what the version says, against the highest lower release', async () => {
  expect(await run('publish-check', 'd1@1.1.0')).toMatchObject({
    exit: 0,
    out: expect.stringContaining('may be published') as string,
  })
  expect(await json('publish-check', 'd1@1.1.1')).toMatchObject([
    1,
    {
      name: 'd1',
      version: '1.1.1',
      against: '1.1.0',
      admits: 'patch',
      ok: false,
      step: 'major',
      next: '2.0.0',
    },
  ])
  expect((await run('publish-check', 'd1@1.1.1')).out).toContain('publish it as 2.0.0, not as 1.1.1')
  expect(await json('publish-check', 'd1@2.1.0-rc.1')).toMatchObject([
    0,
    { against: '2.0.0', admits: 'minor', step: 'minor' },
  ])
})

it('publish-check - ends with 3 where nothing is live to compare with, or the version itself is not', async () => {
  expect(await json('publish-check', 'd1@1.0.0')).toMatchObject([
    3,
    { error: { hint: expect.stringContaining('--against') as string } },
  ])
  expect(await json('publish-check', 'd1@1.0.1')).toMatchObject([
    3,
    { error: { code: 'DS_NO_INSTANCE', hint: expect.stringContaining('--module') as string } },
  ])
  expect((await run('publish-check')).exit).toBe(2)
})

it('publish-check - saves a contract and compares with it, of a module and its types too', async () => {
  expect(await run('publish-check', 'd1@1.0.0', '--save', 'contract.json')).toMatchObject({
    exit: 0,
    out: '',
  })
  expect(await json('publish-check', 'd1@1.1.1', '--against', 'contract.json')).toMatchObject([
    1,
    { against: '1.0.0', step: 'major' },
  ])
  expect(
    await json('publish-check', 'd1@0.9.0', '--against', './contract.json', '--module', 'x.mjs'),
  ).toMatchObject([
    2,
    { error: { message: expect.stringContaining('--module x.mjs cannot be loaded') as string } },
  ])
  writeFileSync(path.join(folder, 'x.mjs'), 'export default { f: (a) => `${a}`, g: () => 1 }')
  writeFileSync(path.join(folder, 'api.d.ts'), 'export interface Api { f(a: string): string; g(): number }')
  const manifest = { name: 'd1', version: '1.0.1', dservice: { types: { d1: './api.d.ts#Api' } } }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  expect(await json('publish-check', '--module', 'x.mjs', '--against', './contract.json')).toMatchObject([
    1,
    {
      version: '1.0.1',
      step: 'minor',
      admits: 'patch',
      next: '1.1.0',
      changes: [
        { method: 'f', step: 'patch' },
        { method: 'g', step: 'minor' },
      ],
    },
  ])
  expect(
    await json('publish-check', 'd1@0.9.0', '--module', 'x.mjs', '--against', './contract.json'),
  ).toMatchObject([2, {}])
  expect(
    await json('publish-check', 'd2@1.0.0', '--module', 'x.mjs', '--against', './contract.json'),
  ).toMatchObject([2, {}])
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

it.each([
  ['1.2.3', '1.2.4', 'patch'],
  ['1.2.3', '1.3.0', 'minor'],
  ['1.2.3', '2.0.0', 'major'],
  ['0.2.3', '0.2.4', 'minor'],
  ['0.2.3', '0.3.0', 'major'],
  ['0.0.1', '0.0.2', 'major'],
  ['0.9.0', '1.0.0', 'major'],
  ['1.2.3', '1.3.0-rc.1', 'minor'],
  ['1.2.3', '1.2.3', 'patch'],
  ['1.3.0-rc.1', '1.3.0', 'patch'],
])('publish-check - from %s to %s at most %s', (from, to, most) => {
  expect(admits(from, to)).toBe(most)
})
