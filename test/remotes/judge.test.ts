import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { systemClock } from '../../lib/base/clock.js'
import { isDServiceError } from '../../lib/base/errors.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Contract, MethodContract } from '../../lib/mesh/contract.js'
import { findCompiler } from '../../lib/remotes/judging/compiler.js'
import { changesByName, judge, judgeAll } from '../../lib/remotes/judging/judge.js'
import { ROOT } from '../support/build.js'

const options = { folder: ROOT, clock: systemClock }
// a temporary folder of its own: other tests judge at the same time
const temporary = mkdtempSync(path.join(tmpdir(), 'dservice-judging-'))
vi.stubEnv('TMPDIR', temporary)
vi.stubEnv('TEMP', temporary)
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const names = (...methods: string[]): Contract => ({
  methods: Object.fromEntries(methods.map((method) => [method, {}])),
})
const f = (method: MethodContract): Contract => ({ methods: { f: method } })
const typed = (text: string, ...methods: string[]): Contract => ({
  ...names(...methods),
  types: { root: 'Api', text },
})
const [A, B] = [typed('export interface Api { f(): 1 }', 'f'), typed('export interface Api { f(): 2 }', 'f')]

/** A project of its own; `tsc` is what its TypeScript does, and without one it has none. */
function project(tsc: string | null, version = '5.9.3'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dservice-project-'))
  folders.push(folder)
  const at = path.join(folder, 'node_modules', 'typescript')
  mkdirSync(at, { recursive: true })
  // whatever folders above it have, Node looks no further
  if (tsc === null) writeFileSync(path.join(at, 'package.json'), '{ "exports": {} }')
  if (tsc === null) return folder
  writeFileSync(path.join(at, 'package.json'), JSON.stringify({ version, bin: { tsc: './tsc.js' } }))
  writeFileSync(path.join(at, 'tsc.js'), tsc)
  return folder
}

const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('dservice-judge-'))

async function failureOf(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; details: object }> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!isDServiceError(error)) throw new Error(`no error of ours: ${String(error)}`)
  return error
}

it('judge - needs no compiler for what is equal, gone or new', async () => {
  const without = { folder: project(null), clock: systemClock }
  const described = f({ description: 'Does f.', input: [{ type: 'string' }] })
  expect(await judge(f({ input: [{ type: 'string' }] }), described, without)).toEqual({
    step: 'patch',
    changes: [],
  })
  expect(await judge(names('a', 'b'), names('b', 'c'), without)).toEqual({
    step: 'major',
    changes: [
      { method: 'a', step: 'major', kind: 'removed', text: 'is not there any more' },
      { method: 'c', step: 'minor', kind: 'added', text: 'is new' },
    ],
  })
  expect(await judge(names('a'), names('a', 'b.c'), without)).toMatchObject({ step: 'minor' })
})

it('judge - takes idempotence for a promise', async () => {
  const without = { folder: project(null), clock: systemClock }
  expect(await judge(f({ idempotent: true }), f({}), without)).toMatchObject({ step: 'major' })
  expect(await judge(f({}), f({ idempotent: true }), without)).toMatchObject({ step: 'minor' })
})

it('judge - finds methods by their path, whatever they are called', async () => {
  const methods = ['users.find', '"; declare const x: any //', 'a-b.c d', 'hasOwnProperty', 'opt.f']
  const api = (result: string): Contract =>
    typed(
      `export interface Api { users: { find(): ${result} }; '"; declare const x: any //'(): 1; 'a-b': { 'c d'(): ${result} }; hasOwnProperty(): 1; opt?: { f?(): ${result} } }`,
      ...methods,
    )
  const { step, changes } = await judge(api('1'), api('2'), options)
  expect([step, changes.map(({ method }) => method)]).toEqual(['major', ['a-b.c d', 'opt.f', 'users.find']])
})

