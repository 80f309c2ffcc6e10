/** A package that declares a remote, as real processes of it run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generate } from '../../lib/remotes/generate.js'
import { ROOT } from '../support/build.js'
import { Programs } from '../support/programs.js'

const PACKAGE = {
  name: 'app',
  imports: { '#remote/*': { types: './.dservice/*.d.mts', default: './.dservice/*.mjs' } },
  remoteDependencies: { d1: { range: '^1', timeout: '20s' } },
}

const FILES = {
  'd1/d1.mjs': `import { dservice } from 'dservice'
    const d1 = dservice('d1@1.2.0', { transform: (s) => s.toUpperCase() })
    await d1.start()
    console.log('d1 is ready')`,
  'app/imported.mjs': `import d1 from '#remote/d1'
    console.log(await d1.transform('beep'))`,
  'app/required.cjs': `const d1 = require('#remote/d1')
    d1.transform('boop').then(console.log)`,
  'app/idle.mjs': `import d1 from '#remote/d1'
    console.log(typeof d1.transform)`,
  'app/tested.mjs': `import { mockRemote } from 'dservice/testing'
    import d1 from '#remote/d1'
    mockRemote('d1', { transform: (s) => s + ' from a mock' })
    console.log(await d1.transform('beep'))`,
  'app/drained.mjs': `import { dservice } from 'dservice'
    import { mockRemote } from 'dservice/testing'
    const mock = mockRemote('d1', { slow: () => new Promise((resolve) => setTimeout(resolve, 300).unref()) })
    const d1 = await dservice({ engine: 'memory:' }).dnodeFor('d1', '*', { timeout: 50 })
    await d1.slow().catch(({ code }) => console.log(code))
    await mock[Symbol.asyncDispose]()
    console.log('end')`,
  'app/d2.mjs': `import { dservice } from 'dservice'
    const d2 = dservice('d2@1.0.0', { ping: () => 'pong' })
    d2.on('state', (state) => console.log(state, JSON.stringify(d2.snapshot().edges)))
    await d2.start()
    await d2.stop()`,
} as const

let folder: string
const programs = new Programs()
const file = (name: keyof typeof FILES): string => path.join(folder, name)

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dservice-declared-')))
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(ROOT, path.join(folder, 'node_modules', 'dservice'))
  for (const name of ['app', 'd1']) mkdirSync(path.join(folder, name))
  writeFileSync(path.join(folder, 'app', 'package.json'), JSON.stringify(PACKAGE))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(folder, name), text)
  const remotes = [{ name: 'd1', range: '^1', optional: false, lazy: false, timeout: 20_000 }]
  generate({
    folder: path.join(folder, 'app'),
    manifest: { remotes },
    lock: { lockfileVersion: 1, remotes: {} },
  })
})

afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

it('declared - a process that only imports a remote, or mocks it, ends by itself', async () => {
  const idle = programs.start(file('app/idle.mjs'))
  expect([await idle.ended, idle.lines]).toEqual([0, ['function']])
  const tested = programs.start(file('app/tested.mjs'))
  expect([await tested.ended, tested.lines]).toEqual([0, ['beep from a mock']])
  // what still runs in a mock is waited for by whoever waits for its end
  const drained = programs.start(file('app/drained.mjs'))
  expect([await drained.ended, drained.lines]).toEqual([0, ['DS_TIMEOUT', 'end']])
})

it('declared - a service of the package waits for what is declared; a module and a CommonJS program call it', async () => {
  const d2 = programs.start(file('app/d2.mjs'))
  const waiting = await d2.said(/^waiting/)
  expect(JSON.parse(waiting.slice('waiting '.length))).toEqual([
    { name: 'd1', range: '^1', optional: false, lazy: false, met: false, declaredIn: 'package.json' },
  ])
  await programs.start(file('d1/d1.mjs')).said(/ready/)
  expect(await d2.said(/^ready/)).toContain('"met":true')
  expect(await d2.ended).toBe(0)
  for (const [name, says] of [
    ['app/imported.mjs', 'BEEP'],
    ['app/required.cjs', 'BOOP'],
  ] as const) {
    const program = programs.start(file(name))
    expect([await program.ended, program.lines]).toEqual([0, [says]])
  }
})

it('declared - an error in the package.json ends the start of everything, with its place', () => {
  const json =
    '{\n  "imports": { "#remote/*": "./.dservice/*.mjs" },\n  "remoteDependencies": { "d1": "one" }\n}'
  writeFileSync(path.join(folder, 'app', 'package.json'), json)
  for (const name of ['app/d2.mjs', 'app/required.cjs'] as const) {
    const { status, stderr } = spawnSync(process.execPath, [file(name)], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toContain(`${path.join(folder, 'app', 'package.json')}:3:33: "one" is no semver range`)
  }
})
