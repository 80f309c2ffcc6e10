/** What every connection must do, whatever carries its rows. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import type { Connection } from '../../lib/wire/connection.js'
import { Reader, rowsOf, turn } from '../support/rows.js'

export interface ConnectionHarness {
  readonly name: string
  /** Makes worlds of connections that end with them. */
  create(): Promise<ConnectionWorld>
}

export interface ConnectionWorld {
  /** Two connections, each the peer of the other; neither is open yet. */
  pair(): Promise<readonly [Connection, Connection]>
  /** Lets the time limit of a close pass. */
  passCloseTimeout(): Promise<void>
  /** Ends everything, and checks that nothing is left. */
  dispose(): Promise<void>
}

/** Runs the contract of the Connection seam. */
export function connectionContract(harness: ConnectionHarness): void {
  describe(`${harness.name} connection`, () => {
    let world: ConnectionWorld
    let a: Connection
    let b: Connection
    beforeEach(async () => {
      world = await harness.create()
      ;[a, b] = await world.pair()
    })
    afterEach(() => world.dispose())

    it('rows - arrive parsed and in order, in both directions', async () => {
      const [one, two] = [new Reader(a), new Reader(b)]
      a.send(rowsOf({ method: 'x' }, [1], 'né☔𝄞'))
      a.send(rowsOf(null))
      b.send(rowsOf(7))
      expect(await two.until(4)).toEqual([{ method: 'x' }, [1], 'né☔𝄞', null])
      expect(await one.until(1)).toEqual([7])
    })

    it('rows - sent before the reader opened are kept', async () => {
      a.send(rowsOf(1, 2))
      expect(await new Reader(b).until(2)).toEqual([1, 2])
    })

    it('received - counts the bytes of rows, and those of one that is not whole', async () => {
      const two = new Reader(b)
      expect(b.received).toBe(0)
      a.send(rowsOf('é'))
      await two.until(1)
      expect(b.received).toBe(5)
      a.send('"half')
      while (b.received < 10) await turn()
      expect([two.rows, b.received, a.received]).toEqual([['é'], 10, 0])
    })

    it('rows - never arrive on the stack of their sender', async () => {
      const two = new Reader(b)
      a.send(rowsOf(1))
      expect(two.rows).toEqual([])
      expect(await two.until(1)).toEqual([1])
    })

    it('rows - a thousand in one write, and one of a megabyte', async () => {
      const two = new Reader(b)
      b.rowLimit = LIMITS.row
      const long = 'x'.repeat(LIMITS.row - 2)
      a.send(rowsOf(...Array.from({ length: 1_000 }, (_, i) => i)))
      a.send(rowsOf(long))
      const rows = await two.until(1_001)
      expect(rows.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
      expect(rows[1_000]).toBe(long)
    })

    it('limit - a row beyond it ends the connection with DS_LIMIT, before it is whole', async () => {
      const [one, two] = [new Reader(a), new Reader(b)]
      a.send('1\n"' + 'x'.repeat(b.rowLimit))
      expect(await b.closed).toMatchObject({ code: 'DS_LIMIT' })
      expect(two.rows).toEqual([1])
      await one.connection.closed
    })

    it('limit - may be raised by the reader of a row, for the rows right behind it', async () => {
      const two = new Reader(b, () => (b.rowLimit = LIMITS.row))
      const long = 'x'.repeat(LIMITS.helloRow)
      a.send(rowsOf('hello', long))
      expect(await two.until(2)).toEqual(['hello', long])
    })

    it('malformed - ends the connection with DS_PROTOCOL; rows before it count, none after it', async () => {
      const two = new Reader(b)
      a.send('1\n{oops\n3\n')
      expect(await b.closed).toMatchObject({ code: 'DS_PROTOCOL', message: expect.stringContaining('row 2') })
      expect(two.rows).toEqual([1])
    })

    it('close - delivers what was sent first, and both sides end with null', async () => {
      const two = new Reader(b)
      new Reader(a)
      const long = 'x'.repeat(60_000)
      for (let i = 0; i < 40; i++) a.send(rowsOf(long))
      await a.close()
      expect(two.rows).toHaveLength(40)
      expect([await a.closed, await b.closed]).toEqual([null, null])
    })

    it('close - by both at once, twice, and after the end is fine', async () => {
      new Reader(a)
      new Reader(b)
      await Promise.all([a.close(), b.close(), a.close()])
      await a.close()
      expect([await a.closed, await b.closed]).toEqual([null, null])
    })

    it('close - answers to the last rows still arrive, then the peer has ended too', async () => {
      const one = new Reader(a)
      new Reader(b, (row) => b.send(rowsOf({ answer: row })))
      a.send(rowsOf(1, 2))
      await a.close()
      expect(one.rows).toEqual([{ answer: 1 }, { answer: 2 }])
    })

    it('close - of a connection that nobody opened resolves', async () => {
      a.send(rowsOf(1))
      await Promise.all([a.close(), b.close()])
      expect([await a.closed, await b.closed]).toEqual([null, null])
    })

    it('close - does not wait for ever for a peer that does not read', async () => {
      new Reader(a)
      const closing = a.close()
      await world.passCloseTimeout()
      await closing
      b.destroy(new Error('done'))
    })

    it('destroy - settles closed with the first reason, and twice is fine', async () => {
      const reason = new Error('enough')
      a.destroy(reason)
      a.destroy(new Error('again'))
      await a.close()
      expect(await a.closed).toBe(reason)
      new Reader(b)
      await b.closed
    })

    it('destroy - in the middle of a chunk: no row comes afterwards', async () => {
      const two = new Reader(b, (row) => {
        if (row === 2) b.destroy(new Error('enough'))
      })
      a.send(rowsOf(1, 2, 3, 4))
      await b.closed
      expect(two.rows).toEqual([1, 2])
    })

    it('send - after the end does nothing and does not throw', async () => {
      new Reader(a)
      const two = new Reader(b)
      await a.close()
      expect(a.send(rowsOf(1))).toBe(true)
      b.destroy(new Error('enough'))
      expect(b.send(rowsOf(2))).toBe(true)
      expect(two.rows).toEqual([])
    })

    it('send - while closing does nothing, and the end stays in order', async () => {
      new Reader(a)
      const two = new Reader(b)
      a.send(rowsOf(1))
      const closing = a.close()
      expect(a.send(rowsOf(2))).toBe(true)
      await closing
      expect([await a.closed, await b.closed, two.rows]).toEqual([null, null, [1]])
    })

    it('send - to a peer that is being destroyed never throws; closed tells', async () => {
      new Reader(a)
      b.destroy(new Error('gone'))
      for (let i = 0; i < 100; i++) a.send(rowsOf('x'.repeat(1_000)))
      await a.closed
    })

    it('reader - one that throws ends its own connection with what it threw', async () => {
      const bug = new Error('bug')
      const two = new Reader(b, () => {
        throw bug
      })
      a.send(rowsOf(1, 2))
      expect(await b.closed).toBe(bug)
      expect(two.rows).toEqual([1])
    })

    it('pause - no row comes, not even of the same chunk, until resume; then all of them, in order', async () => {
      const two = new Reader(b, (row) => (row === 2 || row === 4) && b.pause())
      const long = 'x'.repeat(60_000)
      a.send(rowsOf(1, 2, 3, 4, 5))
      for (let i = 0; i < 20; i++) a.send(rowsOf(long))
      await two.until(2)
      b.pause()
      for (let i = 0; i < 20; i++) await turn()
      expect(two.rows).toEqual([1, 2])
      b.resume()
      expect(two.rows).toEqual([1, 2, 3, 4])
      b.resume()
      b.resume()
      await two.until(25)
      expect(two.rows.slice(4)).toEqual([5, ...Array.from({ length: 20 }, () => long)])
    })

    it('pause - the peer that is not read has to wait', async () => {
      const one = new Reader(a)
      const two = new Reader(b)
      b.pause()
      // more than any kernel keeps for a connection
      for (let i = 0; i < 200; i++) a.send(rowsOf('x'.repeat(60_000)))
      for (let i = 0; i < 20; i++) await turn()
      expect([a.queued > 0, one.drains, two.rows.length]).toEqual([true, 0, 0])
      b.resume()
      await one.when(() => one.drains > 0)
    })

    it('pause - the end of the peer waits behind its rows', async () => {
      new Reader(a)
      const two = new Reader(b, () => b.pause())
      a.send(rowsOf(1, 2, 3))
      const closing = a.close()
      await two.until(1)
      for (let i = 0; i < 20; i++) await turn()
      expect([two.rows, b.isClosed]).toEqual([[1], false])
      b.resume()
      b.resume()
      b.resume()
      await closing
      expect([two.rows, await a.closed, await b.closed]).toEqual([[1, 2, 3], null, null])
    })

    it('pause and resume - after the end do nothing', async () => {
      const two = new Reader(b, () => b.pause())
      a.send(rowsOf(1, 2))
      await two.until(1)
      b.destroy(new Error('enough'))
      b.pause()
      b.resume()
      new Reader(a)
      await a.closed
      expect(two.rows).toEqual([1])
    })

    it('isClosed - is true at the very moment of the end, also when sending is what ended it', async () => {
      new Reader(a)
      expect(a.isClosed).toBe(false)
      while (!a.isClosed) a.send(rowsOf('x'.repeat(1_000_000)))
      expect(await a.closed).toMatchObject({ code: 'DS_LIMIT' })
      b.destroy(new Error('enough'))
      expect(b.isClosed).toBe(true)
    })

    it('drain - comes after send had said false, when the queue is empty again', async () => {
      const one = new Reader(a)
      while (a.send(rowsOf('x'.repeat(60_000)))) expect(a.queued).toBeLessThan(LIMITS.writeQueue)
      expect(a.queued).toBeGreaterThan(0)
      expect(one.drains).toBe(0)
      new Reader(b)
      await one.when(() => one.drains > 0)
      expect(a.queued).toBe(0)
    })

    it('slow reader - is cut at the queue limit, with DS_LIMIT and ran maybe; others go on', async () => {
      const [c, d] = await world.pair()
      new Reader(a)
      const row = rowsOf('x'.repeat(60_000))
      let most = 0
      for (let isOver = false; !isOver; most = Math.max(most, a.queued)) {
        a.send(row)
        isOver = (await Promise.race([a.closed, Promise.resolve('open')])) !== 'open'
      }
      expect(await a.closed).toMatchObject({ code: 'DS_LIMIT', ran: 'maybe' })
      expect(most).toBeLessThanOrEqual(LIMITS.writeQueue)
      const other = new Reader(d)
      c.send(rowsOf('fine'))
      expect(await other.until(1)).toEqual(['fine'])
    })

    it('peer - says what carries the connection, and from where', () => {
      expect(a.peer.transport).toBe(b.peer.transport)
      expect(a.peer.address).not.toBe('')
    })
  })
}