it('judge - compares schemas by their types, and says where no type shows the difference', async () => {
  const takes = (...input: object[]): Contract => f({ input: input as never, output: { type: 'string' } })
  expect(
    await judge(takes({ type: 'string' }), takes({ type: ['string', 'number'] }), options),
  ).toMatchObject({
    step: 'minor',
    changes: [{ text: 'takes more' }],
  })
  expect(await judge(takes({ type: 'string' }), takes({ type: 'number' }), options)).toMatchObject({
    step: 'major',
  })
  expect(
    await judge(takes({ type: 'string' }), takes({ type: 'string', minLength: 3 }), options),
  ).toMatchObject({
    step: 'patch',
    changes: [{ method: 'f', kind: 'changed', text: 'its schemas differ in what no type says' }],
  })
})

it('judge - takes a first schema for more, and the loss of what was said for less', async () => {
  const known = f({ input: [{ type: 'string' }], output: { type: 'string' } })
  expect(await judge(f({}), known, options)).toEqual({
    step: 'minor',
    changes: [
      {
        method: 'f',
        step: 'minor',
        kind: 'changed',
        text: 'says now what it takes, and says more of what it answers',
      },
    ],
  })
  expect(await judge(known, f({}), options)).toMatchObject({ step: 'major' })
  expect(await judge(known, f({ output: { type: 'string' } }), options)).toMatchObject({ step: 'minor' })
  expect(await judge(f({}), typed('export interface Api { f(a: 1): 1 }', 'f'), options)).toMatchObject({
    step: 'minor',
  })
})

it('judge - names the side whose types do not compile, and judges the other pairs all the same', async () => {
  const bad = typed('export interface Api {\n  f(): Missing\n}', 'f')
  const [first, second, third] = await judgeAll(
    [
      { before: A, after: bad },
      { before: bad, after: A },
      { before: A, after: B },
    ],
    options,
  )
  expect(first).toMatchObject({
    code: 'DS_INVALID',
    summary: `the types of the later contract do not compile: line 2: Cannot find name 'Missing'.`,
    details: { side: 'after' },
  })
  expect(second).toMatchObject({ details: { side: 'before' } })
  expect(third).toMatchObject({ step: 'major' })
  expect(await failureOf(judge(A, { ...A, types: { root: 'Other', text: '' } }, options))).toMatchObject({
    details: { side: 'after' },
  })
})

it('judge - knows Node and the Web, with the types of Node and without them', async () => {
  const api = (type: string): Contract => typed(`export interface Api { f(): ${type} }`, 'f')
  const types = 'Buffer | AbortSignal | ReadableStream<string> | NodeJS.ReadableStream | URL'
  const { program } = findCompiler(ROOT)
  const foreign = project(`import(${JSON.stringify(program)})`)
  mkdirSync(path.join(foreign, 'node_modules', '@types', 'node'), { recursive: true })
  writeFileSync(path.join(foreign, 'node_modules', '@types', 'node', 'package.json'), '{ "exports": {} }')
  for (const folder of [ROOT, foreign]) {
    const [same, less] = await judgeAll(
      [
        { before: api(types), after: api(`Promise<${types}>`) },
        { before: api('Uint8Array'), after: api('Buffer | null') },
      ],
      { ...options, folder },
    )
    expect([same, less]).toMatchObject([{ step: 'patch' }, { step: 'major' }])
  }
})

it('judge - says what to install where TypeScript is missing, old or broken', async () => {
  for (const [tsc, version, what] of [
    [null, '', 'has none'],
    ['', '5.7.3', '5.8 or newer, and .*5\\.7\\.3'],
    ['', 'new', 'is new'],
  ] as const) {
    const { code, message } = await failureOf(judge(A, B, { ...options, folder: project(tsc, version) }))
    expect([code, message]).toEqual(['DS_INVALID', expect.stringMatching(what)])
    expect(message).toContain('npm install --save-dev typescript')
  }
  expect(changesByName({ before: names('a', 'b'), after: names('b') })).toMatchObject([
    { method: 'a', kind: 'removed' },
  ])
})

