/** What every connection must do with bytes behind rows, whatever carries them. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { NO_ATTACHMENTS, type Connection } from '../../lib/wire/connection.js'
import { attachedOf, Reader, rowsOf, turn } from '../support/rows.js'
import type { ConnectionHarness, ConnectionWorld } from './connection.js'

const MIB = 1024 * 1024

/** Bytes with newlines and pluses among them, which do not look the same from any place. */
function bytesOf(size: number, seed = 1): Buffer {
  const pattern = Buffer.alloc(65_537)
  for (let i = 0, x = seed; i < pattern.length; i++) {
    pattern[i] = (x = (x * 1_103_515_245 + 12_345) % 2_147_483_648) >> 16
  }
  return Buffer.alloc(size, pattern)
}

/** To compare what is large. */
const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

/** Runs the contract of attachments. */
export function attachmentContract(harness: ConnectionHarness): void {
  describe(`${harness.name} connection with attachments`, () => {
    let world: ConnectionWorld
    let a: Connection
    let b: Connection
    beforeEach(async () => {
      world = await harness.create()
      ;[a, b] = await world.pair()
      b.attachmentLimit = LIMITS.attachedRow
    })
    afterEach(() => world.dispose())

    it('bytes - arrive with their row, in order with rows that have none', async () => {
      const two = new Reader(b)
      a.send(rowsOf(1))
      a.send([
        ...attachedOf({ two: 2 }, bytesOf(3), Buffer.alloc(0)),
        rowsOf(3),
        ...attachedOf(4, Buffer.from('\n+')),
      ])
      a.send(rowsOf(5))
      expect(await two.until(5)).toEqual([1, { two: 2 }, 3, 4, 5])
      expect(two.attachments.map((list) => list.map((one) => [...one]))).toEqual([
        [],
        [[...bytesOf(3)], []],
        [],
        [[0x0a, 0x2b]],
        [],
      ])
      expect(two.attachments[0]).toBe(NO_ATTACHMENTS)
    })

    it('bytes - of all sizes arrive equal, in both directions at once', async () => {
      a.attachmentLimit = LIMITS.attachedRow
      const [one, two] = [new Reader(a), new Reader(b)]
      const all = [0, 1, 100, 65_535, 65_536, 65_537, 3 * MIB].map((size) => bytesOf(size, size + 1))
      for (const from of [a, b])
        from.send([...attachedOf('all', ...all), ...attachedOf('last', bytesOf(200_000))])
      for (const to of [one, two]) {
        expect(await to.until(2)).toEqual(['all', 'last'])
        expect(to.attachments.map((list) => list.map(hash))).toEqual([
          all.map(hash),
          [hash(bytesOf(200_000))],
        ])
      }
    })

    it('bytes - belong to their sender again when nothing is queued', async () => {
      const two = new Reader(b)
      for (const size of [100, MIB]) {
        const bytes = bytesOf(size)
        a.send(attachedOf(size, bytes))
        while (a.queued > 0) await turn()
        bytes.fill(0)
      }
      await two.until(2)
      expect(two.attachments.map((list) => list.map(hash))).toEqual([
        [hash(bytesOf(100))],
        [hash(bytesOf(MIB))],
      ])
    })

    it('bytes - a row of the largest is no slow reader, and rows behind it arrive too', async () => {
      const [, two] = [new Reader(a), new Reader(b)]
      const largest = bytesOf(LIMITS.attachedRow)
      a.send(attachedOf(1, largest))
      for (let i = 0; i < 20; i++) a.send(rowsOf('x'.repeat(60_000)))
      await two.until(21)
      expect([two.attachments[0]?.map(hash), a.isClosed]).toEqual([[hash(largest)], false])
    })

    it('slow reader - is cut, with DS_LIMIT and ran maybe, when more waits than the largest row besides the limit', async () => {
      new Reader(a)
      const large = Buffer.alloc(2 * MIB)
      let most = 0
      while (!a.isClosed) {
        a.send(attachedOf(1, large))
        most = Math.max(most, a.queued)
      }
      expect(await a.closed).toMatchObject({ code: 'DS_LIMIT', ran: 'maybe' })
      expect(most).toBeGreaterThan(LIMITS.writeQueue - 2 * MIB)
      expect(most).toBeLessThanOrEqual(LIMITS.writeQueue + 2 * MIB + 100)
    })

    it('queued - counts them, and drain comes when they are gone', async () => {
      const one = new Reader(a)
      let isQuick = true
      while (isQuick) isQuick = a.send(attachedOf(1, Buffer.alloc(MIB)))
      while (a.queued < MIB) a.send(attachedOf(1, Buffer.alloc(MIB)))
      expect([a.queued >= MIB, one.drains]).toEqual([true, 0])
      new Reader(b)
      await one.when(() => one.drains > 0)
      expect(a.queued).toBe(0)
    })

    it('not allowed - ends the connection with DS_PROTOCOL; rows before it count', async () => {
      b.attachmentLimit = 0
      const two = new Reader(b)
      a.send([rowsOf(1), ...attachedOf(2, bytesOf(3))])
      expect(await b.closed).toMatchObject({ code: 'DS_PROTOCOL', message: expect.stringContaining('row 2') })
      expect(two.rows).toEqual([1])
    })

    it('allowed - by the reader of a row, for the rows right behind it', async () => {
      b.attachmentLimit = 0
      const two = new Reader(b, () => (b.attachmentLimit = 100))
      a.send([rowsOf('hello'), ...attachedOf(2, bytesOf(100))])
      expect(await two.until(2)).toEqual(['hello', 2])
      expect(two.attachments[1]?.map(hash)).toEqual([hash(bytesOf(100))])
    })

    it('limit - one byte more ends the connection with DS_LIMIT, before any of them has come', async () => {
      b.attachmentLimit = 100
      const two = new Reader(b)
      a.send([...attachedOf(1, bytesOf(50), bytesOf(50)), '+50,51 2\n'])
      expect(await b.closed).toMatchObject({ code: 'DS_LIMIT' })
      expect(two.rows).toEqual([1])
    })

    it('pause - no row comes until resume, not even one whose bytes are all here; then all, in order', async () => {
      const two = new Reader(b, () => b.pause())
      const large = bytesOf(300_000)
      a.send([...attachedOf(1, bytesOf(10)), ...attachedOf(2, large, large), rowsOf(3)])
      for (let count = 1; count <= 3; count++) {
        await two.until(count)
        for (let i = 0; i < 10; i++) await turn()
        expect(two.rows).toHaveLength(count)
        b.resume()
      }
      expect(two.attachments.map((list) => list.map(hash))).toEqual([
        [hash(bytesOf(10))],
        [hash(large), hash(large)],
        [],
      ])
    })

    it('pause - the peer whose bytes are not read has to wait', async () => {
      const one = new Reader(a)
      const two = new Reader(b, (row) => row === 'wait' && b.pause())
      // more than any kernel keeps for a connection
      a.send([rowsOf('wait'), ...attachedOf('large', Buffer.alloc(12 * MIB))])
      for (let i = 0; i < 20; i++) await turn()
      expect([a.queued > 0, one.drains, two.rows]).toEqual([true, 0, ['wait']])
      b.resume()
      await one.when(() => one.drains > 0)
      await two.until(2)
      expect(two.attachments[1]?.[0]).toHaveLength(12 * MIB)
    })

    it('close - delivers them first, and both sides end with null', async () => {
      new Reader(a)
      const two = new Reader(b)
      const large = bytesOf(2 * MIB)
      a.send(attachedOf(1, large))
      await a.close()
      expect([await a.closed, await b.closed, two.attachments[0]?.map(hash)]).toEqual([
        null,
        null,
        [hash(large)],
      ])
    })

    it('end - in the middle of the bytes is DS_DISCONNECTED, and says where', async () => {
      new Reader(a)
      const two = new Reader(b)
      a.send('1\n+3,40 2\nabcd')
      await Promise.all([a.close(), b.closed])
      expect(await b.closed).toMatchObject({
        code: 'DS_DISCONNECTED',
        message: expect.stringContaining(
          'hung up in the middle of attachment 2 of 2 of row 2, after 1 of 40 bytes',
        ),
      })
      expect(two.rows).toEqual([1])
    })

    it('destroy - in the middle of the bytes is DS_DISCONNECTED at the other end, and the row never comes', async () => {
      new Reader(a)
      const two = new Reader(b)
      a.send('1\n+40 2\nabc')
      await two.until(1)
      await turn()
      a.destroy(new Error('enough'))
      expect(await b.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
      expect(two.rows).toEqual([1])
    })

    it('send - after the end, or while closing, does nothing and does not throw', async () => {
      new Reader(a)
      const two = new Reader(b)
      const closing = a.close()
      expect(a.send(attachedOf(1, bytesOf(10)))).toBe(true)
      await closing
      expect(a.send(attachedOf(2, bytesOf(10)))).toBe(true)
      expect([await b.closed, two.rows]).toEqual([null, []])
    })
  })
}
