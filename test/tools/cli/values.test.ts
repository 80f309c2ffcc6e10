import { describe, expect, it } from 'vitest'
import { isJson, jsonable, valueText } from '../../../lib/tools/cli/values.js'

const ring: { self?: unknown } = {}
ring.self = ring

describe('values', () => {
  it.each<[unknown, string]>([
    ['BOOP', '"BOOP"'],
    [5, '5'],
    [null, 'null'],
    [{ a: [1] }, '{\n  "a": [\n    1\n  ]\n}'],
    [undefined, 'undefined'],
    [5n, '5n'],
    [new Map([[1, 2]]), 'Map(1) { 1 => 2 }'],
    [[undefined], '[ undefined ]'],
  ])('values - %s is shown as JSON where JSON can say it', (value, text) => {
    expect(valueText(value)).toBe(text)
  })

  it.each<[unknown, unknown]>([
    [undefined, null],
    [Number.NaN, Number.NaN],
    [5n, '5'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), null],
    [new Uint8Array([1, 2]), 'AQI='],
    [new Map([['a', 1n]]), [['a', '1']]],
    [new Set([1]), [1]],
    [Object.assign(new TypeError('x'), { code: 'E' }), { name: 'TypeError', message: 'x', code: 'E' }],
    [() => 5, '[function]'],
    [ring, { self: '[circular]' }],
  ])('values - %s has a JSON form', (value, json) => {
    expect(jsonable(value)).toEqual(json)
    expect(typeof JSON.stringify(jsonable(value))).toBe('string')
  })

  it('values - a shared object is no cycle', () => {
    const shared = { a: 1 }
    expect(isJson([shared, shared])).toBe(true)
    expect(jsonable([shared, shared])).toEqual([{ a: 1 }, { a: 1 }])
  })

  it('values - depth is bounded', () => {
    let deep: unknown = 1
    for (let at = 0; at < 10_000; at++) deep = [deep]
    expect(isJson(deep)).toBe(false)
    expect(JSON.stringify(jsonable(deep))).toContain('[too deep]')
  })
})
