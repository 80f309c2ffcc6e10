/** What happens when a real process is killed: nothing hangs, nothing leaks, the next one is used. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dservice, type DServiceError } from 'dservice'
import { Programs } from '../support/programs.js'

interface Member {
  pid(): number
  hang(): Promise<never>
  echo(value: string): string
}

/** A machine that is busy may take seconds to start a process. */
const PATIENCE = '30s'
const MEMBER = 'test/mesh/member.mjs'
const openFiles = (): number => readdirSync('/proc/self/fd').length

describe('kill - a process that dies at once', () => {
  it('1 000 calls in flight all settle, each saying whether it ran, and the next instance is used', async () => {
    await using programs = new Programs()
    await using mesh = dservice({ mesh: programs.mesh, instanceWait: PATIENCE })
    const first = programs.start(MEMBER, 'd1@1.0.0')
    await first.said(/^ready/)
    const d1 = await mesh.dnodeFor<Member>('d1', '^1')
    const calls = Array.from({ length: 1_000 }, () => d1.hang())
    const settled = Promise.allSettled(calls)
    expect(await d1.echo('on its way')).toBe('on its way')

    first.kill('SIGKILL')
    const outcomes = await settled
    const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as DServiceError)
    expect(new Set(errors.map(({ code, ran }) => `${code} ${ran}`))).toEqual(
      new Set(['DS_DISCONNECTED maybe']),
    )

    const second = programs.start(MEMBER, 'd1@1.0.0')
    expect(await d1.pid()).toBe(second.pid)
  })

  it('a hundred restarts leave open files and listeners where they were', async () => {
    await using programs = new Programs()
    await using mesh = dservice({ mesh: programs.mesh, instanceWait: PATIENCE })
    const d1 = mesh.dnodeFor<Member>('d1')
    const round = async (): Promise<void> => {
      const member = programs.start(MEMBER, 'd1@1.0.0')
      expect(await (await d1).pid()).toBe(member.pid)
      // a call in flight is the fence: when it is lost, the loss was noticed
      const lost = (await d1).hang().catch((error: unknown) => error)
      member.kill('SIGKILL')
      expect(await lost).toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
      await member.ended
    }
    for (let i = 0; i < 3; i++) await round()
    const before = { files: openFiles(), listeners: process.eventNames().length }
    for (let i = 0; i < 100; i++) await round()
    expect({ files: openFiles(), listeners: process.eventNames().length }).toEqual(before)
  }, 120_000)

  it('a service that relies on it waits, and is ready again when it is back', async () => {
    await using programs = new Programs()
    const first = programs.start(MEMBER, 'd1@1.0.0')
    await using d2 = dservice(
      'd2@1.0.0',
      { pid: () => d1.pid() },
      { mesh: programs.mesh, instanceWait: PATIENCE },
    )
    const d1 = d2.rely<Member>('d1', '^1')
    await d2.start()
    const states: string[] = []
    const changes = new Promise<void>((resolve) => {
      d2.on('state', (state) => (states.push(state), state === 'ready' && resolve()))
    })
    first.kill('SIGKILL')
    await first.ended
    const second = programs.start(MEMBER, 'd1@1.0.0')
    await changes
    expect(states).toEqual(['waiting', 'ready'])
    expect(await d1.pid()).toBe(second.pid)
  })
})
