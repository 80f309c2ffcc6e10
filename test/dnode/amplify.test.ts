/** A peer's few bytes must not become many of ours: what links repeat is counted while it is copied, not when it was written. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { Exports } from '../../lib/dnode/refs/exports.js'
import { CLASSIC_LIMITS, scrub } from '../../lib/dnode/scrub.js'
import { methodsRow, two, withRaw } from './pair.js'

type Method = (...args: unknown[]) => unknown

/** One argument of `size` characters, which links repeat in a list `times`. */
function repeated(size: number, times: number): { values: [object]; links: object[] } {
  const links = Array.from({ length: times }, (_, i) => ({ from: ['0', 's'], to: ['0', 'l', i] }))
  return { values: [{ s: 'x'.repeat(size), l: [] }], links }
}

/** The same text so often, as a method may have it in its hand. */
const often = (size: number, times: number): string[] => {
  const text = 'x'.repeat(size)
  return Array.from({ length: times }, () => text)
}

/** Calls a method of ours as a classic peer; answers whether it ran, what it answered, and of what the message failed. */
async function called(method: Method, values: unknown[], links: object[]) {
  const fails: (Error & { code?: string })[] = []
  let ran = 0
  const api = { f: (...args: unknown[]) => (ran++, method(...args)) }
  const { rows, send } = await withRaw(api, { onFail: (error) => fails.push(error) })
  const callbacks = { 5: [String(values.length)] }
  await send(methodsRow(false), { method: 0, arguments: [...values, ''], callbacks, links })
  return { ran, fails, answer: rows[1] }
}

describe('amplify - links of a peer', () => {
  it('a call whose links repeat more text than a row has is refused before its method runs', async () => {
    const { values, links } = repeated(30_000, 900)
    const { ran, fails } = await called(() => 1, values, links)
    expect([ran, fails]).toMatchObject([0, [{ code: 'DS_LIMIT' }]])
    expect(fails[0]?.message).toContain('repeat')
  })

  it('keys count as text does', async () => {
    const links = Array.from({ length: 90 }, (_, i) => ({ from: ['0', 'o'], to: ['0', 'l', i] }))
    const { ran } = await called(() => 1, [{ o: { ['k'.repeat(20_000)]: 1 }, l: [] }], links)
    expect(ran).toBe(0)
  })

  it('links that repeat what fits into a row are followed', async () => {
    const { values, links } = repeated(1_000, 900)
    const { answer } = await called((x) => (x as { l: string[] }).l.join('').length, values, links)
    expect(answer).toMatchObject({ method: 5, arguments: [null, 900_000] })
  })
})

describe('amplify - tags of a peer', () => {
  const again = (n: number, times: number): object[] =>
    Array.from({ length: times }, () => ({ $: ['ref', n] }))
  const long = 'x'.repeat(900_000)

  it.each<[string, unknown]>([
    ['a text', [[long], again(1, 100)]],
    ['a key', [{ [long]: 1 }, again(1, 100)]],
    ['a text in a map', [{ $: ['map', [['k', long]]] }, again(1, 100)]],
    ['a key of a map', [{ $: ['map', [[long, 'v']]] }, again(1, 100)]],
    ['a text in a set', [{ $: ['set', [long]] }, again(1, 100)]],
    ['a url', [{ $: ['url', `http://x/${long}`] }, again(1, 100)]],
    ['an error', [{ $: ['error', { name: 'E', message: long }] }, again(1, 100)]],
    ['what is repeated', [[long], again(1, 5), again(2, 20)]],
  ])(
    'a call whose tags repeat %s beyond all measure is refused before its method runs',
    async (_what, value) => {
      let ran = 0
      const { rows, send } = await withRaw({ f: () => ++ran })
      await send(methodsRow(), [['call', 1, 0, value]])
      expect(rows.at(-1)).toMatchObject([['error', 1, { code: 'DS_LIMIT', ran: 'no' }]])
      expect([JSON.stringify(rows.at(-1)).includes('repeats more than'), ran]).toEqual([true, 0])
    },
  )

  it('what is shared as often as anybody needs arrives', async () => {
    const { client } = await two({ echo: (x: unknown) => x, size: (x: unknown) => JSON.stringify(x).length })
    const shared = { text: 'x'.repeat(10_000) }
    const value = Array.from({ length: 1_000 }, () => shared)
    const outcome = await client.call('echo', [value], { timeout: 1_000 })
    expect(outcome).toMatchObject({ ok: true })
    expect(new Set((outcome as { value: unknown[] }).value).size).toBe(1)
  })
})

