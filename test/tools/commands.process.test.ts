import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownMesh, Programs, type Program } from '../support/programs.js'
import { CLI, documents, dserviceCommand, type Given, type Ran } from '../support/shell.js'

const API = `export default {
  transform: (text) => text.toUpperCase(),
  echo: (...args) => args,
  fail() { throw Object.assign(new TypeError('no such user'), { code: 'E_USER' }) },
  nothing: () => undefined,
  never(who) {
    console.log(who + ' waits')
    return new Promise(() => {})
  },
  old(text, cb) { cb(null, 'old ' + text) },
  users: { find: (id) => ({ id }) },
}`

/** For what is there: however slow the machine, it is found. */
const PATIENT = ['--timeout', '30s']
const LOOK = ['--timeout', '1500ms']

const mesh = ownMesh()
let folder = ''
let programs: Programs
let running: Program

/** Runs a command in the mesh of this file. */
const command = (args: readonly string[], given: Given = {}): Promise<Ran> =>
  dserviceCommand(args, { ...given, env: { DSERVICE_MESH: mesh, ...given.env } })

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dservice-cli-'))
  await writeFile(path.join(folder, 'api.mjs'), API)
  await writeFile(path.join(folder, 'args.json'), '{ "from": "file" }')
  programs = new Programs(mesh)
  running = programs.start(CLI, 'run', path.join(folder, 'api.mjs'), '--name', 'd1@1.4.2', '--json')
  await running.said(/"type":"serving"/)
})

