/** What both sides of the recorded sessions do. The victims of the mutator run the same programs. */
import type { Clock } from '../../lib/base/clock.js'
import type { Session } from '../../lib/dnode/session.js'
import { call } from './served.js'

type Method = (...args: unknown[]) => void

/** What a side does of itself. Nothing in it waits for anything but outcomes, which always come. */
export interface Program {
  readonly name: string
  readonly codecs: readonly ('classic' | 'dialect')[]
  /** The calling side. */
  readonly client: (session: Session, clock: Clock) => Promise<unknown> | void
  /** What the serving side does beside answering. */
  readonly server?: (session: Session) => void
  /** Milliseconds that it takes. */
  readonly takes?: number
}

/** Values of all kinds, and texts that are awkward in JSON or in UTF-8. */
const VALUES = [
  { a: [1, -0.5, 1.5e300, null, true], 'a key': { '': 'empty', é: '☃ 𝄞 \u0000 \u2028 "\\' } },
  [[[[['deep']]]], [], {}],
  'plain',
  0,
]
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

function remoteOf(session: Session): Record<string, Method> {
  return session.view().remote as Record<string, Method>
}

/** Classic calls of a method by name, where the peer has it. */
function say(session: Session, name: string, ...args: unknown[]): void {
  call(remoteOf(session)[name], ...args)
}

/** As our hello says: nothing stands before the kind. */
const PATIENT = { timeout: 30_000 }

const calls: Program = {
  name: 'calls',
  codecs: ['dialect'],
  async client(session) {
    const said = VALUES.map((value) => session.call('echo', [value], PATIENT))
    await Promise.all([
      ...said,
      session.call('nothing', [], { timeout: Infinity }),
      session.call('users.find', [7], { timeout: 1_500 }),
      session.call('later', ['x'], { timeout: 5_000, traceparent: TRACE }),
      session.call('$describe', [], PATIENT),
      session.call('$nope', [], PATIENT),
    ])
    await Promise.all(Array.from({ length: 60 }, (_, i) => session.call('echo', [i], PATIENT)))
  },
}

const oneWay: Program = {
  name: 'one-way',
  codecs: ['classic', 'dialect'],
  client(session) {
    const heard = (): void => undefined
    for (const value of VALUES) say(session, 'echo', value, heard)
    say(session, 'later', 'x', heard)
    say(session, 'nothing')
    say(session, 'walk', VALUES, heard)
    say(session, 'wait', heard)
    call((remoteOf(session)['users'] as unknown as Record<string, Method> | undefined)?.['find'], 7, heard)
  },
}

const callbacks: Program = {
  name: 'callbacks',
  codecs: ['classic', 'dialect'],
  client(session) {
    const more = (again: unknown): unknown => call(again, (x: unknown) => x)
    say(session, 'each', ['a', 'b', 'c'], () => undefined)
    say(session, 'subscribe', { on: { data: (_n: unknown, cb: unknown) => call(cb, more), end: () => 1 } })
    say(session, 'call', more)
    say(session, 'give', (_error: unknown, given: { nested?: { g?: unknown } } | null) =>
      call(given?.nested?.g, () => session.parts.writer.cull([...session.parts.imports.ids()].slice(-2))),
    )
  },
}

/** What stands before the kind of a call, and of its answer. */
const heads: Program = {
  name: 'heads',
  codecs: ['dialect'],
  async client(session) {
    const tree: Record<string, unknown> = { a: [1] }
    tree['me'] = tree
    const on = { data: (_n: unknown, more: unknown) => call(more), end: () => 1 }
    const given = session.call('give', [], PATIENT)
    await Promise.all([
      session.call('echo', [tree], { timeout: 5_000 }),
      session.call('subscribe', [{ on, tree }], { timeout: 5_000, traceparent: TRACE }),
      session.call('each', [['a', 'b'], () => undefined], PATIENT),
      session.call('call', [(again: unknown) => call(again)], PATIENT),
    ])
    const outcome = await given
    const value = (outcome.ok ? outcome.value : null) as { f?: unknown; nested?: { g?: unknown } } | null
    call(value?.f, (x: unknown) => x)
    call(value?.nested?.g, () => undefined)
  },
}

/** What JSON has not. */
const values: Program = {
  name: 'values',
  codecs: ['dialect'],
  async client(session) {
    const map = new Map<unknown, unknown>([['a', new Set([1n, new Date(0)])]])
    map.set(map, /x/g)
    const odd = [undefined, NaN, -0, Infinity, new URL('http://a/b'), new TypeError('t', { cause: 3 })]
    const shared = { a: 1 }
    const said = [map, odd, [shared, shared], { $: 1 }, { f: () => 1 }]
    await Promise.all(said.map((value) => session.call('echo', [value], PATIENT)))
  },
}

/** Behind rows, in both directions and in streams; some look like rows. */
const bytes: Program = {
  name: 'bytes',
  codecs: ['dialect'],
  async client(session) {
    const text = Buffer.from('[["ping"]]\n+3 x')
    const said = [
      Buffer.from([0xff, 0x0a, 0xc3]),
      { a: new Float64Array([1.5]), b: [text, new Uint8Array(0)] },
    ]
    await Promise.all(said.map((value) => session.call('echo', [value], PATIENT)))
    await session.call('call', [(again: unknown) => call(again, new DataView(new ArrayBuffer(3)))], PATIENT)
    const outcome = await session.call('pieces', [4], PATIENT)
    if (outcome.ok) await read(outcome.value, 10)
  },
}

