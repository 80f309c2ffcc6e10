import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { Programs } from '../support/programs.js'
import { CLI, documents } from '../support/shell.js'

const face = JSON.stringify(pathToFileURL(path.join(ROOT, 'dist/lib/index.js')).href)
const FILES = {
  'd1.mjs': 'export default { transform: (text) => text.toUpperCase() }',
  'd2.mjs': `import { dservice } from ${face}
const d2 = dservice('d2@1.0.0', { jsconf: () => d1.transform('rulez') })
const d1 = d2.rely('d1')
d2.on('state', (state) => console.log('d2 is ' + state))
await d2.start()`,
  'bad.mjs': 'throw new Error("bad file")',
  'five.mjs': 'export default 5',
  'once.cjs': 'console.log("one"); console.error("two")',
  'lives.mjs': 'setInterval(() => {}, 1e6); console.log("lives")',
}
let folder = ''
const file = (name: keyof typeof FILES): string => path.join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dservice-run-'))
  for (const [name, text] of Object.entries(FILES)) await writeFile(path.join(folder, name), text)
})
afterAll(() => rm(folder, { recursive: true }))

describe('run', () => {
  it('run - files find each other, and Ctrl-C stops them in order', async () => {
    await using programs = new Programs()
    const run = programs.start(CLI, 'run', file('d1.mjs'), file('d2.mjs'))
    await run.said(/^d2 \| d2 is ready$/)
    const call = programs.start(CLI, 'call', 'd2.jsconf', '--timeout', '30s')
    expect([await call.ended, call.lines]).toEqual([0, ['"RULEZ"']])
    run.kill('SIGINT')
    expect(await run.ended).toBe(130)
    expect(run.lines.slice(-2)).toEqual(['d2 | d2 is draining', 'd2 | d2 is stopped'])
  })

  it('run - SIGTERM that is obeyed is 0; each event is a line of JSON', async () => {
    await using programs = new Programs()
    const run = programs.start(CLI, 'run', file('d1.mjs'), file('lives.mjs'), '--json')
    await Promise.all([run.said(/"serving"/), run.said(/"text":"lives"/)])
    run.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    const events = documents(run.lines.join('\n'))
    expect(events.every(({ v }) => v === 1)).toBe(true)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'start', name: 'd1', file: file('d1.mjs') }),
    )
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'serving', service: 'd1', version: '0.0.0' }),
    )
    expect(events).toContainEqual({ v: 1, type: 'line', name: 'lives', stream: 'stdout', text: 'lives' })
    expect(events.filter(({ type, wanted }) => type === 'exit' && wanted === true)).toHaveLength(2)
  })

  it('run - a child that dies is reported, the others live on, and the end is 1', async () => {
    await using programs = new Programs()
    const run = programs.start(CLI, 'run', file('bad.mjs'), file('lives.mjs'), '--json')
    await run.said(/"exit","name":"bad","code":1/)
    await run.said(/"text":"Error: bad file"/)
    await run.said(/"lives"/)
    run.kill('SIGTERM')
    expect(await run.ended).toBe(1)
  })

  it('run - a file that ends by itself ends it with 0, and all that it wrote is told', async () => {
    await using programs = new Programs()
    const run = programs.start(CLI, 'run', file('once.cjs'), '--json')
    expect(await run.ended).toBe(0)
    const lines = documents(run.lines.join('\n')).filter(({ type }) => type === 'line')
    expect(new Map(lines.map(({ stream, text }) => [stream, text]))).toEqual(
      new Map([
        ['stdout', 'one'],
        ['stderr', 'two'],
      ]),
    )
  })

  it('run - a default export that is no api is refused', async () => {
    await using programs = new Programs()
    const run = programs.start(CLI, 'run', file('five.mjs'), '--json')
    expect(await run.ended).toBe(1)
    expect(run.lines.join('\n')).toContain('the default export is a number, no api')
  })

  it('run - its children end with it, also when it is killed', async () => {
    await using programs = new Programs()
    const run = programs.start(CLI, 'run', file('d1.mjs'), '--json')
    await run.said(/"serving"/)
    const [{ pid } = {}] = documents(run.lines.join('\n')).filter(({ type }) => type === 'start')
    const watch = programs.start(CLI, 'repl', '-e', GONE(Number(pid)))
    run.kill('SIGKILL')
    await run.ended
    expect([await watch.ended, watch.lines]).toEqual([0, ["'gone'"]])
  })
})

/** Code that resolves when a process is gone. */
const GONE = (pid: number): string => `new Promise((gone) => {
  const look = () => { try { process.kill(${pid}, 0); setTimeout(look, 20) } catch { gone('gone') } }
  look()
})`
