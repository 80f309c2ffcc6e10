/** The mutator itself: the same seed does the same, rounds pass, and what is wrong is seen. */
import { describe, expect, it } from 'vitest'
import { CASES, roundsOf } from './cases.js'
import { seedOf } from './chance.js'
import { readCorpus } from './corpus.js'
import { packetsOf, planOf } from './mutate.js'
import { answersIn, badAnswers, badArguments, callsIn } from './oracle.js'
import { shrink } from './shrink.js'

const ROUNDS = 25
const SEED = 20_261_122

const corpus = readCorpus()
const target = { victim: 'server', codec: 'dialect' } as const
const seeds = Array.from({ length: 200 }, (_, i) => seedOf(SEED, i))
const METHODS = '{"method":"methods","arguments":[{}]}\n'

describe('fuzz - plans', () => {
  it('fuzz - the same seed makes the same plan, another one another', () => {
    const plan = planOf(target, SEED, corpus)
    expect(planOf(target, SEED, corpus)).toEqual(plan)
    expect(packetsOf(plan)).toEqual(packetsOf(plan))
    const texts = seeds.map((seed) =>
      Buffer.concat([...planOf(target, seed, corpus).rows]).toString('latin1'),
    )
    expect(new Set(texts).size).toBeGreaterThan(150)
  })

  it('fuzz - packets are the bytes of the rows, cut', () => {
    for (const seed of seeds.slice(0, 50)) {
      const plan = planOf(target, seed, corpus)
      expect(Buffer.concat(packetsOf(plan)).equals(Buffer.concat([...plan.rows]))).toBe(true)
    }
  })

  it('fuzz - every kind of packets, of ending and of reading comes', () => {
    const plans = seeds.map((seed) => planOf(target, seed, corpus))
    expect(new Set(plans.map(({ packets }) => packets)).size).toBe(4)
    expect(new Set(plans.map(({ ending }) => ending)).size).toBe(4)
    expect(new Set(plans.map(({ isReading }) => isReading)).size).toBe(2)
  })

  it('fuzz - a plan that fails is made as small as it fails', async () => {
    const plan = planOf(target, seedOf(SEED, 1), corpus)
    const rows = [...plan.rows, Buffer.from('the culprit'), ...plan.rows]
    const small = await shrink({ ...plan, rows }, async (smaller) =>
      smaller.rows.some((row) => row.toString() === 'the culprit'),
    )
    expect(small.rows.map(String)).toEqual(['the culprit'])
  })
})

describe('fuzz - rounds', () => {
  it.each(CASES)('fuzz - nothing goes wrong in some rounds of $name', { timeout: 60_000 }, async (one) => {
    const rounds = await roundsOf(one, corpus)
    for (let n = 0; n < ROUNDS; n++) {
      const plan = rounds.planOf(seedOf(SEED, n))
      const { problem } = await rounds.play(plan)
      expect(problem, `FUZZ_ROUND=${one.name}:${plan.seed} node dist/test/fuzz/run.js`).toBeNull()
    }
  })
})

describe('fuzz - what is seen', () => {
  it.each([
    ['another prototype', Object.create({ isAdmin: true }) as object],
    ['a reserved key', JSON.parse('{"__proto__":1}') as object],
    ['a thenable', { then: () => 1 }],
    ['too deep', JSON.parse('['.repeat(90) + ']'.repeat(90)) as object],
    ['too many', Array.from({ length: 100_100 }, () => 0)],
  ])('fuzz - %s in arguments', (_name, value) => {
    expect(badArguments([{ inside: value }])).not.toBeNull()
    expect(badArguments([{ inside: [1, { a: null }] }, () => 1])).toBeNull()
  })

  it('fuzz - a call that is answered twice, never, or was not made', () => {
    const calls = callsIn(Buffer.from(`${METHODS}[["call",1,0],[{},"call",2,0]]\n`))
    const answered = (rows: string, running: number): string | null => {
      const answers = answersIn(Buffer.from(METHODS + rows))
      return typeof answers === 'string' || !calls ? 'unread' : badAnswers(calls, answers, running)
    }
    const both = '[["answer",1],["answer",2]]\n'
    expect(answered(both, 0)).toBeNull()
    expect(answered(both + both, 0)).toContain('answered 2 times')
    expect(answered('[["answer",1]]\n', 0)).toContain('1 calls have no answer')
    expect(answered('[["answer",1]]\n', 1)).toBeNull()
    expect(answered('[["answer",7]]\n', 2)).toContain('made 0 times')
  })

  it('fuzz - a victim that writes what is no row, or no message', () => {
    for (const rows of ['{]\n', '[["answer",-1]]\n', '{"method":"methods","arguments":[{}]}\n']) {
      expect(answersIn(Buffer.from(METHODS + rows))).toEqual(expect.any(String))
    }
    expect(answersIn(Buffer.from('[["ping"]]\n'))).toContain('row 1')
  })
})