afterAll(async () => {
  running.kill('SIGTERM')
  expect(await running.ended).toBe(0)
  await programs[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

describe('commands', () => {
  it('commands - ls lists what is there, in text and as one document', async () => {
    const text = await command(['ls', ...LOOK])
    expect([text.exit, text.out.split('\n')[0]]).toEqual([0, expect.stringMatching(/^NAME +VERSION/)])
    expect(text.out).toMatch(/^d1 +1\.4\.2 +1 +● ready +- +transform/m)
    expect(text.err).toContain(`1 service, 1 instance · mesh "${mesh}" · mdns:`)
    const json = await command(['ls', 'd1@^1', '--json', ...LOOK])
    expect(json.err).toBe('')
    expect(documents(json.out)).toMatchObject([
      { v: 1, mesh, instances: [{ name: 'd1', version: '1.4.2', state: 'ready', described: true }] },
    ])
  })

  it('commands - ls of a range that nobody is in says who is there', async () => {
    const { exit, out } = await command(['ls', 'd1@^2', '--json', ...LOOK])
    expect(exit).toBe(3)
    expect(documents(out)).toMatchObject([{ instances: [], error: { exit: 3, known: ['d1@1.4.2'] } }])
  })

  it('commands - graph draws it in every format', async () => {
    const formats = [[], ['--mermaid'], ['--dot'], ['--json']]
    const drawn = await Promise.all(formats.map((format) => command(['graph', ...format, ...LOOK])))
    const [text, mermaid, dot, json] = drawn.map(({ out }) => out)
    expect(text).toBe('d1@1.4.2  ✓ ready\n')
    expect(mermaid).toContain('n0["d1@1.4.2"]')
    expect(dot).toContain('"d1@1.4.2"')
    const [document] = documents(json ?? '')
    expect(document).toMatchObject({ v: 1, nodes: [{ node: 'd1@1.4.2' }], edges: [], cycles: [] })
  })

  it.each<[string[], unknown]>([
    [['d1.transform', 'beep'], 'BEEP'],
    [['d1@^1.4.transform', 'beep'], 'BEEP'],
    [['d1:users.find', '7'], { id: 7 }],
    [['d1.nothing'], null],
    [['d1.old', 'x', '--callback'], 'old x'],
    [
      ['d1.echo', 'a=1', '-5', '[1]', '@args.json', 'b=x'],
      [{ a: 1, b: 'x' }, -5, [1], { from: 'file' }],
    ],
  ])('commands - call %j answers', async (args, value) => {
    const { exit, out } = await command(['call', ...args, '--json', ...PATIENT], { cwd: folder })
    expect([exit, documents(out)]).toEqual([0, [{ v: 1, value }]])
  })

  it('commands - call reads stdin, and prints what can be piped on', async () => {
    const { exit, out } = await command(['call', 'd1.echo', '-', ...PATIENT], { stdin: '{ "a": [1] }' })
    expect([exit, JSON.parse(out)]).toEqual([0, [{ a: [1] }]])
  })

  it.each<[string[], number, string]>([
    [['d1.fail', ...PATIENT], 1, 'E_USER'],
    [['d1.old', 'x', ...PATIENT], 1, 'TypeError'],
    [['d1.trasnform', 'x', ...PATIENT], 3, 'DS_NO_METHOD'],
    [['d1.hasOwnProperty', 'x', ...PATIENT], 3, 'DS_NO_METHOD'],
    [['d1.then', ...PATIENT], 3, 'DS_NO_METHOD'],
    [['d1@^2.transform', 'x', ...LOOK], 3, 'DS_NO_INSTANCE'],
    [['nobody.x'], 3, 'DS_NO_INSTANCE'],
    [['d1.never', '--timeout', '3s'], 4, 'DS_TIMEOUT'],
    [['d1.never', '--callback', '--timeout', '3s'], 4, 'DS_TIMEOUT'],
    [['d1.hasOwnProperty', 'x', '--callback', ...PATIENT], 3, 'DS_NO_METHOD'],
  ])('commands - call %j ends with %i, whatever the format', async (args, exit, code) => {
    const [json, text] = await Promise.all([command(['call', ...args, '--json']), command(['call', ...args])])
    expect([json.exit, json.err]).toEqual([exit, ''])
    expect(documents(json.out)).toMatchObject([{ v: 1, error: { code, exit } }])
    expect([text.exit, text.out]).toEqual([exit, ''])
    expect(text.err).toContain(code)
  })

  it('commands - an address where nobody listens is 5', async () => {
    const env = { DSERVICE_ENGINE: 'static:d9=127.0.0.1:1' }
    const called = await command(['call', 'd9.x', '--json'], { env })
    expect([called.exit, documents(called.out)]).toMatchObject([5, [{ error: { code: 'DS_UNREACHABLE' } }]])
    const listed = await command(['ls', '--json'], { env })
    expect([listed.exit, documents(listed.out)]).toMatchObject([5, [{ unreachable: [{ name: 'd9' }] }]])
  })

  it('commands - a wrong call says what would be right', async () => {
    expect((await command(['call', 'd1.trasnform', 'x', ...PATIENT])).err).toContain(
      'did you mean transform?',
    )
    expect((await command(['call', 'd1.old', 'x', ...PATIENT])).err).toContain('--callback')
  })

  it('commands - a reader that has had enough ends a command quietly', () => {
    const line = '"$0" "$1" call d1.echo "$2" --timeout 30s | true; echo "${PIPESTATUS[0]}"'
    const args = ['-c', line, process.execPath, CLI, 'x'.repeat(100_000)]
    const { stdout, stderr } = spawnSync('bash', args, {
      encoding: 'utf8',
      env: { ...process.env, DSERVICE_MESH: mesh },
      timeout: 40_000,
    })
    expect(stdout).toBe('0\n')
    expect(stderr).not.toMatch(/EPIPE|Error/)
  })

  it('commands - another mesh sees nothing', async () => {
    expect((await command(['ls', '--mesh', ownMesh()])).exit).toBe(3)
  })

  it('commands - SIGINT ends a call with 130, told in the format that was asked for', async () => {
    const calling = programs.start(CLI, 'call', 'd1.never', 'bob', '--json', ...PATIENT)
    await running.said(/bob waits/)
    calling.kill('SIGINT')
    expect(await calling.ended).toBe(130)
    expect(documents(calling.lines.join('\n'))).toMatchObject([
      { error: { code: 'DS_CANCELLED', exit: 130 } },
    ])
  })
})

describe('the prompt without a terminal', () => {
  it('the prompt - -e prints what it evaluates to; remote calls are awaited', async () => {
    const { exit, out } = await command([
      'repl',
      '-e',
      'd1.transform("a")',
      '-e',
      'd1',
      '-e',
      'typeof svc["x-y"].z',
      ...PATIENT,
    ])
    expect(exit).toBe(0)
    expect(out).toContain("'A'\nRemoteService d1@1.4.2 { transform, ")
    expect(out).toContain("'function'")
  })

  it('the prompt - a script spans lines, keeps its variables, and has the dot commands', async () => {
    const stdin = 'const x = await d1.transform("a")\nfunction f() {\n  return [x, 5n]\n}\nf()\n.graph\n'
    const text = await command(['repl', ...PATIENT], { stdin })
    expect([text.exit, text.out]).toEqual([0, "[ 'A', 5n ]\nd1@1.4.2  ✓ ready\n"])
    const json = await command(['repl', '--json', ...PATIENT], { stdin: 'x = 1\n\nd1.users.find(2)\n' })
    expect(documents(json.out)).toEqual([
      { v: 1, value: 1 },
      { v: 1, value: { id: 2 } },
    ])
  })

  it.each<[string, number, string, string[]]>([
    ['d1.fail()', 1, 'E_USER', PATIENT],
    ['await d1.fail()', 1, 'E_USER', PATIENT],
    ['d1.fail(); 1', 1, 'E_USER', PATIENT],
    ['d1.nope()', 3, 'DS_NO_METHOD', PATIENT],
    ['svc["d1@^9"].x()', 3, 'DS_NO_INSTANCE', LOOK],
    ['nope', 1, 'ReferenceError', LOOK],
    ['f(', 2, 'DS_INVALID', LOOK],
  ])('the prompt - %s ends with %i, told once', async (code, exit, name, wait) => {
    const evaluated = command(['repl', '-e', code, '--json', ...wait])
    const piped = command(['repl', '--json', ...wait], { stdin: code })
    for (const ran of await Promise.all([evaluated, piped])) {
      expect([ran.exit, ran.err]).toEqual([exit, ''])
      expect(documents(ran.out).filter((document) => 'error' in document)).toMatchObject([
        { error: { code: name, exit } },
      ])
    }
  })

  it('the prompt - no input at all is no error', async () => {
    expect((await command(['repl', '--json'], { stdin: '' })).exit).toBe(0)
  })
})
