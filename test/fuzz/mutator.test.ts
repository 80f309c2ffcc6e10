/** The mutator itself: the same seed does the same, rounds pass, and what is wrong is seen. */
import { describe, expect, it } from 'vitest'
import { CASES, roundsOf } from './cases.js'
import { isId, isObject } from '../../lib/dnode/check.js'
import { readDialect } from '../../lib/dnode/dialect/read.js'
import { Chance, seedOf } from './chance.js'
import { partsOf, readCorpus, rowsOf } from './corpus.js'
import { mutateDialect } from './mutate-dialect.js'
import { packetsOf, planOf } from './mutate.js'
import { answersIn, badAnswers, badArguments, badOutcome, callsIn } from './oracle.js'
import { shrink } from './shrink.js'
import { TAGS } from './tags.js'

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

  it('fuzz - attachments are sent, whole and not, with prefixes that are none, and where none may be', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => planOf(target, seedOf(SEED, i), corpus))
    const rows = many.flatMap(({ rows: all }) => all.map((row) => row.toString('latin1')))
    const has = (pattern: RegExp): boolean => rows.some((row) => pattern.test(row))
    expect(has(/^\+\d+(,\d+)* \[\[/)).toBe(true)
    expect(has(/^\+(,|01|-1| )/)).toBe(true)
    expect(has(/^\+[\d,]*16777217/)).toBe(true)
    expect(has(/^\+[\d,]*(,0){200}/)).toBe(true)
    expect(has(/^\[\[.*\]\]\n./)).toBe(true)
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

describe('fuzz - messages of the dialect', () => {
  const rows = corpus
    .filter(({ codec }) => codec === 'dialect')
    .flatMap((conversation) => [...rowsOf(conversation, 'client'), ...rowsOf(conversation, 'server')])
    .map((row) => JSON.parse(partsOf(row)?.text ?? '') as unknown)
  const recorded = rows.flatMap((row) => (Array.isArray(row) ? (row as unknown[][]) : []))
  const chance = new Chance(SEED)
  const changed = Array.from({ length: 5_000 }, () => mutateDialect(chance.of(recorded), chance))
  const lists = changed.filter((message) => Array.isArray(message)) as unknown[][]
  const text = JSON.stringify(changed)
  const isHead = (value: unknown): value is object => isObject(value)
  const kindOf = (message: readonly unknown[]): unknown => message[typeof message[0] === 'string' ? 0 : 1]
  const heads = lists.map(([first]) => first).filter(isHead)
  const ids = lists.flatMap((message) =>
    message.flatMap((kind, at) => (kind === 'call' ? [message[at + 1]] : [])),
  )

  it.each<[string, boolean]>([
    ['a keyed call', changed.some((message) => isObject(message) && 'method' in message && 'id' in message)],
    ['what is no list', changed.some((message) => typeof message === 'number' || message === null)],
    ['an empty message', lists.some(({ length }) => length === 0)],
    ['a kind that is none', lists.some(([kind]) => kind === 'constructor')],
    ['a kind in a list', lists.some((message) => isObject(message[0]) && typeof message[1] !== 'string')],
    ['a head that is none', lists.some(([first]) => Array.isArray(first) || first === null)],
    ['an empty head', heads.some((head) => Object.keys(head).length === 0)],
    ['two heads', lists.some(([first, second]) => isHead(first) && isHead(second))],
    ['a head behind its kind', lists.some(([kind, head]) => kind === 'call' && isHead(head))],
    ['fields of a head that are none', heads.some((head) => 'dservice' in head || 'stack' in head)],
    ['a reserved field of a head', heads.some((head) => Object.hasOwn(head, '__proto__'))],
    ['a head of what has none', lists.some((message) => isHead(message[0]) && kindOf(message) === 'pong')],
    ['tags of every kind', TAGS.every((kind) => text.includes(`{"$":["${kind}"`))],
    [
      'a tag of no kind',
      text.includes('{"$":["Map"') && text.includes('{"$":[]') && text.includes('{"$":null'),
    ],
    ['a tag that is none', /\{"[^"$]*":1,"\$":\[/.test(text)],
    ['a tag with more than its kind has', /\{"\$":\["undefined",[^\]]/.test(text)],
    ['refs that double', /\{"\$":\["ref",1\]\},\{"\$":\["ref",1\]\}/.test(text)],
    ['tags in tags, too deep', /(\{"\$":\["set",\[){70}/.test(text)],
    ['what an await would call', text.includes('"then":{"$":["function"')],
    ['a reserved key in a tag', text.includes('{"$":["object",{"$":1,"__proto__":')],
    ['credit that is none', lists.some((message) => message[0] === 'credit' && !isId(message[2]))],
    ['a release that does not add up', lists.some((m) => m[0] === 'release' && m.length % 2 === 0)],
    ['chains of other steps', lists.some((m) => kindOf(m) === 'pipe' && !Array.isArray(m[2]))],
    ['a call cut short', lists.some((message) => kindOf(message) === 'call' && message.length < 3)],
    ['a ping with too much', lists.some((message) => message[0] === 'ping' && message.length > 1)],
    ['ids out of range', ids.includes(2 ** 31) && ids.includes(-1)],
    ['an id of another type', ids.some((id) => typeof id === 'string') && ids.includes(0.5)],
    ['an error with causes', lists.some(([, , error]) => isObject(error) && isObject(error['cause']))],
    ['names of methods', lists.some((message) => message[2] === 'toString')],
  ])('fuzz - %s comes', (_name, isThere) => {
    expect(isThere).toBe(true)
  })

  it('fuzz - most stay messages, so that what is behind the reader is attacked too', () => {
    const good = changed.filter((message) => {
      try {
        return readDialect(message)
      } catch {
        return false
      }
    })
    const share = good.length / changed.length
    expect(share).toBeGreaterThan(0.4)
    expect(share).toBeLessThan(0.8)
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
    ['too many in a map', new Map(Array.from({ length: 60_000 }, (_, i) => [i, 0]))],
    ['a reserved key in a set', new Set([JSON.parse('{"prototype":1}')])],
    ['a class of its own', new (class Point {})()],
  ])('fuzz - %s in arguments', (_name, value) => {
    expect(badArguments([{ inside: value }])).not.toBeNull()
    expect(badArguments([{ inside: [1, { a: null }] }, () => 1])).toBeNull()
  })

  it('fuzz - what a caller should never be given, as a value or in an error', () => {
    const error = (own: object): Error => Object.assign(new Error('x', { cause: new Error('y') }), own)
    const reserved: unknown = JSON.parse('{"a":{"constructor":1}}')
    const plain = { code: 1, details: { a: [1] } }
    expect(badOutcome({ ok: true, value: plain })).toBeNull()
    expect(badOutcome({ ok: true, value: { reserved } })).toContain('the key constructor')
    expect(badOutcome({ ok: false, error: error(plain) })).toBeNull()
    expect(badOutcome({ ok: false, error: error({ reserved }) })).toContain('the key constructor')
    expect(badOutcome({ ok: false, error: new Error('x', { cause: error({ reserved }) }) })).not.toBeNull()
    expect(badOutcome({ ok: false, error: error({ toString: 1 }) })).toContain('a toString of its own')
  })

  it('fuzz - a call that is answered twice, never, or was not made', () => {
    const calls = callsIn(Buffer.from(`${METHODS}[["call",1,0],[{"timeout":1},"call",2,0,"x"]]\n`))
    const answered = (rows: string, running: number): string | null => {
      const answers = answersIn(Buffer.from(METHODS + rows), 'dialect')
      return typeof answers === 'string' || !calls
        ? `unread: ${String(answers)}`
        : badAnswers(calls, answers, running)
    }
    const both = '[["answer",1],["answer",2]]\n'
    expect(answered(both, 0)).toBeNull()
    expect(answered(both + both, 0)).toContain('answered 2 times')
    expect(answered('[["answer",1]]\n', 0)).toContain('1 calls have no answer')
    expect(answered('[["answer",1]]\n', 1)).toBeNull()
    expect(answered('[["answer",7]]\n', 2)).toContain('made 0 times')
  })

  it.each([
    ['["call",3,"no such",7]', [3]],
    ['[{},"call",3]', [3]],
    ['[null,"call",3,0],["call",3,0]', [3, 3]],
    ['["call",-1,0],["call","3",0],["call"],["notify",3],["x","call",3,0],[["call",3,0]]', []],
    ['{"method":0,"arguments":[],"id":3},{"call":3},["answer",3],null,[]', []],
  ])('fuzz - the calls in %s are counted', (messages, ids) => {
    const calls = callsIn(Buffer.from(`${METHODS}[${messages}]\n{"method":0,"id":3}\n`))
    expect([...(calls ?? [])].flatMap(([id, count]) => Array.from({ length: count }, () => id))).toEqual(ids)
  })

  it.each([
    ['what is no row', '{]\n', 'no JSON'],
    ['no message', '[["answer",-1]]\n', 'breaks our own rules'],
    ['a keyed object', '[{"answer":1,"arguments":[]}]\n', 'breaks our own rules'],
    ['an empty head', '[[{},"answer",1]]\n', 'a head of nothing before answer'],
    ['a field that is none', '[[{"timeout":1},"answer",1]]\n', 'a head of timeout before answer'],
    [
      'a head in another order',
      '[[{"traceparent":"x","timeout":1},"call",1,0]]\n',
      'a head of traceparent,timeout',
    ],
    [
      'attachments that no tag takes',
      '+1,1 [["answer",1,{"$":["bytes",0,"Buffer"]}]]\nxy',
      'that no tag takes',
    ],
    ['attachments behind a classic row', '+1 {"method":0,"arguments":[]}\nx', 'is a classic one'],
    ['elements that are too many', '[["pong",1]]\n', '2 elements of pong'],
    ['a cull of nothing', '[["cull"]]\n', '1 elements of cull'],
    ['its api twice', METHODS, 'is methods'],
    ['a classic row in the dialect', '[["pong"]]\n{"method":0,"arguments":[]}\n', 'the other codec'],
  ])('fuzz - a victim that writes %s', (_name, rows, why) => {
    expect(answersIn(Buffer.from(METHODS + rows), 'dialect')).toContain(why)
  })

  it('fuzz - a victim that does not begin with its api, or that speaks the dialect to nobody who knows it', () => {
    expect(answersIn(Buffer.from('[["ping"]]\n'), 'dialect')).toContain('row 1')
    expect(answersIn(Buffer.from(`${METHODS}[["ping"]]\n`), 'classic')).toContain('the other codec')
  })
})