describe('amplify - what we write', () => {
  it.each([
    ['to a dialect peer', LIMITS, 300_000, 200],
    ['to a classic peer', CLASSIC_LIMITS, 900_000, 700],
  ])('stops copying where the text alone is too long: %s', (_name, limits, size, times) => {
    let looks = 0
    const values = often(size, times).map((text) => ({
      get text() {
        looks++
        return text
      },
    }))
    const to = { exports: new Exports(), limits, root: 'result' } as const
    expect(() => scrub([values], to)).toThrow(/longer than/)
    expect(looks).toBeLessThanOrEqual(Math.ceil(limits.row / size))
    expect(() => scrub(often(size, times), to)).toThrow(/longer than/)
  })

  it('a dialect peer is not sent what no row of its could hold: the text is not even made', async () => {
    const big = often(900_000, 700)
    const { client } = await two({ big: () => big, echo: (x: unknown) => x })
    const failed = { ok: false, error: { code: 'DS_LIMIT' } }
    expect(await client.call('big', [], { timeout: 1_000 })).toMatchObject(failed)
    expect(await client.call('echo', [big], { timeout: 1_000 })).toMatchObject(failed)
    const numbers = Array.from({ length: 99_000 }, () => 0)
    expect(await client.call('echo', [numbers], { timeout: 1_000 })).toEqual({ ok: true, value: numbers })
  })

  it('a classic peer is not sent what it had repeated either', async () => {
    const big = often(900_000, 700)
    const { raw, rows, session, send } = await withRaw({ big: (cb: Method) => cb(null, big) })
    await send(methodsRow(false), { method: 0, arguments: ['[Function]'], callbacks: { 5: ['0'] } })
    expect(rows.at(-1)).toMatchObject({ method: 5, arguments: [{ code: 'DS_LIMIT' }] })
    expect([session.isClosed, raw.isClosed]).toEqual([false, false])
  })

  it('a cycle behind a long key is as long as its paths: nothing that the peer does not take is written', async () => {
    const cyclic = (): object => {
      const value: Record<string, unknown[]> = {}
      value['K'.repeat(8_000)] = Array.from({ length: 80 }, () => value)
      return value
    }
    const functions = (): object => ({
      ['K'.repeat(8_000)]: Array.from({ length: 150 }, (_, i) => () => i),
    })
    const { raw, rows, send } = await withRaw({ cyclic, functions, slow: () => Promise.resolve('ok') })
    raw.rowLimit = LIMITS.row
    const each = [0, 1, 0, 1, 0, 1].map((ref, id) => ['call', id, ref])
    await send(methodsRow(), [...each, ['call', 9, 2]])
    expect(raw.isClosed).toBe(false)
    const answers = rows.slice(1).flat() as [kind: string, id: number][]
    expect(answers.filter(([kind]) => typeof kind === 'string').map(([, id]) => id)).toContain(9)
  })

  it('a batch that is longer than its parts were thought to be is sent in parts', async () => {
    const { session, raw, rows, send } = await withRaw({})
    const { dservice } = methodsRow() as { dservice: { limits: object } }
    const limits = { ...dservice.limits, row: LIMITS.helloRow }
    raw.rowLimit = LIMITS.helloRow
    await send({ ...methodsRow(), dservice: { ...dservice, limits } })
    for (let id = 0; id < 30; id++) {
      session.parts.writer.oneWay(`$${'\u0001'.repeat(1_000)}`, [id], null)
    }
    await send()
    expect(raw.isClosed).toBe(false)
    expect(rows.slice(1).flat()).toHaveLength(30)
  })
})