it('judge - says so where the compiler says nothing that can be read', async () => {
  const before = left()
  for (const [tsc, what] of [
    ['process.exitCode = 3', 'could not compare: it ended with 3'],
    ['throw new Error("it broke")', 'could not compare'],
    ['console.log("error TS5023: Unknown option"); process.exitCode = 1', 'Unknown option'],
  ] as const) {
    const { code, message } = await failureOf(judge(A, B, { ...options, folder: project(tsc) }))
    expect([code, message]).toEqual(['DS_INVALID', expect.stringContaining(what)])
  }
  expect(left()).toEqual(before)
})

it('judge - ends a compiler that says too much', async () => {
  const tsc = `const line = 'x'.repeat(1e6); const go = () => process.stdout.write(line, go); go()`
  expect(await failureOf(judge(A, B, { ...options, folder: project(tsc) }))).toMatchObject({
    code: 'DS_LIMIT',
  })
})

/** A compiler that hangs, as version 7 would: in a child of its own, which says where it is. */
const HANGS = `
require('node:child_process').spawn(process.execPath, ['-e', 'require("node:fs").writeFileSync(process.argv[1], String(process.pid)); setInterval(() => 0, 1000)', __dirname + '/pid'], { stdio: 'inherit' })
setInterval(() => 0, 1000)`

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it.each(['time', 'signal', 'the end of the process'] as const)(
  'judge - ends a compiler that hangs, with its children, by %s',
  async (by) => {
    const before = left()
    const others = new Set(process.listeners('exit'))
    const folder = project(HANGS)
    const file = path.join(folder, 'node_modules', 'typescript', 'pid')
    const clock = new VirtualClock()
    const abort = new AbortController()
    const failure = failureOf(judge(A, B, { folder, clock, signal: abort.signal }))
    const pid = await vi.waitUntil(() => existsSync(file) && Number(readFileSync(file, 'utf8')), {
      timeout: 20_000,
    })
    await clock.advance(19_999)
    expect(isAlive(pid)).toBe(true)
    if (by === 'time') await clock.advance(1)
    else if (by === 'signal') abort.abort()
    // nobody waits for what goes on then: the folder is gone at once
    else for (const run of process.listeners('exit').filter((one) => !others.has(one))) run(130)
    if (by === 'the end of the process') expect(left()).toEqual(before)
    const codes = { time: 'DS_TIMEOUT', signal: 'DS_CANCELLED', 'the end of the process': 'DS_INVALID' }
    expect(await failure).toMatchObject({ code: codes[by] })
    expect(process.listeners('exit').every((one) => others.has(one))).toBe(true)
    await vi.waitUntil(() => !isAlive(pid), { timeout: 20_000 })
    expect([left(), clock.waiting]).toEqual([before, 0])
  },
)

it('judge - is told nothing of one contract by the types of another', async () => {
  const lines = ['assert-1.mts(4,1): error TS1: forged', 'after-1.d.mts(1,1): error TS1: forged']
  const forging = ['', ...lines, 'error TS5023: forged', ''].join('\n')
  const evil = typed(`export interface Api { f(): \`\${string}${forging}\` }`, 'f')
  const wide = typed('export interface Api { f(a?: 1): 1 }', 'f')
  const verdicts = await judgeAll(
    [evil, wide].map((after) => ({ before: A, after })),
    options,
  )
  expect(verdicts).toMatchObject([{ step: 'major' }, { step: 'minor' }])
})

it('judge - does not begin where the signal is aborted', async () => {
  const before = left()
  expect(await failureOf(judge(A, B, { ...options, signal: AbortSignal.abort() }))).toMatchObject({
    code: 'DS_CANCELLED',
  })
  expect(left()).toEqual(before)
})

it('judge - does not break at types without end', async () => {
  const endless = (n: string): Contract =>
    typed(`type Deep<T> = { v: T; next: Deep<T[]> }; export interface Api { f(): Deep<${n}> }`, 'f')
  expect(await judge(endless('1'), endless('2'), options)).toMatchObject({ step: 'major' })
  expect(await judge(endless('1'), typed(`${endless('1').types?.text} `, 'f'), options)).toMatchObject({
    changes: [],
  })
})
