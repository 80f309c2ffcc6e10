/** The commands of a project on real processes: many remotes at once, and commands that are ended in the middle. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { Programs } from '../support/programs.js'
import { CLI, documents, dserviceCommand, type Ran } from '../support/shell.js'

const PRESENT = 40
const ABSENT = 10
/** Milliseconds that a check of all of them may take. A machine that is busy with other things adds to it. */
const LONGEST = 9_000

const names = Array.from({ length: PRESENT }, (_, i) => `d${i}`)
const absent = Array.from({ length: ABSENT }, (_, i) => `nobody${i}`)

let programs: Programs
let scripts = ''
let folder = ''

beforeAll(async () => {
  scripts = mkdtempSync(path.join(tmpdir(), 'dservice-many-'))
  const entry = JSON.stringify(path.join(ROOT, 'dist/lib/index.js'))
  writeFileSync(
    path.join(scripts, 'many.mjs'),
    `import { dservice } from ${entry}
    const services = ${JSON.stringify(names)}.map((name) => dservice(name + '@1.0.0', { ping: () => name, pong: () => name }))
    await Promise.all(services.map((service) => service.start()))
    console.log('all are ready')`,
  )
  programs = new Programs()
  await programs.start(path.join(scripts, 'many.mjs')).said(/all are ready/)
})

afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  rmSync(scripts, { recursive: true })
})

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dservice-cut-'))
  declare([])
})

afterEach(() => rmSync(folder, { recursive: true }))

function declare(remotes: readonly string[]): void {
  const remoteDependencies = Object.fromEntries(remotes.map((name) => [name, '^1']))
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'web', remoteDependencies }, null, 2),
  )
}

const command = (...args: string[]): Promise<Ran> =>
  dserviceCommand([...args, '--cwd', folder], { env: { DSERVICE_MESH: programs.mesh } })

it('check - of 50 remotes 10 are absent: they are decided at once, not one after the other', async () => {
  declare(names)
  expect(await command('install')).toMatchObject({ exit: 0 })
  declare([...names, ...absent])
  const began = performance.now()
  const { exit, out } = await command('check', '--json')
  const took = performance.now() - began
  console.log(`check of ${PRESENT} remotes and ${ABSENT} absent ones: ${Math.round(took)} ms`)
  const [document] = documents(out) as { remotes: { verdict: string }[]; patience: number }[]
  const verdicts = document?.remotes.map(({ verdict }) => verdict) ?? []
  expect(verdicts.filter((verdict) => verdict === 'fits')).toHaveLength(PRESENT)
  expect(verdicts.filter((verdict) => verdict === 'absent')).toHaveLength(ABSENT)
  expect([exit, document?.patience]).toEqual([8, 1_000])
  expect(took).toBeLessThan(LONGEST)
})

/** Starts a command, and ends it by a signal as soon as `when` says so. Answers its exit code. */
async function cutShort(
  args: readonly string[],
  signal: NodeJS.Signals,
  when: (child: ChildProcess, cut: () => void) => void,
): Promise<number | null> {
  const child = spawn(process.execPath, [CLI, ...args, '--cwd', folder], {
    env: { ...process.env, DSERVICE_MESH: programs.mesh },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  when(child, () => void child.kill(signal))
  return ended
}

const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8')

it('Ctrl-C - while remotes are looked for: nothing was written, and it ends at once', async () => {
  const before = read('package.json')
  // it listens, and says nothing
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const args = ['add', 'd0', '--timeout', '30s', '--engine', `static:d0=127.0.0.1:${port}`]
  const exit = await cutShort(args, 'SIGINT', (_child, cut) => void silent.once('connection', cut))
  silent.close()
  expect(exit).toBe(130)
  expect([files(), read('package.json')]).toEqual([['package.json'], before])
})

it.each<[NodeJS.Signals, string]>([
  ['SIGKILL', 'package.json'],
  ['SIGKILL', 'dservice-lock.json'],
  ['SIGTERM', 'package.json'],
  ['SIGINT', 'package.json'],
])(
  '%s - when %s is written: each file is whole, and the next run leaves nothing behind',
  async (signal, file) => {
    const watcher = { close: (): void => undefined }
    await cutShort(['add', ...names], signal, (_child, cut) => {
      const found = watch(folder, (_event, name) => {
        // its own name, or the one that it has while it is made
        if (!name?.includes(file)) return
        found.close()
        cut()
      })
      watcher.close = () => found.close()
    })
    watcher.close()
    const whole = files().filter((file) => !file.endsWith('.dservice-tmp'))
    for (const file of whole.filter((name) => name.endsWith('.json'))) JSON.parse(read(file))
    for (const file of whole.filter((name) => name.endsWith('s')))
      expect(read(file)).toMatch(/^\/\/ Generated[^]*\n$/)
    const { exit } = await command('add', ...names)
    expect(exit).toBe(0)
    expect(files().filter((file) => file.endsWith('.dservice-tmp'))).toEqual([])
    expect((await command('check')).exit).toBe(0)
    expect((await command('types', '--check')).exit).toBe(0)
  },
)

it('a place where nothing can be written - is told, and nothing is lost', async () => {
  mkdirSync(path.join(folder, 'dservice-lock.json'))
  const before = read('package.json')
  const { exit, err } = await command('add', 'd0')
  expect([exit, err]).toEqual([2, expect.stringContaining('dservice-lock.json')])
  expect([files(), read('package.json')]).toEqual([['package.json'], before])
})
