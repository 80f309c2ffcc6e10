import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { need } from '../support/need.js'
import { Programs } from '../support/programs.js'
import { CLI } from '../support/shell.js'
import { Terminal } from '../support/terminal.js'

const API = `export default {
  transform: (text) => text.toUpperCase(),
  fail() { throw new TypeError('no such user') },
  never() { console.log('waits'); return new Promise(() => {}) },
}`
const PROMPT = /dsv> $/
/** However slow the machine, what is there is found. */
const PATIENT = ['--timeout', '30s']

let folder = ''
let programs: Programs
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dservice-prompt-'))
  await writeFile(path.join(folder, 'api.mjs'), API)
  programs = new Programs()
})
afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Types a line, and answers what is drawn until the next prompt. */
async function enter(terminal: Terminal, line: string): Promise<string> {
  terminal.type(`${line}\r`)
  return (await terminal.until(PROMPT)).replace(PROMPT, '')
}

describe.skipIf(!need.terminal().ok)('the prompt on a terminal', () => {
  it('the prompt - calls, completes, leaves a call, tells errors once, and keeps its history', async () => {
    const service = programs.start(CLI, 'run', path.join(folder, 'api.mjs'), '--name', 'd1@1.4.2', '--json')
    await service.said(/"serving"/)
    const env = { DSERVICE_MESH: programs.mesh, XDG_STATE_HOME: folder }
    await using terminal = new Terminal(['repl', ...PATIENT], env)
    expect(await terminal.until(PROMPT)).toMatch(/dservice .* \d services? · \.help · Tab completes/)

    expect(await enter(terminal, 'd1.transform("a")')).toContain("'A'\n")
    expect(await enter(terminal, 'const { x } = { x: await d1.transform("b") }')).not.toContain('Promise')
    expect(await enter(terminal, 'x')).toContain("'B'\n")
    expect(await enter(terminal, ' "secret"')).toContain("'secret'")

    const failed = await enter(terminal, 'd1.fail()')
    expect(failed.match(/no such user/g)).toHaveLength(1)
    expect(failed).not.toMatch(/Uncaught|at REPL|async_id/)
    expect(await enter(terminal, '_error.name')).toContain("'TypeError'")
    expect(await enter(terminal, 'd1.nope()')).toContain('DS_NO_METHOD')
    expect(await enter(terminal, 'Nope')).toMatch(
      /^.*\nUncaught ReferenceError: Nope is not defined\n(?!.*node:)/,
    )

    terminal.type('d1.tra\t')
    await terminal.until(/d1\.transform/)
    expect(await enter(terminal, '("tab")')).toContain("'TAB'")

    terminal.type('d1.never()\r')
    await service.said(/waits/)
    terminal.type('\u0003')
    expect(await terminal.until(PROMPT)).toContain('interrupted')

    expect(await enter(terminal, '.ls')).toMatch(/d1 +1\.4\.2 +1 +● ready/)
    expect(await enter(terminal, '.graph')).toContain('d1@1.4.2  ✓ ready')
    expect(await enter(terminal, '.ls d1')).toContain('.ls does not take "d1"')
    const known = await enter(terminal, '.snapshot')
    for (const word of ["state: 'ready'", "name: 'd1'", 'lookups: [', 'failuresInRow: 0'])
      expect(known).toContain(word)
    const help = await enter(terminal, '.help')
    for (const word of [
      "svc['my-svc'].x()",
      'mesh',
      '.ls',
      '.graph',
      '.snapshot',
      'd1.transform("beep")',
      '.editor',
    ])
      expect(help).toContain(word)
    terminal.type('\u0004')
    expect(await terminal.ended).toBe(0)

    const file = path.join(folder, 'dservice', 'history')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const kept = await readFile(file, 'utf8')
    expect(kept).toContain('d1.transform("a")')
    expect(kept).not.toContain('secret')
  })

  it('the prompt - tells what a service says of a method, and completes what it takes', async () => {
    await using own = new Programs()
    await writeFile(
      path.join(folder, 'orders.mjs'),
      `import { method } from ${JSON.stringify(pathToFileURL(path.join(ROOT, 'dist/lib/index.js')).href)}
      const json = { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] }
      const validate = (value) => ({ value })
      const input = { '~standard': { version: 1, vendor: 'own', validate, jsonSchema: { input: () => json, output: () => json } } }
      export default { place: method((order) => order.total, { input, description: 'Places an order.' }) }`,
    )
    const service = own.start(CLI, 'run', path.join(folder, 'orders.mjs'), '--name', 'orders@1.4.2', '--json')
    await service.said(/"serving"/)
    const env = { DSERVICE_MESH: own.mesh, XDG_STATE_HOME: folder }
    await using terminal = new Terminal(['repl', ...PATIENT], env)
    await terminal.until(PROMPT)
    const docs = await enter(terminal, 'orders.place?')
    expect(docs).toMatch(
      /orders@1\.4\.2\n {2}place\(arg0\?: \{\n {4}total: number\n {2}\}\): unknown\n {4}Places an order\.\n/,
    )
    terminal.type('orders.place({ to\t')
    await terminal.until(/total: /)
    expect(await enter(terminal, '7 })')).toContain('7\n')
  })

  it('the prompt - a service that starts later is a global as soon as it is named', async () => {
    await using own = new Programs()
    const env = { DSERVICE_MESH: own.mesh, XDG_STATE_HOME: folder }
    await using terminal = new Terminal(['repl', ...PATIENT], env)
    expect(await terminal.until(PROMPT)).toContain('0 services')
    const service = own.start(CLI, 'run', path.join(folder, 'api.mjs'), '--name', 'late@1.0.0', '--json')
    await service.said(/"serving"/)
    expect(await enter(terminal, 'late.transform("x")')).toContain("'X'")
    expect(await enter(terminal, 'late')).toContain('RemoteService late@1.0.0 {')
  })

  it('the prompt - the demo offers it, kills d1 on demand, and leaves with Ctrl-D', async () => {
    await using terminal = new Terminal(['demo'], { XDG_STATE_HOME: folder })
    expect(await terminal.until(PROMPT)).toMatch(/healed in[\s\S]*\.kill/)
    expect(await enter(terminal, 'd1.transform("beep")')).toContain("'BOOP'")
    expect(await enter(terminal, '.kill')).toMatch(/kill -9 d1[\s\S]*healed in/)
    expect(await enter(terminal, 'd2.jsconf()')).toContain("'RULEZ'")
    expect(await enter(terminal, '.kill d2')).toMatch(/kill -9 d2[\s\S]*healed in/)
    expect(await enter(terminal, '.kill d3')).toContain('it takes d1 or d2')
    terminal.type('\u0004')
    expect(await terminal.ended).toBe(0)
  })

  it('the prompt - lines that are typed ahead are answered in their order, also after .kill', async () => {
    await using terminal = new Terminal(['demo'], { XDG_STATE_HOME: folder })
    await terminal.until(/demo on loopback/)
    terminal.type('d1.transform("ahead")\rd2.jsconf()\r.kill\rd1.transform("healed")\r')
    for (const line of [
      /dsv> d1\.transform\("ahead"\)\n'AHOOD'/,
      /dsv> d2\.jsconf\(\)\n'RULEZ'/,
      /dsv> \.kill\n +kill -9 d1[\s\S]*?healed in/,
      /dsv> d1\.transform\("healed"\)\n'HOOLED'/,
    ])
      expect(await terminal.until(line)).not.toContain('error')
  })

  it('the prompt - a service that it has not seen yet is waited for by every line that names it', async () => {
    await using own = new Programs()
    const env = { DSERVICE_MESH: own.mesh, XDG_STATE_HOME: folder }
    await using terminal = new Terminal(['repl', ...PATIENT], env)
    expect(await terminal.until(PROMPT)).toContain('0 services')
    terminal.type('late.transform("one")\rlate.transform("two")\r')
    await terminal.until(/late.*one/)
    own.start(CLI, 'run', path.join(folder, 'api.mjs'), '--name', 'late@1.0.0', '--json')
    expect(await terminal.until(/'ONE'/)).not.toContain('Uncaught')
    expect(await terminal.until(/'TWO'/)).not.toContain('Uncaught')
  })

  it('the prompt - a line that is typed ahead waits for the look that the one before it caused', async () => {
    const env = { DSERVICE_MESH: programs.mesh, XDG_STATE_HOME: folder }
    await using terminal = new Terminal(['repl'], env)
    await terminal.until(PROMPT)
    terminal.type('nobody.x()\r"then" + 1\r')
    expect(await terminal.until(/'then1'/)).toContain('nobody is not defined')
  })
})
