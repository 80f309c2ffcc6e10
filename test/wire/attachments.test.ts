/** Bytes behind rows: cut anywhere, capped, hostile, and in memory of their own. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { prefixOf } from '../../lib/wire/attachments.js'
import { NO_ATTACHMENTS } from '../../lib/wire/connection.js'
import { RowReader } from '../../lib/wire/rows.js'
import { attachedOf } from '../support/rows.js'

const MIB = 1024 * 1024

type Row = readonly [value: unknown, attachments: readonly Uint8Array[]]

interface Reading {
  readonly reader: RowReader
  readonly rows: Row[]
}

/** A reader that remembers; `after` decides what `take` answers. */
function reading(most = LIMITS.attachedRow, after: (reading: Reading) => boolean = () => true): Reading {
  const rows: Row[] = []
  const made: Reading = {
    rows,
    reader: new RowReader(LIMITS.row, (row, attachments) => {
      rows.push([row, attachments])
      return after(made)
    }),
  }
  made.reader.attachmentLimit = most
  return made
}

function read(chunks: readonly Buffer[], most?: number): Row[] {
  const { reader, rows } = reading(most)
  for (const chunk of chunks) reader.push(chunk)
  return rows
}

/** The rows as they travel. */
function bytesOf(rows: readonly Row[]): Buffer {
  const pieces = rows.flatMap(([value, attachments]) => attachedOf(value, ...attachments))
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array)))
}

/** Cuts bytes at any positions. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.map((n) => n % (bytes.length + 1)), bytes.length].toSorted((x, y) => x - y)
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge))
}

/** To compare: Buffers are not equal to other arrays of bytes. */
const plain = (rows: readonly Row[]): unknown[] =>
  rows.map(([value, list]) => [value, list.map((b) => [...b])])

