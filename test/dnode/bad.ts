/** What a peer must not send, as classic rows, as messages of the dialect, and as their values; a text that begins with `[` or `{` is JSON. */
import { LIMITS } from '../../lib/base/options.js'

/** An argument nested so deep. */
export function nested(depth: number): string {
  return '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
}

/** Links that double a tree with each step: few bytes for a giant. */
export function bomb(steps: number): { method: string; arguments: [object]; links: object[] } {
  const tree = Array.from({ length: steps }, () => ({ l: 0, r: 0 }))
  const links = tree
    .slice(1)
    .flatMap((_, i) => ['l', 'r'].map((key) => ({ from: [0, i], to: [0, i + 1, key] })))
  return { method: 'echo', arguments: [tree], links }
}

/** A path far down such an argument. */
const FAR = Array.from({ length: 20_000 }, () => 'a')

const MANY = Array.from({ length: 1_000 }, () => 0)

/** Rows that are JSON, and bad, in either codec; each must fail alone. */
export const BAD: Record<string, unknown> = {
  null: null,
  'a number': 7,
  'a text': '"methods"',
  'no method': {},
  'method null': { method: null },
  'method negative': { method: -1 },
  'method fraction': { method: 0.5 },
  'method huge': { method: 2 ** 32 - 6 },
  'method object': { method: {} },
  'unknown number': { method: 77 },
  'unknown name': { method: 'nope' },
  'inherited name': { method: 'toString' },
  'proto name': { method: '__proto__' },
  'constructor name': { method: 'constructor' },
  'a path through a prototype': { method: 'deep.__proto__.toString' },
  'a path through a function': { method: 'echo.call' },
  'a name for a value': { method: 'deep' },
  'own __proto__': '{"method":0,"arguments":[{"__proto__":{"x":1}}]}',
  'own constructor': { method: 0, arguments: [[{ constructor: 1 }]] },
  'too deep': `{"method":0,"arguments":[${nested(900)}]}`,
  'one too deep': `{"method":0,"arguments":[${nested(LIMITS.depth + 1)}]}`,
  'too many': { method: 0, arguments: [Array.from({ length: LIMITS.nodes + 1 }, () => 0)] },
  'cull text': { method: 'cull', arguments: ['x'] },
  'cull negative': { method: 'cull', arguments: [-1] },
  'methods null': { method: 'methods', arguments: [null] },
  'methods text': { method: 'methods', arguments: ['x'] },
}