/** Functions that are awaited, sent home, and released. */
const references: Program = {
  name: 'references',
  codecs: ['dialect'],
  async client(session) {
    const ask = (x: unknown): unknown => (x === 2 ? Promise.reject(new Error('not two')) : undefined)
    await Promise.all([session.call('ask', [ask], PATIENT), session.call('echo', [ask], PATIENT)])
    const outcome = await session.call('give', [], PATIENT)
    const { f } = ((outcome.ok ? outcome.value : null) ?? {}) as { f?: Partial<Disposable> }
    f?.[Symbol.dispose]?.()
  },
}

async function* few(): AsyncGenerator<unknown> {
  for (let i = 0; i < 5; i++) yield i
  throw new RangeError('no more')
}

/** In both directions: to its end, left early, failing. */
const streams: Program = {
  name: 'streams',
  codecs: ['dialect'],
  async client(session) {
    for (const [count, most] of [
      [20, 20],
      [3_000, 3],
    ] as const) {
      const outcome = await session.call('count', [count], PATIENT)
      if (outcome.ok) await read(outcome.value, most)
    }
    await session.call('sum', [few()], PATIENT)
    await session.call('sum', [{ not: few() }], PATIENT)
  },
  takes: 300,
}

async function read(items: unknown, most: number): Promise<void> {
  if (typeof items !== 'object' || items === null || !(Symbol.asyncIterator in items)) return
  let count = 0
  try {
    for await (const _item of items as AsyncIterable<unknown>) if (++count === most) break
  } catch (error) {
    void error // what the peer says of its own stream
  }
}

const signals: Program = {
  name: 'signals',
  codecs: ['dialect'],
  async client(session) {
    const controller = new AbortController()
    const said = session.call('stopped', [controller.signal], PATIENT)
    await Promise.all([said, session.call('stopped', [AbortSignal.abort('before')], PATIENT)])
    const waits = session.call('until', [controller.signal], PATIENT)
    controller.abort(new Error('stop'))
    await waits
  },
}

const pipes: Program = {
  name: 'pipes',
  codecs: ['dialect'],
  async client(session) {
    const chain = (last: string): Promise<unknown> =>
      session.pipe(
        [
          { path: 'login', args: ['k'] },
          { path: last, args: [] },
        ],
        PATIENT,
      )
    await Promise.all([chain('profile'), chain('fails'), chain('nope')])
  },
}

const links: Program = {
  name: 'links',
  codecs: ['classic', 'dialect'],
  client(session) {
    const tree: Record<string, unknown> = { a: { b: [1, {}] }, f: () => 1 }
    tree['me'] = tree
    ;((tree['a'] as { b: unknown[] }).b[1] as Record<string, unknown>)['up'] = tree['a']
    say(session, 'echo', tree, () => undefined)
    say(session, 'echo', [tree, tree], (x: unknown) => x)
  },
}

const errors: Program = {
  name: 'errors',
  codecs: ['classic', 'dialect'],
  async client(session) {
    for (const kind of ['text', 'deep']) say(session, 'fail', kind, () => undefined)
    say(session, 'echo', new Error('mine', { cause: 'none' }), () => undefined)
    const outcomes = [session.call('fail', ['text'], PATIENT), session.call('fail', ['deep'], PATIENT)]
    await Promise.all([...outcomes, session.call('walk', [{ then: 1 }], PATIENT)])
  },
}

const deadlines: Program = {
  name: 'deadlines',
  codecs: ['dialect'],
  async client(session, clock) {
    const cancellation = {
      onAbort: (run: (reason: Error) => void) => clock.after(30, () => run(new Error('enough'))),
    }
    await Promise.all([
      session.call('wait', [], { timeout: 50 }),
      session.call('wait', [], { timeout: 10_000, cancellation }),
      session.call('later', [1], { timeout: 10, traceparent: TRACE }),
      session.call('later', [2], { timeout: Infinity, cancellation }),
      session.call('peek', [], { timeout: 100_000 }),
    ])
  },
  takes: 200,
}

const signs: Program = {
  name: 'signs',
  codecs: ['dialect'],
  client: (session) => session.changed('waiting', 1),
  server(session) {
    session.changed('ready', 2)
    session.changed('draining', 3)
  },
  takes: 12_000,
}

const big: Program = {
  name: 'big',
  codecs: ['classic', 'dialect'],
  async client(session) {
    const list = Array.from({ length: 600 }, (_, i) => ({ i, text: `row ${i} ä` }))
    say(session, 'walk', list, () => undefined)
    say(session, 'big', 9_000, () => undefined)
    await Promise.all([session.call('echo', [list], PATIENT), session.call('big', [9_000], PATIENT)])
  },
}

export const PROGRAMS: readonly Program[] = [
  calls,
  oneWay,
  callbacks,
  heads,
  values,
  bytes,
  references,
  streams,
  signals,
  pipes,
  links,
  errors,
  deadlines,
  signs,
  big,
]
