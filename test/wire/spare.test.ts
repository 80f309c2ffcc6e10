/** Memory of copies that is used again: never by two at a time, and never without bound. */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Connection } from '../../lib/wire/connection.js'
import { prefixOf } from '../../lib/wire/attachments.js'
import { borrowBytes, giveBytesBack, isBorrowed } from '../../lib/wire/spare.js'
import { connectionOf } from '../../lib/wire/stream.js'
import { tcpTransport } from '../../lib/wire/tcp.js'

const SIZE = 200_000
const clock = new VirtualClock()

/** A copy of bytes that are all `n`, as the values' codec makes them. */
function copyOf(n: number): Uint8Array {
  const copy = borrowBytes(SIZE)
  copy.fill(n)
  return copy
}

/** Sends a row with one attachment. */
const send = (to: Connection, bytes: Uint8Array): unknown => to.send([`${prefixOf([bytes])}[]\n`, bytes])

describe('borrowed bytes', () => {
  it('given back - are lent again, once; those that were not lent are left alone', () => {
    const first = borrowBytes(SIZE)
    expect([first.length, isBorrowed(first)]).toEqual([SIZE, true])
    giveBytesBack(first)
    giveBytesBack(first)
    expect(isBorrowed(first)).toBe(false)
    const [again, other] = [borrowBytes(SIZE - 1_000), borrowBytes(SIZE)]
    expect([again.buffer === first.buffer, other.buffer === first.buffer]).toEqual([true, false])
    const own = new Uint8Array(SIZE)
    giveBytesBack(own)
    expect([isBorrowed(own), borrowBytes(SIZE).buffer === own.buffer]).toEqual([false, false])
  })

  it.each([0, 1, 32 * 1024 - 1, 4 * 1024 * 1024 + 1])('%d bytes - are nobody else’s, ever', (length) => {
    const bytes = borrowBytes(length)
    giveBytesBack(bytes)
    expect([bytes.length, isBorrowed(bytes)]).toEqual([length, false])
  })

  it('many given back at once - no more than 8 MiB of them are kept', () => {
    const many = Array.from({ length: 40 }, () => borrowBytes(1024 * 1024))
    const before = new Set(many.map(({ buffer }) => buffer))
    for (const bytes of many) giveBytesBack(bytes)
    const again = Array.from({ length: 40 }, () => borrowBytes(1024 * 1024))
    expect(again.filter(({ buffer }) => before.has(buffer)).length).toBeLessThanOrEqual(8)
  })

  it('sent over TCP - arrive as they were, however many wait for the peer, and are used again then', async () => {
    const arrived: number[] = []
    let whole: () => void
    const all = new Promise<void>((resolve) => (whole = resolve))
    const row = (_row: unknown, attachments?: readonly Uint8Array[]): void => {
      const bytes = attachments?.[0] ?? new Uint8Array(0)
      arrived.push(Buffer.alloc(SIZE, bytes[0]).equals(bytes) ? (bytes[0] as number) : -1)
      if (arrived.length === 60) whole()
    }
    const transport = tcpTransport({ clock })
    const listening = await transport.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      connection.attachmentLimit = SIZE
      connection.open({ row, drain: () => undefined })
    })
    const connection = await transport.dial(listening.address)
    const memories = new Set<ArrayBufferLike>()
    for (let n = 0; n < 60; n++) {
      const copy = copyOf(n)
      memories.add(copy.buffer)
      send(connection, copy)
      // some go at once, and some wait together
      if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await all
    expect(arrived).toEqual(Array.from({ length: 60 }, (_, n) => n))
    const again = Array.from({ length: 8 }, () => borrowBytes(SIZE))
    expect(again.some(({ buffer }) => memories.has(buffer))).toBe(true)
    await Promise.all([connection.close(), listening.close()])
  })

  it('sent into a stream that keeps what it is given - are not used again', async () => {
    const stream = new PassThrough({ highWaterMark: 2 * SIZE })
    const connection = connectionOf(stream, { peer: { transport: 'tcp', address: 'a pipe' }, clock })
    const copy = copyOf(7)
    send(connection, copy)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isBorrowed(copy)).toBe(true)
    const closed = once(stream, 'close')
    connection.destroy(new Error('enough'))
    await closed
  })
})