/** Things that only classic rows have: a list of values of their own, and marks of where functions and cycles are in it. */
export const BAD_ROWS: Record<string, unknown> = {
  'callbacks array': { method: 0, callbacks: [['0']] },
  'callbacks path null': { method: 0, callbacks: { 0: null } },
  'callbacks key text': { method: 0, arguments: [1], callbacks: { abc: ['0'] } },
  'callbacks key huge': { method: 0, arguments: [1], callbacks: { 4294967290: ['0'] } },
  'callbacks nowhere': { method: 0, arguments: [], callbacks: { 0: ['5', 'x'] } },
  'callbacks path empty': { method: 0, arguments: [1], callbacks: { 0: [] } },
  'callbacks path long': { method: 0, arguments: [1], callbacks: { 0: FAR } },
  'callbacks path index text': { method: 0, arguments: [[]], callbacks: { 0: ['0', 'length'] } },
  'callbacks path index far': { method: 0, arguments: [[]], callbacks: { 0: ['0', '4000000000'] } },
  'callbacks path fraction': { method: 0, arguments: [[]], callbacks: { 0: [0.5] } },
  'callbacks proto': { method: 0, arguments: [{}], callbacks: { 0: ['0', '__proto__'] } },
  'callbacks constructor': {
    method: 0,
    arguments: [{}],
    callbacks: { 0: ['0', 'constructor', 'prototype', 'x'] },
  },
  'links null': { method: 0, links: [null] },
  'links object': { method: 0, links: {} },
  'links no to': { method: 0, arguments: [1], links: [{ from: ['0'] }] },
  'links to nowhere': { method: 0, arguments: [1], links: [{ from: ['0'], to: ['0', 'x'] }] },
  'links from nowhere': { method: 0, arguments: [{}], links: [{ from: ['9'], to: ['0', 'x'] }] },
  'links from what is inherited': {
    method: 0,
    arguments: [{}],
    links: [{ from: ['0', 'toString'], to: ['0', 'x'] }],
  },
  'a path too long for values that are there': {
    method: 0,
    arguments: [JSON.parse(nested(40))],
    callbacks: { 0: ['0', ...FAR.slice(0, LIMITS.path)] },
  },
  'links proto': { method: 0, arguments: [{}], links: [{ from: [], to: ['0', '__proto__', 'x'] }] },
  'links to all': { method: 0, arguments: [{}], links: [{ from: ['0'], to: [] }] },
  'a link bomb': bomb(40),
  'a link bomb of cycles': {
    method: 0,
    arguments: [Array.from({ length: 60 }, () => [])],
    links: Array.from({ length: 3_600 }, (_, i) => ({
      from: [0, i % 60],
      to: [0, Math.floor(i / 60), i % 60],
    })),
  },
  'arguments text': { method: 0, arguments: 'abc' },
  'arguments length': { method: 0, arguments: { length: 4_294_967_295 } },
  'arguments number': { method: 0, arguments: 1e9 },
}

/** Things that are only bad as messages of the dialect. The answers are to call 0, which waits. */
export const BAD_MESSAGES: Record<string, unknown> = {
  'an empty message': [],
  'a head alone': [{}],
  'a head of null': [null, 'notify', 0],
  'a head that is a list': [[], 'notify', 0],
  'a head that is a number': [7, 'notify', 0],
  'a head that is false before a ping': [false, 'ping'],
  'a head that is a list before a cancel': [['x'], 'cancel', 9],
  'two heads': [{}, {}, 'notify', 0],
  'a head behind': ['notify', {}, 0],
  'a message in a message': [['notify', 0]],
  'an unknown kind': ['pung', 1],
  'an unknown kind behind a head': [{ timeout: 1 }, 'pung'],
  'a kind in capitals': ['Ping'],
  'a kind that is a number': [{}, 0, 0],
  'a kind that is null': [{}, null, 0],
  'a kind that is inherited': ['toString'],
  'a kind __proto__': ['__proto__', 0],
  'a kind that only rows have': ['methods', {}],
  'a call with keys': { method: 0, arguments: ['x'], id: 3 },
  'an answer with keys': { answer: 0, arguments: ['x'] },
  'a list of pairs': [['notify'], [0]],
  'a call alone': ['call'],
  'a call whose id is null': ['call', null, 0],
  'a call whose id is text': ['call', 'x', 0],
  'a call whose id is too large': ['call', 2 ** 31, 0],
  'a call whose id is a fraction': ['call', 0.5, 0],
  'a notify alone': ['notify'],
  'a notify of a missing method': ['notify', null, 'x'],
  'an answer alone': ['answer'],
  'an answer to text': ['answer', 'x'],
  'an answer with a bad head': [7, 'answer', 0, 'x'],
  'an answer whose surplus is too deep': `["answer",0,1,${nested(900)}]`,
  'an answer with a thousand elements too many': ['answer', 0, 1, ...MANY],
  'an error with a thousand elements too many': [
    'error',
    0,
    { name: 'E', message: 'm', ran: 'yes' },
    ...MANY,
  ],
  'an error alone': ['error'],
  'an error without an error': ['error', 0],
  'an error that is text': ['error', 0, 'boom'],
  'an error without ran': ['error', 0, { name: 'E', message: 'm' }],
  'an error in a list': ['error', 0, [{ name: 'E', message: 'm', ran: 'yes' }]],
  'a cancel alone': ['cancel'],
  'a cancel of null': ['cancel', null],
  'a cancel with a thousand elements too many': ['cancel', 0, ...MANY],
  'a change with a thousand elements too many': ['changed', 'ready', 1, ...MANY],
  'a ping with a thousand elements': ['ping', ...MANY],
  'a cull with a gap': ['cull', 0, null, 1],
  'a cull of a list': ['cull', [1]],
  'a done of text': ['done', 'x'],
  'a done with a gap': ['done', 0, null],
  'a done of a list': ['done', [0]],
  'a release of one number': ['release', 1],
  'a release without its last count': ['release', 1, 1, 2],
  'a release of less than nothing': ['release', 1, -1],
  'a release of a part': ['release', 1, 0.5],
  'a release of pairs': ['release', [1, 1]],
  'an abort alone': ['abort'],
  'an abort of text': ['abort', 'x'],
  'a chunk alone': ['chunk'],
  'a chunk of text': ['chunk', 'x', 1],
  'a credit alone': ['credit'],
  'a credit of nothing': ['credit', 0],
  'a credit of 0': ['credit', 0, 0],
  'a credit of less': ['credit', 0, -5],
  'a credit of a part': ['credit', 0, 1.5],
  'a credit that is too large': ['credit', 0, 2 ** 31],
  'a credit of text': ['credit', 0, '5'],
  'an end alone': ['end'],
  'an end of a fraction': ['end', 0.5],
  'a fail alone': ['fail'],
  'a fail without an error': ['fail', 0],
  'a fail of text': ['fail', 0, 'boom'],
  'a fail that is too deep': `["fail",0,${nested(900)}]`,
  'a stop alone': ['stop'],
  'a stop of null': ['stop', null],
  'a stop for text': ['stop', 0, 'boom'],
  'a pipe alone': ['pipe'],
  'a pipe without an id': ['pipe', null, [0], []],
  'a change alone': ['changed'],
  'a change without a revision': ['changed', 'ready'],
  'a change to no state': ['changed', 'happy', 1],
  'a change with keys': ['changed', { state: 'ready', revision: 1 }],
}

