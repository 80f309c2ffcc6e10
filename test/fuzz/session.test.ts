/**
 * Rows that nobody would write: recorded ones, mutated by a seed, against a session in both codecs. FUZZ_SECONDS and
 * FUZZ_SEED make it longer, or the same again.
 */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { methodsRow, withRaw } from '../dnode/pair.js'

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 2)
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122)

type Method = (...args: unknown[]) => void

/** What real peers write after their methods row. */
const CORPUS = [
  '{"method":0,"arguments":["beep","[Function]"],"callbacks":{"0":["1"]},"links":[]}',
  '{"method":0,"arguments":[{"a":1,"me":"[Circular]"},"[Function]"],"callbacks":{"1":["1"]},"links":[{"from":["0"],"to":["0","me"]}]}',
  '{"method":"echo","arguments":[[{"b":[null,true,1.5e300]}]],"callbacks":{"2":[0,0,"b",1]}}',
  '{"method":"cull","arguments":[0,1,2]}',
  '{"method":"methods","arguments":[{"f":"[Function]"}],"callbacks":{"9":["0","f"]}}',
  '[{"method":0,"arguments":["beep"],"id":0},{"method":"$describe","id":1}]',
  '[{"answer":0,"arguments":[{"deep":[1,2,3]}]},{"error":1,"arguments":[{"name":"TypeError","message":"x","code":"E","ran":"yes","properties":{"a":1},"cause":{"name":"Error","message":"y","ran":"no"}}]}]',
  '[{"changed":{"state":"ready","revision":2}},{"method":1,"arguments":["[Function]"],"callbacks":{"4":["0"]},"id":3}]',
]

/** Values that are where they should not be. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 31,
  1e308,
  '',
  '0',
  '__proto__',
  'then',
  'length',
  'x'.repeat(50),
  [],
  {},
  [null],
  { then: 1 },
  ['0', 'a'],
  { '0': ['0'] },
]

/** Chance, by the seed. */
class Chance {
  readonly #clock: VirtualClock

  constructor(seed: number) {
    this.#clock = new VirtualClock(seed)
  }

  below(n: number): number {
    return Math.floor(this.#clock.random() * n)
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

/** Changes one place of a JSON value. */
function mutate(value: unknown, chance: Chance): unknown {
  if (typeof value !== 'object' || value === null || chance.below(6) === 0) return chance.of(ODD)
  const entries = Object.entries(value)
  const which = chance.below(entries.length + 1)
  const [key, old] = entries[which] ?? [
    chance.of(['method', 'id', 'answer', 'error', 'callbacks', 'links', 'arguments', '0', '__proto__']),
    chance.of(ODD),
  ]
  const changed = chance.below(8) === 0 ? [] : [[key, mutate(old, chance)] as const]
  const rest = entries.filter(([name]) => name !== key)
  return Array.isArray(value)
    ? [...rest, ...changed].map(([, item]) => item)
    : Object.fromEntries([...rest, ...changed])
}

function mutated(chance: Chance): string {
  let row: unknown = JSON.parse(chance.of(CORPUS))
  for (let i = chance.below(4); i >= 0; i--) row = mutate(row, chance)
  const text = JSON.stringify(row) ?? 'null'
  // by hand, since an object literal would set the prototype
  return chance.below(10) === 0 ? text.replace(/"(a|f|0)":/, '"__proto__":') : text
}

/** Feeds one session until it ends; answers how many rows it took. */
async function feed(chance: Chance, isDialect: boolean, rows: number): Promise<number> {
  const thrown: unknown[] = []
  const api = {
    echo: (x: unknown, cb: unknown) => (typeof cb === 'function' ? (cb as Method)(x) : x),
    later: async (x: unknown) => x,
    walk: (x: unknown) => {
      JSON.stringify(x)
      throw new Error('walked')
    },
    call: (cb: Method) => cb(cb),
  }
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object) => thrown.push(fields),
  }
  const { session, send, rows: written } = await withRaw(api, { logger })
  await send(methodsRow(isDialect))
  const outcome = session.call('$x', [], { timeout: 1_000 })
  for (let n = 0; n < rows && !session.isClosed; n += 50) {
    await send(...Array.from({ length: 50 }, () => mutated(chance)))
  }
  if (!session.isClosed) {
    written.length = 0
    await send({ method: 'later', arguments: ['still here', ''], callbacks: { 99: [1] } })
    const alive = written.flat().filter((row) => JSON.stringify(row).includes('still here'))
    expect(alive).toHaveLength(1)
  }
  session.destroy(new Error('done'))
  await outcome
  expect(thrown).toEqual([])
  expect(session.references).toEqual({ exported: 0, imported: 0 })
  expect(session.pending).toBe(0)
  return rows
}

describe('fuzz - session', () => {
  it(
    `fuzz - mutated rows end in answers, fails or a closed session, for ${SECONDS} s (seed ${SEED})`,
    { timeout: (SECONDS + 60) * 1_000 },
    async () => {
      const until = performance.now() + SECONDS * 1_000
      const chance = new Chance(SEED)
      let fed = 0
      for (let round = 0; round === 0 || performance.now() < until; round++)
        fed += await feed(chance, round % 2 === 0, 500)
      expect(fed).toBeGreaterThan(0)
    },
  )
})
