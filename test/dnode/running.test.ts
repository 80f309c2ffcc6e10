/** Methods that run for a peer hear of its end, however they were called. */
import { describe, expect, it } from 'vitest'
import { context } from '../../lib/dnode/context.js'
import { methodsRow, withRaw } from './pair.js'

/** Methods that look at their signal, and what became of them. */
async function watched() {
  const aborted: unknown[] = []
  const api = {
    wait: (name: string) =>
      new Promise((_, reject) => {
        const signal = context()?.signal
        signal?.addEventListener('abort', () => {
          aborted.push(name)
          reject(new Error('stopped', { cause: signal.reason }))
        })
      }),
    look: () => context()?.signal.aborted,
    fail: () => {
      throw new Error(String(context()?.signal.aborted))
    },
  }
  const raw = await withRaw(api, { onError: () => undefined })
  await raw.send(methodsRow())
  return { ...raw, aborted }
}

describe('running - methods whose caller is gone', () => {
  it('running - a one-way call is told of the end as one with an id is', async () => {
    const { send, session, clock, aborted } = await watched()
    await send({ method: 'wait', arguments: ['one-way'] }, [['call', 1, 'wait', 'id']])
    expect(session.running).toBe(2)
    session.destroy(new Error('cut'))
    await clock.settle()
    expect(aborted).toEqual(['one-way', 'id'])
    expect(session.running).toBe(0)
  })

  it('running - two calls with one id are both told, and the later one is cancelled', async () => {
    const { send, session, clock, aborted } = await watched()
    const call = (name: string): unknown[] => ['call', 1, 'wait', name]
    await send([call('first'), call('second')], [['cancel', 1]])
    expect(aborted).toEqual(['second'])
    expect(session.running).toBe(1)
    session.destroy(new Error('cut'))
    await clock.settle()
    expect(aborted).toEqual(['second', 'first'])
    expect(session.running).toBe(0)
  })

  it('running - thousands that end together share one reason', async () => {
    const reasons: unknown[] = []
    const { send, session, clock } = await withRaw({
      wait: () => {
        const signal = context()?.signal
        signal?.addEventListener('abort', () => reasons.push(signal.reason))
        return new Promise(() => undefined)
      },
    })
    await send(methodsRow(), [
      ['call', 1, 'wait'],
      ['call', 2, 'wait'],
    ])
    session.destroy(new Error('cut'))
    await clock.settle()
    expect(reasons).toHaveLength(2)
    expect(reasons[0]).toBe(reasons[1])
  })

  it.each(['look', 'fail'])('running - a method that answers at once leaves no timer: %s', async (method) => {
    const { send, session, clock } = await watched()
    const before = clock.waiting
    await send([[{ timeout: 1e15 }, 'call', 1, method]])
    expect(session.running).toBe(0)
    expect(clock.waiting).toBe(before)
  })
})