/** Calls that are bad and have an id, 3, so that they are answered. */
export const BAD_CALLS: Record<string, unknown> = {
  'a pipe of no list': ['pipe', 3, 0, []],
  'a pipe of nothing': ['pipe', 3, []],
  'a pipe of too many': [
    'pipe',
    3,
    Array.from({ length: 33 }, () => 0),
    ...Array.from({ length: 33 }, () => []),
  ],
  'a pipe of null': ['pipe', 3, [null], []],
  'a pipe along a fraction': ['pipe', 3, [0, 0.5], [], []],
  'a pipe along what is long': ['pipe', 3, [0, 'x'.repeat(2_000)], [], []],
  'a pipe without arguments': ['pipe', 3, [0]],
  'a pipe with too many arguments': ['pipe', 3, [0], [], []],
  'a pipe whose arguments are no lists': ['pipe', 3, [0], 'x'],
  'a pipe whose arguments are a tag': ['pipe', 3, [0], { $: ['set', []] }],
}

const TOO_LONG = '9'.repeat(20_002)

/** A set in a set, so deep. */
function sets(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = { $: ['set', [value]] }
  return value
}

/** Each stands for twice the one before: few bytes for a giant. */
export function laughs(steps: number): unknown {
  // container 0 is the list of all, and each of them one
  return [[1], ...Array.from({ length: steps }, (_, i) => [{ $: ['ref', i + 1] }, { $: ['ref', i + 1] }])]
}

