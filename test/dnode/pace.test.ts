/** One peer that asks for much: others have their turn, memory stays bounded, and the order of its messages is kept. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Api, SessionOptions } from '../../lib/dnode/session.js'
import { methodsRow, withRaw } from './pair.js'

type Method = (...args: unknown[]) => void

/** A clock that a busy method moves while it runs. */
class BusyClock extends VirtualClock {
  #spent = 0

  override monotonic(): number {
    return super.monotonic() + this.#spent
  }

  spend(ms: number): void {
    this.#spent += ms
  }
}

/** A session with a busy clock, and which call ran in which turn of the event loop. */
async function busy(api: (spend: (ms: number) => void) => Api, more: Partial<SessionOptions> = {}) {
  const clock = new BusyClock()
  const raw = await withRaw(
    api((ms) => clock.spend(ms)),
    more,
    clock,
  )
  await raw.send(methodsRow())
  raw.rows.length = 0
  return raw
}

/** Counts turns of the event loop until disposed. */
function countTurns(): { readonly now: number; stop(): void } {
  let now = 0
  let isOver = false
  const next = (): void => {
    now++
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  return {
    get now() {
      return now
    },
    stop: () => void (isOver = true),
  }
}

/** How many of a list fell into each turn. */
function perTurn(ran: readonly { turn: number }[]): number[] {
  const counts = new Map<number, number>()
  for (const { turn } of ran) counts.set(turn, (counts.get(turn) ?? 0) + 1)
  return [...counts.values()]
}

const calls = (count: number): unknown[][] => Array.from({ length: count }, (_, id) => ['call', id, 0, id])

describe('pace - turns', () => {
  for (const [name, rowsFor] of Object.entries({
    'one row of calls': (n: number) => [calls(n)],
    'many classic rows in one chunk': (n: number) =>
      Array.from({ length: n }, (_, id) => ({ method: 0, arguments: [id] })),
  })) {
    it(`pace - ${name} that take 4 ms each are handled three a turn, in order`, async () => {
      const ran: { n: unknown; turn: number }[] = []
      const turns = countTurns()
      const { raw, clock } = await busy((spend) => ({
        work: (n: unknown) => {
          ran.push({ n, turn: turns.now })
          spend(4)
        },
      }))
      raw.send(
        rowsFor(20)
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(''),
      )
      while (ran.length < 20) await clock.settle()
      turns.stop()
      expect(ran.map(({ n }) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n))
      expect(Math.max(...perTurn(ran))).toBe(3)
    })
  }

  it('pace - rows that are quick each by itself are a stretch together', async () => {
    const ran: { turn: number }[] = []
    const turns = countTurns()
    const { raw, clock } = await busy((spend) => ({
      work: () => {
        ran.push({ turn: turns.now })
        spend(0.25)
      },
    }))
    raw.send(
      calls(400)
        .map((call) => `${JSON.stringify([call])}\n`)
        .join(''),
    )
    while (ran.length < 400) await clock.settle()
    turns.stop()
    expect(Math.max(...perTurn(ran))).toBeLessThanOrEqual(50)
  })

  for (const [size, most] of [
    [200_000, 2],
    [60_000, 5],
    [6_000, 50],
  ] as const) {
    it(`pace - parsing counts: of rows of ${size} characters at most ${most} are handled in a turn`, async () => {
      const ran: { turn: number }[] = []
      const turns = countTurns()
      const { raw, clock } = await busy(() => ({ work: () => void ran.push({ turn: turns.now }) }))
      const count = 4 * most
      const row = JSON.stringify([['notify', 0, 'x'.repeat(size)]])
      raw.send(`${row}\n`.repeat(count))
      while (ran.length < count) await clock.settle()
      turns.stop()
      expect(Math.max(...perTurn(ran))).toBeLessThanOrEqual(most)
    })
  }

  it('pace - what the promises of methods take counts as well', async () => {
    const ran: { turn: number }[] = []
    const turns = countTurns()
    const { raw, clock } = await busy((spend) => ({
      work: async () => {
        ran.push({ turn: turns.now })
        await Promise.resolve()
        spend(2)
      },
    }))
    raw.send(`${JSON.stringify(calls(200))}\n`)
    while (ran.length < 200) await clock.settle()
    turns.stop()
    const [first = 0, ...others] = perTurn(ran)
    expect(first).toBeLessThanOrEqual(32)
    expect(Math.max(...others)).toBeLessThanOrEqual(5)
  })

  it('pace - answers that nobody awaits are no promises: they take one turn, and those that are awaited many', async () => {
    const waits = async (isAwaited: boolean): Promise<number> => {
      const { raw, session, rows, send, clock } = await busy(() => ({
        work: (take: (n: number) => Promise<unknown>) => {
          for (let n = 0; n < 1_000; n++) {
            const reply = take(n)
            if (isAwaited) void reply.then(() => undefined)
          }
        },
      }))
      await send([['notify', 0, { $: ['function', 0] }]])
      const ids = rows.flat().map((call) => (call as unknown[])[1])
      expect([ids.length, session.pending]).toEqual([1_000, 1_000])
      raw.send(`${JSON.stringify(ids.map((id) => ['answer', id, 1]))}\n`)
      let turns = 0
      for (; session.pending > 0; turns++) await new Promise(setImmediate)
      await clock.settle()
      return turns
    }
    const [unheard, awaited] = [await waits(false), await waits(true)]
    expect(awaited).toBeGreaterThan(4)
    expect(unheard).toBeLessThan(awaited / 2)
  })

  it('pace - the end of the peer waits until its calls are answered', async () => {
    const { raw, rows, clock } = await busy((spend) => ({ work: () => spend(20) }))
    raw.send(`${JSON.stringify(calls(10))}\n`)
    await Promise.all([raw.close(), clock.settle()])
    expect(rows.flat()).toHaveLength(10)
    expect(await raw.closed).toBe(null)
  })

  it('pace - idle waits for the calls that wait', async () => {
    let ran = 0
    const { raw, session, clock } = await busy((spend) => ({
      work: () => {
        ran++
        spend(20)
      },
    }))
    raw.send(`${JSON.stringify(calls(10))}\n`)
    while (ran === 0) await new Promise(setImmediate)
    expect(ran).toBeLessThan(10)
    await session.idle()
    expect(ran).toBe(10)
    await clock.settle()
  })
})

describe('pace - the end', () => {
  it('pace - no call of a row is handled once the connection has ended', async () => {
    let ran = 0
    const { raw, session, clock } = await busy(() => ({
      work: () => {
        if (++ran === 3) session.connection.destroy(new Error('cut'))
      },
    }))
    raw.send(`${JSON.stringify(calls(100))}\n`)
    await clock.settle()
    expect(ran).toBe(3)
  })

  it('pace - no call that waits for its turn is handled once the connection has ended', async () => {
    let ran = 0
    const { raw, session, clock } = await busy((spend) => ({
      work: () => {
        ran++
        spend(20)
      },
    }))
    raw.send(`${JSON.stringify(calls(10))}\n`)
    while (ran === 0) await new Promise(setImmediate)
    const before = ran
    session.destroy(new Error('cut'))
    await clock.settle()
    expect([before < 10, ran]).toEqual([true, before])
  })

  it('pace - nothing is made into text for a peer that was cut because it does not read', async () => {
    let texts = 0
    class Big {
      toJSON(): string {
        texts++
        return 'x'.repeat(1_000_000)
      }
    }
    let ran = 0
    const { raw, session, clock } = await busy(() => ({
      flood: (cb: Method) => {
        ran++
        for (let i = 0; i < 100; i++) cb(new Big())
      },
    }))
    raw.pause()
    const flood = ['notify', 0, { $: ['function', 3] }]
    raw.send(`${JSON.stringify([flood, flood, flood])}\n`)
    await clock.settle()
    expect(await session.closed).toMatchObject({ code: 'DS_LIMIT' })
    expect([ran, texts < 20]).toEqual([1, true])
  })
})

describe('pace - a peer that does not read', () => {
  const answer = 'x'.repeat(100_000)

  async function unread() {
    const ran: unknown[] = []
    const raw = await busy(() => ({
      big: (n: unknown) => {
        ran.push(n)
        return answer
      },
    }))
    raw.raw.pause()
    raw.raw.send(`${JSON.stringify(calls(400))}\n`)
    await raw.clock.settle()
    return { ...raw, ran }
  }

  it('pace - is not served further until it has read, and then in order', async () => {
    const { raw, rows, session, ran, clock } = await unread()
    const most = Math.ceil(LIMITS.unread / answer.length) + 4
    expect(ran.length).toBeLessThan(most)
    await clock.settle()
    expect(ran.length).toBeLessThan(most)
    expect(session.connection.queued).toBeLessThan(2 * LIMITS.unread)
    raw.resume()
    while (rows.length < 400) await clock.settle()
    expect(rows.flat().map((message) => (message as unknown[])[1])).toEqual(
      Array.from({ length: 400 }, (_, n) => n),
    )
    expect(clock.waiting).toBe(0)
  })

  it('pace - gets more after a stall, lest two wait for each other, and is cut in the end', async () => {
    const { session, ran, clock } = await unread()
    const seen = [ran.length]
    while (!session.isClosed) {
      await clock.advance(2_000)
      seen.push(ran.length)
    }
    expect(seen.length).toBeLessThan(7)
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen)
    expect(ran.length).toBeLessThan(LIMITS.writeQueue / answer.length + 2)
    expect(await session.closed).toMatchObject({ code: 'DS_LIMIT' })
    expect(clock.waiting).toBe(0)
  })

  it('pace - its answers to our calls, and what is before its next call, are heard', async () => {
    const { raw, session, clock } = await busy(() => ({ big: () => answer }))
    raw.pause()
    const call = session.call('$x', [], { timeout: 1_000 })
    const row = [...calls(1), ['answer', 0, 'heard'], ...calls(50)]
    raw.send(`${JSON.stringify([...calls(20)])}\n`)
    await clock.settle()
    raw.send(`${JSON.stringify(row)}\n`)
    await clock.settle()
    raw.resume()
    expect(await call).toEqual({ ok: true, value: 'heard' })
  })

  it('pace - that ends or is closed meanwhile leaves no timer behind', async () => {
    const one = await unread()
    one.session.destroy(new Error('done'))
    await one.clock.settle()
    expect(one.clock.waiting).toBe(0)
    const other = await unread()
    const closing = other.session.close()
    await other.clock.advance(2_000)
    await closing
    expect(other.clock.waiting).toBe(0)
  })
})
