/** Functions that a peer sent, called when nothing of the session is on the stack: a timer, an emitter, a promise. */
import { describe, expect, it } from 'vitest'
import { reasonOf } from '../../lib/base/errors.js'
import type { SessionOptions } from '../../lib/dnode/session.js'
import { methodsRow, two, withRaw } from './pair.js'

type Method = (...args: unknown[]) => unknown

/** What cannot travel at all. */
const ODD = Symbol('odd')

/** More than any peer takes in a row. */
const HUGE = 'x'.repeat(2_000_000)

/** A server that keeps each function it is sent, and a client whose calls and answers are seen. */
async function keeping(options: Partial<SessionOptions> = {}) {
  const kept: Method[] = []
  const errors: string[] = []
  const onError = (error: Error): void => void errors.push(reasonOf(error))
  const api = {
    last: (_x: unknown, cb: Method) => void kept.push(cb),
    first: (cb: Method, _x: unknown) => void kept.push(cb),
    inside: (x: unknown, cb: Method) => cb(null, x === 'big' ? HUGE : ODD),
  }
  const pair = await two(api, { server: { onError, ...options } })
  const heard: unknown[][] = []
  const hear = (...args: unknown[]): void => void heard.push(args)
  return { ...pair, kept, errors, heard, hear, remote: pair.client.remote as Record<string, Method> }
}

describe('callbacks - what cannot be sent to a function of the peer', () => {
  it('callbacks - is told to one that came in last place, and to the owner, and never thrown', async () => {
    const { remote, kept, errors, heard, hear, clock } = await keeping()
    remote['last']?.('x', hear)
    await clock.settle()
    kept[0]?.(null, HUGE)
    kept[0]?.(null, { sum: ODD })
    await clock.settle()
    expect(heard).toMatchObject([[{ code: 'DS_LIMIT' }], [{ code: 'DS_UNSENDABLE' }]])
    expect(errors).toEqual([
      expect.stringContaining('the peer takes 1048576 in a row'),
      expect.stringContaining('arguments[1].sum cannot travel'),
    ])
  })

  it('callbacks - is told to the owner alone when the function came elsewhere', async () => {
    const { remote, kept, errors, heard, hear, clock } = await keeping()
    remote['first']?.(hear, 1)
    await clock.settle()
    kept[0]?.(HUGE)
    await clock.settle()
    expect([heard, errors.length]).toEqual([[], 1])
  })

  it('callbacks - is told once, also while the method runs', async () => {
    const { remote, errors, heard, hear, clock } = await keeping()
    remote['inside']?.('big', hear)
    remote['inside']?.('symbol', hear)
    await clock.settle()
    expect(heard).toMatchObject([[{ code: 'DS_LIMIT' }], [{ code: 'DS_UNSENDABLE' }]])
    expect(errors).toHaveLength(2)
  })

  it('callbacks - is told for calls that want an answer too', async () => {
    const { client, kept, heard, hear, clock } = await keeping()
    await client.call('last', [1, hear], { timeout: 100 })
    kept[0]?.(null, HUGE)
    await clock.settle()
    expect(heard).toMatchObject([[{ code: 'DS_LIMIT' }]])
  })

  it('callbacks - an owner that throws on hearing of it harms nobody', async () => {
    const onError = (): void => {
      throw new Error('the owner')
    }
    const { remote, kept, heard, hear, clock } = await keeping({ onError })
    remote['last']?.('x', hear)
    await clock.settle()
    kept[0]?.(null, HUGE)
    await clock.settle()
    expect(heard).toHaveLength(1)
  })

  it('callbacks - throws at once from the program own call of a remote method', async () => {
    const { remote } = await keeping()
    expect(() => remote['last']?.(HUGE)).toThrow(/the peer takes/)
  })

  it('callbacks - a peer cannot make a method of a function that it sent, so that it throws again', async () => {
    const kept: Method[] = []
    const { send } = await withRaw({ keep: (cb: Method) => void kept.push(cb) })
    await send(methodsRow())
    const api = (id: number) => ({
      method: 'methods',
      arguments: [{ f: '' }],
      callbacks: { [id]: ['0', 'f'] },
    })
    const keep = (id: number) => [['notify', 0, { $: ['function', id] }]]
    await send(keep(5), api(5), api(6), keep(6))
    expect(kept).toHaveLength(2)
    for (const cb of kept) await expect(cb(HUGE)).rejects.toMatchObject({ code: 'DS_LIMIT', ran: 'no' })
  })

  it('callbacks - a peer of classic dnode cannot either: what cannot be sent is dropped', async () => {
    const kept: Method[] = []
    const { send } = await withRaw({ keep: (cb: Method) => void kept.push(cb) })
    await send(methodsRow(false))
    const api = (id: number) => ({
      method: 'methods',
      arguments: [{ f: '' }],
      callbacks: { [id]: ['0', 'f'] },
    })
    const keep = (id: number) => ({ method: 0, arguments: [''], callbacks: { [id]: [0] } })
    await send(keep(5), api(5), api(6), keep(6))
    expect(kept).toHaveLength(2)
    for (const cb of kept) expect(cb({ sum: ODD })).toBe(undefined)
  })
})

describe('callbacks - what is told to who awaits', () => {
  it('callbacks - what cannot be sent rejects, and is told to nobody else but the one in last place', async () => {
    const { remote, kept, errors, heard, hear, clock } = await keeping()
    remote['first']?.(() => heard.push(['first']), 1)
    remote['last']?.(1, hear)
    await clock.settle()
    for (const cb of kept) await expect(cb(ODD)).rejects.toMatchObject({ code: 'DS_UNSENDABLE', ran: 'no' })
    await clock.settle()
    expect([heard, errors]).toMatchObject([[[{ code: 'DS_UNSENDABLE' }]], []])
  })
})
