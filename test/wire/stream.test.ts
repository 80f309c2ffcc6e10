/** Connections on duplex streams that are no sockets of ours: what a user may pipe in. */
import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { DEFAULTS, LIMITS } from '../../lib/base/options.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Connection } from '../../lib/wire/connection.js'
import { connectionOf, type StreamOptions } from '../../lib/wire/stream.js'
import { attachedOf, Reader, rowsOf, turn } from '../support/rows.js'

/** A connection on a stream whose both directions the test holds. */
function made(options: Partial<StreamOptions> = {}) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const stream = Duplex.from({ readable: input, writable: output })
  const clock = new VirtualClock()
  const connection = connectionOf(stream, {
    clock,
    peer: { transport: 'stream', address: 'a pipe' },
    ...options,
  })
  return { input, output, stream, clock, connection }
}

function onStream(stream: Duplex, options: Partial<StreamOptions> = {}): Connection {
  const peer = { transport: 'stream', address: 'x' } as const
  return connectionOf(stream, { clock: new VirtualClock(), peer, ...options })
}

describe('a connection on any stream', () => {
  it('rows - go in and out', async () => {
    const { input, output, connection } = made()
    const reader = new Reader(connection)
    input.write('{"method":')
    input.write('1}\n')
    expect(await reader.until(1)).toEqual([{ method: 1 }])
    connection.send(rowsOf('né'))
    await turn()
    expect(String(output.read())).toBe('"né"\n')
  })

  it('attachments - go out in one write, from where they are, without empty pieces', async () => {
    const writes: Uint8Array[][] = []
    const stream = new Duplex({
      read: () => undefined,
      writev: (chunks, done) => {
        writes.push(chunks.map(({ chunk }) => chunk as Uint8Array))
        done()
      },
    })
    const connection = onStream(stream)
    const bytes = new Uint8Array([1, 2, 3])
    connection.send([...attachedOf(1, bytes, new Uint8Array(0)), rowsOf(2)])
    expect(writes.map((write) => write.map((chunk) => [...chunk]))).toEqual([
      [[...Buffer.from('+3,0 1\n')], [1, 2, 3], [...Buffer.from('2\n')]],
    ])
    expect(writes[0]?.[1]?.buffer).toBe(bytes.buffer)
  })

  it('attachments - a pause in the middle of them lasts until resume, whatever comes', async () => {
    const { input, connection } = made()
    connection.attachmentLimit = 100
    const reader = new Reader(connection)
    input.write('1\n+4 2\na\n')
    await reader.until(1)
    connection.pause()
    input.write('cd3\n')
    for (let i = 0; i < 5; i++) await turn()
    expect(reader.rows).toEqual([1])
    connection.resume()
    expect(await reader.until(3)).toEqual([1, 2, 3])
    expect(String(reader.attachments[1]?.[0])).toBe('a\ncd')
  })

  it.each([
    ['+4 2\nab', 'attachment 1 of 1 of row 2, after 2 of 4 bytes'],
    ['+4 2', 'a row, after 4 bytes'],
  ])('an error of the stream - in the middle of %j says where', async (sent, where) => {
    const { stream, input, connection } = made()
    connection.attachmentLimit = 100
    const reader = new Reader(connection)
    input.write(`1\n${sent}`)
    await reader.until(1)
    stream.destroy(new Error('read ECONNRESET'))
    expect(await connection.closed).toMatchObject({
      code: 'DS_DISCONNECTED',
      message: expect.stringContaining(`broke the connection, read ECONNRESET in the middle of ${where}`),
    })
  })

  it('attachments - a write of them may wait besides the limit, until it is gone; then the limit holds again', async () => {
    let written: () => void = () => undefined
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => (written = done) })
    const connection = onStream(stream, { writeQueue: 10_000 })
    connection.send(attachedOf(1, Buffer.alloc(200_000)))
    connection.send(rowsOf('x'.repeat(9_000)))
    expect([connection.queued > 209_000, connection.isClosed]).toEqual([true, false])
    while (connection.queued > 0) {
      written()
      await turn()
    }
    connection.send(rowsOf('x'.repeat(11_000)))
    expect(await connection.closed).toMatchObject({ code: 'DS_LIMIT' })
  })

  it('attachments - more in one write than a row may have is too much at once', async () => {
    const stuck = new Duplex({ read: () => undefined, write: () => undefined })
    const connection = onStream(stuck, { writeQueue: 1_000 })
    const largest = Buffer.alloc(LIMITS.attachedRow)
    connection.send([...attachedOf(1, largest), ...attachedOf(2, Buffer.alloc(1_000))])
    expect(await connection.closed).toMatchObject({ code: 'DS_LIMIT' })
  })

  it('text - a stream that reads text is understood too', async () => {
    const { stream, input, connection } = made()
    stream.setEncoding('utf8')
    const reader = new Reader(connection)
    const bytes = Buffer.from('"né☔"\n')
    for (const byte of bytes) input.write(Buffer.of(byte))
    expect(await reader.until(1)).toEqual(['né☔'])
  })

  it('the other side ends - what it sent is read, answers go out, then both have ended', async () => {
    const { input, output, connection } = made()
    new Reader(connection, (row) => {
      void Promise.resolve(row).then(() => connection.send(rowsOf({ answer: row })))
    })
    input.end('1\n2\n')
    let text = ''
    for await (const chunk of output) text += String(chunk)
    expect(text).toBe('{"answer":1}\n{"answer":2}\n')
    expect(await connection.closed).toBe(null)
  })

  it('an error of the stream - is told by closed, and by nothing else', async () => {
    const { stream, connection } = made()
    const cause = new Error('wires crossed')
    stream.destroy(cause)
    expect(await connection.closed).toMatchObject({
      code: 'DS_DISCONNECTED',
      ran: 'maybe',
      cause,
      message: expect.stringContaining('a pipe broke the connection, wires crossed'),
    })
  })

  it('a stream that somebody destroys - counts as broken, not as ended', async () => {
    const { stream, connection } = made()
    new Reader(connection)
    stream.destroy()
    expect(await connection.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
  })

  it('an error after the end in order - changes nothing', async () => {
    const { stream, input, output, connection } = made()
    new Reader(connection)
    output.resume()
    input.end()
    expect(await connection.closed).toBe(null)
    stream.emit('error', new Error('late'))
    expect(await connection.closed).toBe(null)
  })

  it('an error after the other side has ended - takes back nothing that it sent', async () => {
    const stream = new Duplex({ read: () => undefined, write: () => undefined })
    const connection = onStream(stream)
    const reader = new Reader(connection, () => connection.send(rowsOf('an answer that nobody takes')))
    stream.push('1\n')
    stream.push(null)
    await reader.until(1)
    await turn()
    stream.destroy(new Error('write EPIPE'))
    expect(await connection.closed).toBe(null)
  })

  it('a stream that never ends - is closed after the time limit', async () => {
    const { output, clock, connection } = made()
    new Reader(connection)
    output.resume()
    const closing = connection.close()
    await clock.advance(DEFAULTS.closeTimeout - 1)
    expect(clock.waiting).toBe(1)
    await clock.advance(1)
    await closing
    expect([await connection.closed, clock.waiting]).toEqual([null, 0])
  })

  it('a stream that does not take the last rows - closes with an error after the time limit', async () => {
    const stuck = new Duplex({ read: () => undefined, write: () => undefined })
    const clock = new VirtualClock()
    const connection = connectionOf(stuck, { clock, peer: { transport: 'stream', address: 'x' } })
    new Reader(connection)
    connection.send(rowsOf(1))
    const closing = connection.close()
    await clock.advance(DEFAULTS.closeTimeout)
    await closing
    expect(await connection.closed).toMatchObject({
      code: 'DS_DISCONNECTED',
      message: expect.stringContaining('did not read what was sent last'),
    })
  })

  it('a stream that throws while writing - breaks its connection, not the caller', async () => {
    const bug = new Error('bug')
    const connection = onStream(
      new Duplex({
        read: () => undefined,
        write: () => {
          throw bug
        },
      }),
    )
    new Reader(connection)
    connection.send(rowsOf(1))
    expect(await connection.closed).toBe(bug)
  })

  it('a limit on the write queue - is what the option says', async () => {
    const stuck = new Duplex({ read: () => undefined, write: () => undefined })
    const connection = connectionOf(stuck, {
      clock: new VirtualClock(),
      peer: { transport: 'stream', address: 'x' },
      writeQueue: 10,
    })
    connection.send('"12345678"\n')
    expect(await connection.closed).toMatchObject({ code: 'DS_LIMIT', ran: 'maybe' })
  })

  it('a reader that throws in drain - ends its connection with what it threw', async () => {
    const { output, connection } = made()
    const bug = new Error('bug')
    connection.open({
      row: () => undefined,
      drain: () => {
        throw bug
      },
    })
    while (connection.send(rowsOf('x'.repeat(1_000)))) expect(connection.queued).toBeGreaterThanOrEqual(0)
    output.resume()
    expect(await connection.closed).toBe(bug)
  })

  it('open - a second time is a bug of the caller, and throws', () => {
    const { connection } = made()
    new Reader(connection)
    expect(() => new Reader(connection)).toThrow(/one reader/)
  })
})
