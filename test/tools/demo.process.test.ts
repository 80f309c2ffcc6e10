import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { need } from '../support/need.js'
import { ownMesh, Programs } from '../support/programs.js'
import { CLI, documents, dserviceCommand } from '../support/shell.js'

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Holds the port of mDNS for itself, then runs the demo: as on a machine where another program does so. */
const WITHOUT_MDNS = `
const socket = require('node:dgram').createSocket('udp4')
socket.bind(5353, '0.0.0.0', () => {
  const demo = require('node:child_process').spawn(process.execPath, [process.argv[1], 'demo', '--once', '--json'], { stdio: 'inherit' })
  demo.on('exit', (code) => process.exit(code))
})`

describe.skipIf(!need.namespace().ok)('demo without multicast', () => {
  it('demo - says so, and falls back to a static list', () => {
    const line = 'ip link set lo up && exec "$0" -e "$1" "$2"'
    const args = ['--net', 'sh', '-c', line, process.execPath, WITHOUT_MDNS, CLI]
    const { status, stdout } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 40_000 })
    expect(status).toBe(0)
    const events = documents(stdout)
    expect(events.find(({ type }) => type === 'fallback')).toMatchObject({
      engine: expect.stringMatching(/^static:/) as string,
      reason: expect.stringContaining('5353') as string,
    })
    expect(events.at(-1)).toMatchObject({ type: 'done', ok: true })
  })
})

describe('demo', () => {
  it('demo - finds, calls, kills, heals and lists; then it exits 0', async () => {
    const { exit, out, err } = await dserviceCommand(['demo'])
    expect([exit, err]).toEqual([0, expect.stringContaining('2 services, 2 instances')])
    const story = [
      /^dservice \d.* demo on loopback/,
      /→ d1 +1\.4\.2 +pid \d+ +127\.0\.0\.1:\d+ +transform, ping/,
      /→ d2 +1\.0\.0 +pid \d+ +127\.0\.0\.1:\d+ +jsconf; relies on d1@\^1/,
      /client d2\.jsconf\(\) -> "RULEZ"/,
      /client d1\.transform\("beep"\) -> "BOOP"/,
      /kill -9 d1 +pid \d+/,
      /d2 is waiting for d1/,
      /→ d1 .*restarted on another port/,
      /client d1\.transform\("beep"\) -> "BOOP" .*healed in \d/,
      /^d1 +1\.4\.2 .*● ready/m,
      /^d2 +1\.0\.0 .*● ready +d1@\^1 ✓/m,
    ]
    const at = story.map((line) => out.search(line))
    expect(at.filter((index) => index < 0)).toEqual([])
    expect([...at].sort((a, b) => a - b)).toEqual(at)
  })

  it('demo - --json tells the same as lines; no process outlives it', async () => {
    const { exit, out } = await dserviceCommand(['demo', '--once', '--json'])
    expect(exit).toBe(0)
    const events = documents(out)
    expect(events.map(({ type }) => type)).toEqual([
      ...['start', 'up', 'up', 'up', 'ready', 'call', 'call'],
      ...['kill', 'waiting', 'up', 'call', 'call', 'mesh', 'done'],
    ])
    const addresses = events.filter(({ name, type }) => type === 'up' && name === 'd1')
    expect(new Set(addresses.map(({ address }) => address)).size).toBe(2)
    const pids = events.filter(({ type }) => type === 'up').map(({ pid }) => Number(pid))
    expect(pids.filter((pid) => !isGone(pid))).toEqual([])
  })

  it('demo - an engine that cannot be is told, and the end is 1', async () => {
    const { exit, out } = await dserviceCommand(['demo', '--once', '--json', '--engine', 'pigeon:'])
    expect(exit).toBe(1)
    expect(documents(out).at(-1)).toMatchObject({
      error: { message: expect.stringContaining('pigeon') as string },
    })
  })

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('demo - %s in the middle is %i, told as such, and its processes end', async (signal, exit) => {
    await using programs = new Programs(ownMesh())
    const demo = programs.start(CLI, 'demo', '--once', '--json')
    await demo.said(/"type":"start"/)
    demo.kill(signal)
    expect(await demo.ended).toBe(exit)
    const events = documents(demo.lines.join('\n'))
    expect(events.at(-1)).toMatchObject({ error: { code: 'DS_CANCELLED', exit } })
    const pids = events.filter(({ type }) => type === 'up').map(({ pid }) => Number(pid))
    expect(pids.filter((pid) => !isGone(pid))).toEqual([])
  })

  it('demo - killed in the middle, its processes end too', async () => {
    await using programs = new Programs(ownMesh())
    const demo = programs.start(CLI, 'demo', '--once', '--json')
    await demo.said(/"type":"ready"/)
    const pids = documents(demo.lines.join('\n')).flatMap(({ pid }) => (typeof pid === 'number' ? [pid] : []))
    demo.kill('SIGKILL')
    await demo.ended
    expect(pids).toHaveLength(3)
    await expect.poll(() => pids.filter((pid) => !isGone(pid)), { timeout: 20_000 }).toEqual([])
  })
})
