/** Bytes to rows: cut anywhere, capped, malformed. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { excessOf } from '../../lib/wire/nesting.js'
import { quote } from '../../lib/wire/quote.js'
import { RowReader } from '../../lib/wire/rows.js'

/** Reads `chunks` as one connection would. */
function read(chunks: readonly Buffer[], limit = 1_000_000): unknown[] {
  const rows: unknown[] = []
  const reader = new RowReader(limit, (row) => rows.push(row) > 0)
  for (const chunk of chunks) reader.push(chunk)
  return rows
}

/** Cuts bytes at any positions. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.map((n) => n % (bytes.length + 1)), bytes.length].toSorted((x, y) => x - y)
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge))
}

const text = fc.string({ unit: 'binary' })
const values = fc.array(fc.oneof(text, fc.jsonValue(), fc.constant('né☔𝄞')), { maxLength: 8 })
const newline = fc.constantFrom('\n', '\r\n', '\n\n', '\n\r\n')

describe('rows', () => {
  it('property - arrive whole wherever their bytes are cut', () => {
    fc.assert(
      fc.property(values, newline, fc.array(fc.nat(), { maxLength: 40 }), (list, end, at) => {
        const bytes = Buffer.from(list.map((value) => JSON.stringify(value) + end).join(''))
        // what JSON and UTF-8 themselves do to a value (-0, lone surrogates) is not ours
        const expected = list.map(
          (value) => JSON.parse(Buffer.from(JSON.stringify(value)).toString()) as unknown,
        )
        expect(read(cut(bytes, at))).toEqual(expected)
      }),
    )
  })

  it('property - arrive whole byte by byte', () => {
    fc.assert(
      fc.property(values, (list) => {
        const bytes = Buffer.from(list.map((value) => `${JSON.stringify(value)}\n`).join(''))
        expect(read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(read([bytes]))
      }),
      { numRuns: 50 },
    )
  })

  it('property - the limit holds to the byte, wherever the row is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.array(fc.nat(), { maxLength: 5 }), (limit, at) => {
        const fits = Buffer.from(`1\n"${'é'.repeat((limit - 2) >> 1)}${'x'.repeat(limit % 2)}"\n`)
        const tooLong = Buffer.concat([Buffer.from(`1\n`), Buffer.alloc(limit + 1, '2'), Buffer.from('\n')])
        expect(read(cut(fits, at), limit)).toHaveLength(2)
        expect(() => read(cut(tooLong, at), limit)).toThrow(expect.objectContaining({ code: 'DS_LIMIT' }))
      }),
    )
  })

  it('property - a reader that pauses after any rows gives the same ones, in the same order', () => {
    fc.assert(
      fc.property(
        values,
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.integer({ min: 20, max: 2_000 }),
        (list, at, pauses, limit) => {
          const bytes = Buffer.from(list.map((value) => `${JSON.stringify(value)}\r\n`).join(''))
          fc.pre(list.every((value) => Buffer.byteLength(JSON.stringify(value)) < limit))
          const rows: unknown[] = []
          const reader = new RowReader(limit, (row) => {
            if (pauses[rows.push(row) % pauses.length]) reader.pause()
            return !reader.isPaused
          })
          for (const chunk of cut(bytes, at)) {
            reader.push(chunk)
            const before = rows.length
            if (reader.isPaused) reader.push(Buffer.alloc(0))
            expect(rows).toHaveLength(before)
            if (rows.length % 2 === 0) reader.resume()
          }
          while (reader.isPaused) reader.resume()
          expect(rows).toEqual(read([bytes]))
        },
      ),
    )
  })

  it('property - any bytes give rows or one of two errors', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { maxLength: 10 }), (chunks) => {
        try {
          read(
            chunks.map((chunk) => Buffer.from(chunk)),
            100,
          )
        } catch (error) {
          expect(['DS_LIMIT', 'DS_PROTOCOL']).toContain((error as { code?: unknown }).code)
        }
      }),
    )
  })

  it('property - nesting is counted outside of strings', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    const odd = fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', ']', '}', 'a') })
    const tree = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 6 }, odd, fc.array(tie('node')), fc.dictionary(odd, tie('node'))),
    })).node
    fc.assert(
      fc.property(tree, fc.boolean(), (value, isSpaced) => {
        const json = JSON.stringify(value, null, isSpaced ? 1 : 0)
        const depth = depthOf(value)
        const at = (levels: number): unknown => excessOf(json, { levels, values: Infinity })
        expect([at(depth), depth > 0 ? at(depth - 1) : 'levels']).toEqual([null, 'levels'])
      }),
    )
  })

  it('nested - a row of brackets is refused before it is parsed, a flat one of any length is not', () => {
    const deep = '['.repeat(150_000) + ']'.repeat(150_000)
    expect(() => read([Buffer.from(`${deep}\n`)])).toThrow(expect.objectContaining({ code: 'DS_LIMIT' }))
    const flat = JSON.stringify(Array.from({ length: 50_000 }, () => [['[[[,,,']]))
    expect(read([Buffer.from(`${flat}\n`)])).toHaveLength(1)
  })

  it('a row of too many values is refused before it is parsed', () => {
    const many = JSON.stringify(Array.from({ length: 210_000 }, () => 0))
    expect(() => read([Buffer.from(`${many}\n`)])).toThrow('more than 200000 values')
  })

  it('a thousand in one chunk', () => {
    const list = Array.from({ length: 1_000 }, (_, i) => ({ method: i, arguments: ['né'] }))
    expect(read([Buffer.from(list.map((row) => `${JSON.stringify(row)}\n`).join(''))])).toEqual(list)
  })

  it('one in a thousand chunks', () => {
    const long = 'ü☔'.repeat(50_000)
    const bytes = Buffer.from(`${JSON.stringify(long)}\n`)
    const size = Math.ceil(bytes.length / 1_000)
    const chunks = Array.from({ length: 1_000 }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
    expect(read(chunks)).toEqual([long])
  })

  it('many pieces - are copied a few times each at most, not once per piece', () => {
    const copy = vi.spyOn(Buffer.prototype, 'copy')
    const reader = new RowReader(1_000_000, () => true)
    for (let i = 0; i < 1_000; i++) reader.push(Buffer.alloc(1_000, '1'))
    const copied = copy.mock.results.reduce((sum, { value }) => sum + (value as number), 0)
    copy.mockRestore()
    expect(copied).toBeGreaterThanOrEqual(1_000_000)
    expect(copied).toBeLessThan(4_000_000)
  })

  it('empty - rows and chunks are nothing', () => {
    expect(read([Buffer.from('\n\r\n\n1\n\n'), Buffer.alloc(0), Buffer.from('\r\n2\r\n')])).toEqual([1, 2])
  })

  it('unfinished - a row without its newline is pending, and no row', () => {
    const rows: unknown[] = []
    const reader = new RowReader(100, (row) => rows.push(row) > 0)
    reader.push(Buffer.from('1\n{"a"'))
    expect([rows, reader.pending]).toEqual([[1], 4])
    reader.push(Buffer.from(':1}\n'))
    expect([rows, reader.pending]).toEqual([[1, { a: 1 }], 0])
  })

  it('limit - is checked before a row is whole', () => {
    const reader = new RowReader(10, () => true)
    reader.push(Buffer.alloc(10, '1'))
    expect(() => reader.push(Buffer.from('1'))).toThrow(/row 1 has 11 bytes or more, and 10 are allowed/)
  })

  it('limit - raised by the taker of a row, holds for the rows behind it in the same chunk', () => {
    const rows: unknown[] = []
    const reader = new RowReader(10, (row) => {
      reader.limit = 100
      return rows.push(row) > 0
    })
    const long = '1'.repeat(50)
    reader.push(Buffer.from(`"hello"\n"${long}"\n"${long}`))
    reader.push(Buffer.from('"\n'))
    expect(rows).toEqual(['hello', long, long])
  })

  it('stop - a taker that answers false hears no more', () => {
    const rows: unknown[] = []
    const reader = new RowReader(100, (row) => rows.push(row) < 2)
    reader.push(Buffer.from('1\n2\n3\noops\n'))
    expect(rows).toEqual([1, 2])
  })

  it.each([
    ['1\n\n2\n{oops\n4\n', /^row 3 is no JSON, ".*": "\{oops"\. /],
    ['POST / HTTP/1.1\r\nhost: x\r\n\r\n', /^row 1 is no JSON, .*: "POST \/ HTTP\/1\.1\\r"/],
    ['"\u001b[2J\u009b31m\u202e\n', /: "\\"\\u001b\[2J\\u009b31m\\u202e"\. /],
    [`${'x'.repeat(200)}\n`, new RegExp(`: "${'x'.repeat(80)}"…`)],
    ['undefined\n', /row 1/],
    ['\ufeff1\n', /: "\\ufeff1"/],
    ['1 2\n', /: "1 2"/],
  ])('malformed - %j is named by its number and shown escaped', (sent, message) => {
    expect(() => read([Buffer.from(sent)])).toThrow(
      expect.objectContaining({ code: 'DS_PROTOCOL', message: expect.stringMatching(message) }),
    )
  })

  it('malformed - bytes that are not UTF-8 are refused, not replaced; rows before them count', () => {
    const rows: unknown[] = []
    const reader = new RowReader(100, (row) => rows.push(row) > 0)
    const bytes = Buffer.concat([Buffer.from('1\n"n'), Buffer.of(0xe9), Buffer.from('"\n2\n')])
    expect(() => reader.push(bytes)).toThrow(/row 2 is not UTF-8: "\\"né\\""/)
    expect(rows).toEqual([1])
  })

  it('quote - leaves short plain text alone', () => {
    expect([quote('né'), quote('abc', 2)]).toEqual(['"né"', '"ab"…'])
  })
})
