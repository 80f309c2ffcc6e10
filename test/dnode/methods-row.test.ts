/** An api that takes too much to tell: refused where it is served, and not by every peer. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { checkMethodsRow } from '../../lib/dnode/methods-row.js'
import type { Api } from '../../lib/dnode/session.js'
import { hello, IDENTITY, two, withRaw } from './pair.js'

const table = (n: number): number[] => Array.from({ length: n }, (_, i) => i * 1_000)

/** The largest table that a peer still takes. */
function largest(): number {
  let [fits, fails] = [0, LIMITS.helloRow]
  while (fails - fits > 1) {
    const n = (fits + fails) >> 1
    try {
      checkMethodsRow({ look: () => 1, table: table(n) }, hello(IDENTITY))
      fits = n
    } catch {
      fails = n
    }
  }
  return fits
}

describe('methods row', () => {
  it('methods row - of what is too large the largest part is named', () => {
    const api = { look: () => 1, small: table(10), 'the table': table(9_000) }
    expect(() => checkMethodsRow(api, hello(IDENTITY))).toThrow(
      expect.objectContaining({
        code: 'DS_LIMIT',
        message: expect.stringMatching(/most of them are "the table"/) as string,
        details: expect.objectContaining({ largest: 'the table', limit: LIMITS.helloRow }) as object,
      }),
    )
  })

  it('methods row - what passes is taken by a peer, and one value more is not', async () => {
    const n = largest()
    const pair = await two({ look: () => 1, table: table(n) })
    expect(pair.client.methods).toEqual(['look'])
    const errors: Error[] = []
    const api = { look: () => 1, table: table(n + 1) }
    const { session } = await withRaw(api, { onError: (error) => errors.push(error) })
    expect(await session.closed).toMatchObject({ code: 'DS_LIMIT', details: { largest: 'table' } })
    expect(errors).toHaveLength(1)
  })

  it('methods row - as many methods as a peer takes may be idempotent, and not one more', () => {
    const said = (count: number) => ({
      ...hello(IDENTITY),
      idempotent: Array.from({ length: count }, () => 'x'),
    })
    expect(checkMethodsRow({ x: () => 1 }, said(1_000))).toBe(undefined)
    expect(() => checkMethodsRow({ x: () => 1 }, said(1_001))).toThrow(
      expect.objectContaining({ code: 'DS_LIMIT', details: { count: 1_001, limit: 1_000 } }),
    )
  })

  it('methods row - of a constructor is known at its session, and told to the owner there', async () => {
    const api: Api = () => ({ look: () => 1, table: table(9_000) })
    expect(checkMethodsRow(api, hello(IDENTITY))).toBe(undefined)
    const errors: Error[] = []
    const { session } = await withRaw(api, { onError: (error) => errors.push(error) })
    await session.closed
    expect(errors).toMatchObject([{ code: 'DS_LIMIT', details: { largest: 'table' } }])
  })

  it('methods row - what cannot travel is refused as well', () => {
    expect(() => checkMethodsRow({ look: () => 1, big: 1n }, hello())).not.toThrow()
    expect(() => checkMethodsRow({ look: () => 1, __proto__: null, prototype: 1 }, hello())).toThrow(
      expect.objectContaining({ code: 'DS_UNSENDABLE' }),
    )
  })
})