function codeOf(run: () => unknown): unknown {
  try {
    run()
    return null
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

// newlines and pluses are what a reader might stumble over
const odd = fc.array(fc.constantFrom(0x0a, 0x2b, 0x31, 0x20, 0x2c, 0x0d, 0x00, 0xff), { maxLength: 40 })
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  odd.map((list) => Uint8Array.from(list)),
)
const value = fc.oneof(fc.integer(), fc.string({ unit: 'binary' }), fc.constantFrom('+1 2', null, ['né☔𝄞']))
const rowsWith = fc.array(
  fc.tuple(
    value.map((one) => JSON.parse(Buffer.from(JSON.stringify(one)).toString()) as unknown),
    fc.oneof(fc.constant([]), fc.array(bytes, { maxLength: 4 })),
  ),
  { maxLength: 8 },
)

describe('attachments', () => {
  it('property - arrive equal wherever their bytes are cut', () => {
    fc.assert(
      fc.property(rowsWith, fc.array(fc.nat(), { maxLength: 40 }), (rows, at) => {
        expect(plain(read(cut(bytesOf(rows), at)))).toEqual(plain(rows))
      }),
      { numRuns: 300 },
    )
  })

  it('property - arrive equal byte by byte', () => {
    fc.assert(
      fc.property(rowsWith, (rows) => {
        expect(plain(read([...bytesOf(rows)].map((byte) => Buffer.of(byte))))).toEqual(plain(rows))
      }),
      { numRuns: 50 },
    )
  })

  it('property - a reader that pauses after any rows gives the same ones, in the same order', () => {
    fc.assert(
      fc.property(
        rowsWith,
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (rows, at, pauses) => {
          const { reader, rows: came } = reading(1_000, (made) => {
            if (pauses[made.rows.length % pauses.length]) made.reader.pause()
            return !made.reader.isPaused
          })
          for (const chunk of cut(bytesOf(rows), at)) {
            const before = came.length
            const wasPaused = reader.isPaused
            reader.push(chunk)
            if (wasPaused) expect(came).toHaveLength(before)
            if (came.length % 2 === 0) reader.resume()
          }
          while (reader.isPaused) reader.resume()
          expect(plain(came)).toEqual(plain(rows))
        },
      ),
    )
  })

  it('property - a hostile prefix is what it says, or DS_PROTOCOL or DS_LIMIT; cutting it changes nothing', () => {
    const signs = ['+', '-', ',', ' ', '0', '1', '7', '10', '9'.repeat(20), '.', 'e', '\r', 'é', '"', '\0']
    const prefix = fc.array(fc.constantFrom(...signs), { maxLength: 6 }).map((list) => `+${list.join('')}`)
    const tail = fc.constantFrom('', ' 1', '1', ' [', ' {"a":"+"}')
    fc.assert(
      fc.property(prefix, tail, fc.array(fc.nat(), { maxLength: 8 }), (head, rest, at) => {
        const sent = Buffer.concat([Buffer.from(`${head}${rest}\n`), Buffer.alloc(40, '\n')])
        const outcome = (chunks: readonly Buffer[]): unknown => {
          const { reader, rows } = reading(20)
          const code = codeOf(() => chunks.forEach((chunk) => reader.push(chunk)))
          if (code !== null) expect(['DS_PROTOCOL', 'DS_LIMIT']).toContain(code)
          return { code, rows: plain(rows) }
        }
        const whole = outcome([sent])
        expect(outcome(cut(sent, at))).toEqual(whole)
        const said = meaningOf(`${head}${rest}`)
        if (said === null) expect(whole).toMatchObject({ code: expect.any(String), rows: [] })
        else expect(whole).toEqual({ code: null, rows: [said] })
      }),
      { numRuns: 2_000 },
    )
  })

  it('property - any bytes give rows or one of two errors', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 10 }), fc.array(odd, { maxLength: 10 }), (any, odds) => {
        const chunks = [...any, ...odds.map((list) => Uint8Array.from(list))].map((list) => Buffer.from(list))
        expect([null, 'DS_LIMIT', 'DS_PROTOCOL']).toContain(codeOf(() => read(chunks, 100)))
      }),
    )
  })

  it('none - a row without attachments comes with the one empty list, that nobody can change', () => {
    const rows = read([Buffer.from('1\n+1 2\nx3\n')])
    expect(rows[0]?.[1]).toBe(NO_ATTACHMENTS)
    expect(rows[2]?.[1]).toBe(NO_ATTACHMENTS)
    expect(Object.isFrozen(NO_ATTACHMENTS)).toBe(true)
    expect(prefixOf([])).toBe('')
  })

  it('the example - of the page on the protocol is read as it says', () => {
    const sent = Buffer.from('2B332C30205B2278225D0A680A69370A', 'hex')
    expect(plain(read([sent]))).toEqual([
      [['x'], [[0x68, 0x0a, 0x69], []]],
      [7, []],
    ])
    expect(bytesOf([[['x'], [Buffer.from('h\ni'), Buffer.alloc(0)]]])).toEqual(sent.subarray(0, -2))
  })

  it('empty ones - need no byte behind them: their row comes with its newline', () => {
    expect(plain(read([Buffer.from('+0 1\n+0,0 2\n')]))).toEqual([
      [1, [[]]],
      [2, [[], []]],
    ])
  })

  it.each([
    ['+ 1', 'DS_PROTOCOL'],
    ['+', 'DS_PROTOCOL'],
    ['+1', 'DS_PROTOCOL'],
    ['+1 ', 'DS_PROTOCOL'],
    ['+1 \r', 'DS_PROTOCOL'],
    ['+1\t1', 'DS_PROTOCOL'],
    ['+1, 1', 'DS_PROTOCOL'],
    ['+,1 1', 'DS_PROTOCOL'],
    ['+1,,1 1', 'DS_PROTOCOL'],
    ['+01 1', 'DS_PROTOCOL'],
    ['+00 1', 'DS_PROTOCOL'],
    ['+-1 1', 'DS_PROTOCOL'],
    ['++1 1', 'DS_PROTOCOL'],
    ['+1.0 1', 'DS_PROTOCOL'],
    ['+1e1 1', 'DS_PROTOCOL'],
    ['+0x1 1', 'DS_PROTOCOL'],
    ['+\u0661 1', 'DS_PROTOCOL'],
    ['+1 +1 1', 'DS_PROTOCOL'],
    ['+1 {oops', 'DS_PROTOCOL'],
    [' +1 1', 'DS_PROTOCOL'],
    ['+101 1', 'DS_LIMIT'],
    ['+50,51 1', 'DS_LIMIT'],
    [`+${'9'.repeat(30)} 1`, 'DS_LIMIT'],
  ])('a bad beginning - %j is refused, as %s', (line, code) => {
    const { reader, rows } = reading(100)
    expect(codeOf(() => reader.push(Buffer.from(`"before"\n${line}\n${'\n'.repeat(200)}`)))).toBe(code)
    expect(rows).toHaveLength(1)
  })

  it('a bad beginning - of too many digits, lengths or levels is refused, as DS_LIMIT', () => {
    const tooMany = Array.from({ length: LIMITS.attachments + 1 }, () => '0').join(',')
    const tooDeep = '['.repeat(150_000) + ']'.repeat(150_000)
    const lines = [`+${'9'.repeat(100_000)} 1`, `+${tooMany} 1`, `+1 ${tooDeep}`]
    expect(lines.map((line) => codeOf(() => read([Buffer.from(`${line}\n`)])))).toEqual(
      lines.map(() => 'DS_LIMIT'),
    )
  })

  it('a bad beginning - is named by its row and shown escaped, and the error says what is right', () => {
    expect(() => read([Buffer.from('1\n+1x\u001b 2\n')])).toThrow(
      /^row 2 does not begin with the lengths .*: "\+1x\\u001b 2"\. .*"\+3,0 "/,
    )
    expect(() => read([Buffer.from('+101 1\n')], 100)).toThrow(/row 1 have more than the 100 bytes/)
  })

  it('the limits - hold to the byte and to the one', () => {
    const most = Array.from({ length: LIMITS.attachments }, () => Buffer.from('x'))
    expect(read([bytesOf([[1, most]])], LIMITS.attachments)[0]?.[1]).toHaveLength(LIMITS.attachments)
    expect(codeOf(() => read([bytesOf([[1, most]])], LIMITS.attachments - 1))).toBe('DS_LIMIT')
    expect(codeOf(() => read([bytesOf([[1, [...most, Buffer.alloc(0)]]])]))).toBe('DS_LIMIT')
    // the line is bounded as any row is, its lengths included
    const { reader } = reading()
    reader.limit = 10
    reader.push(Buffer.from('+1 "12345"\nx'))
    expect(codeOf(() => reader.push(Buffer.from('+1 "123456"\nx')))).toBe('DS_LIMIT')
  })

  it('not allowed - a "+" is no JSON, as it always was', () => {
    expect(() => read([Buffer.from('+1 1\nx')], 0)).toThrow(/row 1 is no JSON, .*: "\+1 1"/)
    expect(
      codeOf(() =>
        read(
          [...'+0 1\n'].map((byte) => Buffer.from(byte)),
          0,
        ),
      ),
    ).toBe('DS_PROTOCOL')
  })

  it('allowed - by the taker of a row, for the rows right behind it in the same chunk', () => {
    const { reader, rows } = reading(0, (made) => {
      made.reader.attachmentLimit = 100
      return true
    })
    reader.push(Buffer.from('"hello"\n1\n+4 2\n\n+1 3\n+1 4\n5\n'))
    expect(plain(rows)).toEqual([
      ['hello', []],
      [1, []],
      [2, [[...Buffer.from('\n+1 ')]]],
      [3, []],
      [4, [[...Buffer.from('5')]]],
    ])
  })

  it('stop - a taker that answers false hears no more', () => {
    const { reader, rows } = reading(100, () => false)
    reader.push(Buffer.from('+1 1\nx+1 2\nyoops\n'))
    expect(rows).toHaveLength(1)
  })

  it('memory - is their own and just as large as they are, and what was pushed may change', () => {
    const sent = bytesOf([[1, [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(3 * MIB, 'z')]]])
    const [[, list]] = read([sent.subarray(0, 20), sent.subarray(20, 2 * MIB), sent.subarray(2 * MIB)]) as [
      Row,
    ]
    sent.fill(0)
    expect(list.map((one) => [one.length, one.byteOffset, one.buffer.byteLength])).toEqual(
      [3, 0, 3 * MIB].map((size) => [size, 0, size]),
    )
    expect(new Set(list.map((one) => one.buffer)).size).toBe(3)
    expect([String(list[0]), list[2]?.every((byte) => byte === 0x7a)]).toEqual(['abc', true])
  })

  it('memory - is claimed when bytes come, not when they are announced', () => {
    const claimed = vi.spyOn(Buffer, 'allocUnsafeSlow')
    const sizes = (): number[] => claimed.mock.calls.splice(0).map(([size]) => size)
    const { reader } = reading()
    reader.push(Buffer.from(`+${LIMITS.attachedRow} 1\n`))
    const announced = sizes()
    let came = 0
    let most = 0
    for (const size of [1, 1_000, MIB, MIB, MIB, 4 * MIB]) {
      reader.push(Buffer.alloc(size))
      came += size
      most = Math.max(0, ...sizes(), most)
      expect(most).toBeLessThanOrEqual(Math.max(MIB, came * 4))
    }
    claimed.mockRestore()
    expect([announced, most]).toEqual([[], LIMITS.attachedRow])
  })

  it('memory - of large ones in many pieces is copied less than twice', () => {
    const set = vi.spyOn(Uint8Array.prototype, 'set')
    const { reader, rows } = reading()
    reader.push(Buffer.from(`+${LIMITS.attachedRow} 1\n`))
    const piece = Buffer.alloc(65_536)
    for (let i = 0; i < 256; i++) reader.push(piece)
    const copied = set.mock.calls.reduce((sum, [from]) => sum + from.length, 0)
    set.mockRestore()
    expect(rows).toHaveLength(1)
    expect(copied).toBeGreaterThanOrEqual(LIMITS.attachedRow)
    expect(copied).toBeLessThan(1.5 * LIMITS.attachedRow)
  })

  it('a chunk - of rows with and without attachments in turn is looked through once, not once a row', () => {
    const decode = vi.spyOn(Buffer.prototype, 'toString')
    const sent = Buffer.from('1\n+1 2\n\n'.repeat(5_000))
    const rows = read([sent])
    const decoded = decode.mock.results.reduce((sum, { value: text }) => sum + String(text).length, 0)
    decode.mockRestore()
    expect(rows).toHaveLength(10_000)
    expect(decoded).toBeLessThan(sent.length)
  })

  it('place - says what would be cut', () => {
    const { reader } = reading()
    const places = ['1\n', '+3,40 {"a"', ':1}\n', 'abc', '12\n', 'x'.repeat(37)].map((text) => {
      reader.push(Buffer.from(text))
      return [reader.place, reader.pending]
    })
    expect(places).toEqual([
      [null, 0],
      ['a row, after 10 bytes', 10],
      ['attachment 1 of 2 of row 2, after 0 of 3 bytes', 0],
      ['attachment 2 of 2 of row 2, after 0 of 40 bytes', 3],
      ['attachment 2 of 2 of row 2, after 3 of 40 bytes', 6],
      [null, 0],
    ])
  })

  it('drop - lets go of everything', () => {
    const { reader } = reading()
    reader.push(Buffer.from('+3 1\nab'))
    reader.drop()
    expect([reader.place, reader.pending]).toEqual([null, 0])
  })
})

/** What a line with a prefix says, where 20 bytes are allowed and all are newlines; null: it breaks a rule. */
function meaningOf(line: string): unknown {
  const [, lengths, json] = /^\+((?:(?:0|[1-9]\d*),)*(?:0|[1-9]\d*)) (.*)$/s.exec(line) ?? []
  const sizes = (lengths ?? '21').split(',').map(Number)
  if (sizes.reduce((sum, size) => sum + size, 0) > 20) return null
  try {
    return [JSON.parse(json ?? ''), sizes.map((size) => Array.from({ length: size }, () => 0x0a))]
  } catch {
    return null
  }
}