/** Values with tags that lie, each bad wherever a message of the dialect has values. */
export const BAD_VALUES: Record<string, unknown> = {
  'a tag of null': { $: null },
  'a tag of text': { $: 'undefined' },
  'an empty tag': { $: [] },
  'a tag of an unknown kind': { $: ['nothing'] },
  'a tag of a kind that is inherited': { $: ['toString', 1] },
  'a tag __proto__': { $: ['__proto__', 1] },
  'a tag of a kind that is no text': { $: [7, 7] },
  'a tag with too much': { $: ['undefined', 1] },
  'a tag with too little': { $: ['ref'] },
  'a number that JSON has': { $: ['number', '1'] },
  'a bigint of no digits': { $: ['bigint', '1.5'] },
  'a bigint of too many': { $: ['bigint', TOO_LONG] },
  'a bigint that is a number': { $: ['bigint', 1] },
  'a date of text': { $: ['date', '2026-01-01'] },
  'a date past the last': { $: ['date', 8.64e15 + 1] },
  'a regexp that is none': { $: ['regexp', '(', ''] },
  'a regexp with flags that are none': { $: ['regexp', 'x', 'zz'] },
  'a regexp that is too long': { $: ['regexp', 'x'.repeat(10_001), ''] },
  'a url that is none': { $: ['url', 'not a url'] },
  'a map of no pairs': { $: ['map', [[1]]] },
  'a map of no list': { $: ['map', { a: 1 }] },
  'a map with the same key twice': {
    $: [
      'map',
      [
        [1, 1],
        [1, 2],
      ],
    ],
  },
  'a set with the same item twice': { $: ['set', [1, 1]] },
  'an object that is none': { $: ['object', [1]] },
  'an object with a reserved key': `{"$":["object",{"$":1,"__proto__":{"x":1}}]}`,
  'an error that is a text': { $: ['error', 'boom'] },
  'an error without a message': { $: ['error', { name: 'Error' }] },
  'an error with a reserved property':
    '{"$":["error",{"name":"E","message":"m","properties":{"__proto__":1}}]}',
  'bytes of no attachment': { $: ['bytes', 0, 'Buffer'] },
  'bytes far behind': { $: ['bytes', 2 ** 31, 'Buffer'] },
  'bytes of a name': { $: ['bytes', 'length', 'Buffer'] },
  'a function of less than 0': { $: ['function', -1] },
  'a function past the last': { $: ['function', 2 ** 31] },
  'a function of a fraction': { $: ['function', 0.5] },
  'a function of text': { $: ['function', '0'] },
  'a function of ours that there never was': { $: ['yours', 77] },
  'a function of ours out of range': { $: ['yours', -1] },
  'a stream of no form': { $: ['stream', 0, 'buffers'] },
  'a stream of no number': { $: ['stream', null, 'web'] },
  'the same stream twice': [{ $: ['stream', 5, 'web'] }, { $: ['stream', 5, 'web'] }],
  'a signal of no number': { $: ['signal', 'x'] },
  'a signal that aborted for nothing': { $: ['signal', null] },
  'a ref to what follows': [{ $: ['ref', 20] }, ...Array.from({ length: 30 }, () => [])],
  'a ref to nothing': { $: ['ref', 900] },
  'a ref of less than 0': [{ $: ['ref', -1] }],
  'a billion laughs': laughs(40),
  'sets that are too deep': sets(LIMITS.depth + 1),
  'a custom type that nobody knows': { $: ['custom', 'money', 5] },
  'a custom type that is inherited': { $: ['custom', 'constructor', 5] },
  'own __proto__ inside of a tag': '{"$":["set",[{"__proto__":{"x":1}}]]}',
}

/** What a classic row says, as a message of the dialect. */
export function inDialect(row: unknown): unknown {
  const value: unknown = typeof row === 'string' && row.startsWith('{') ? JSON.parse(row) : row
  if (typeof value !== 'object' || value === null || !('method' in value)) return value
  const { method, arguments: values = [] } = value as { method: unknown; arguments?: unknown[] }
  return method === 'cull' || method === 'methods' ? [method, ...values] : ['notify', method, ...values]
}
