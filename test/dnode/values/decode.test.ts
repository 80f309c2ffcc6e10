/** What a peer says that is not so: each is an error of ours that names the place, and nothing else happens. */
import { describe, expect, it } from 'vitest'
import { DServiceError } from '../../../lib/base/errors.js'
import { LIMITS } from '../../../lib/base/options.js'
import { CustomTypes } from '../../../lib/dnode/values/custom.js'
import { NOTHING_ATTACHED } from '../../../lib/dnode/values/carried.js'
import { decode } from '../../../lib/dnode/values/decode.js'
import { from, read, tables } from './peer.js'

/** Code and message of what is thrown. */
function refusal(
  text: string,
  ...more: Parameters<typeof read> extends [string, ...infer Rest] ? Rest : never
): string {
  try {
    return `taken: ${String(read(text, ...more))}`
  } catch (error) {
    if (!(error instanceof DServiceError)) throw error
    return `${error.code} ${error.message}`
  }
}

const nested = (levels: number, inner: string): string => '['.repeat(levels) + inner + ']'.repeat(levels)
const digits = '1'.repeat(20_001)

const HOSTILE: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    'a tag that is no array',
    '[{"$":5}]',
    'DS_PROTOCOL arguments[0] cannot be taken: expected a tag to be an array, received 5',
  ],
  ['an empty tag', '[{"$":[]}]', 'expected a kind of tag that is known, received undefined'],
  [
    'an unknown tag',
    '[{"a":[{"$":["nonsense",1]}]}]',
    'arguments[0].a[0] cannot be taken: expected a kind of tag that is known, received "nonsense"',
  ],
  ['a kind that objects inherit', '[{"$":["constructor"]}]', 'expected a kind of tag'],
  [
    'a kind that is no text',
    '[{"$":[["date"],1]}]',
    'expected a kind of tag that is known, received an array of 1',
  ],
  [
    'too few elements',
    '[{"$":["date"]}]',
    'expected a tag of the kind date to have 2 elements, received an array of 1',
  ],
  ['too many elements', '[{"$":["undefined",1]}]', 'expected a tag of the kind undefined to have 1 elements'],
  [
    'an odd number',
    '[{"$":["number","1e999"]}]',
    'expected NaN, Infinity, -Infinity or -0, received "1e999"',
  ],
  ['a bigint of letters', '[{"$":["bigint","0x10"]}]', 'expected the digits of a bigint'],
  ['a bigint with spaces', '[{"$":["bigint"," 1"]}]', 'expected the digits of a bigint'],
  ['an empty bigint', '[{"$":["bigint",""]}]', 'expected the digits of a bigint'],
  ['a bigint of leading zeros', '[{"$":["bigint","007"]}]', 'expected the digits of a bigint'],
  ['a bigint that is a number', '[{"$":["bigint",5]}]', 'expected the digits of a bigint to be a text'],
  [
    'a bigint that is too long',
    `[{"$":["bigint","${digits}1"]}]`,
    'DS_LIMIT arguments[0] cannot be taken: it is a bigint of more',
  ],
  [
    'a date out of range',
    '[{"$":["date",8640000000000001]}]',
    'expected whole milliseconds that a date can have',
  ],
  ['a date of a half', '[{"$":["date",0.5]}]', 'expected whole milliseconds'],
  ['a date as text', '[{"$":["date","2026"]}]', 'expected whole milliseconds'],
  ['a URL that is none', '[{"$":["url","nonsense"]}]', 'expected a URL, received "nonsense"'],
  ['a URL that is no text', '[{"$":["url",{}]}]', 'expected a URL, received an empty object'],
  [
    'a RegExp that is none',
    '[{"$":["regexp","(",""]}]',
    'arguments[0] cannot be taken: it is no RegExp that is known here',
  ],
  ['flags that are none', '[{"$":["regexp","a","gg"]}]', 'it is no RegExp that is known here'],
  ['a RegExp of great depth', `[{"$":["regexp","${'('.repeat(5000)}${')'.repeat(5000)}",""]}]`, 'taken: '],
  ['a long RegExp', `[{"$":["regexp","${'a'.repeat(10_001)}",""]}]`, 'DS_LIMIT arguments[0] cannot be taken'],
  ['a source that is no text', '[{"$":["regexp",1,""]}]', 'expected the source of a RegExp to be a text'],
  ['flags that are no text', '[{"$":["regexp","a",null]}]', 'expected the flags of a RegExp to be a text'],
  ['entries that are no array', '[{"$":["map",{}]}]', 'expected the entries of a map to be an array'],
  [
    'an entry of three',
    '[{"$":["map",[[1,2],[1,2,3]]]}]',
    'arguments[0].<key 1> cannot be taken: expected an entry of a map to be a pair',
  ],
  ['an entry that is a text', '[{"$":["map",["ab"]]}]', 'expected an entry of a map to be a pair'],
  [
    'a key twice',
    '[{"$":["map",[[1,[2]],[1,3]]]}]',
    'arguments[0].<key 1> cannot be taken: it came before in the same map or set',
  ],
  [
    'an object as a key twice',
    '[{"$":["map",[[{},2],[{"$":["ref",1]},3]]]}]',
    'arguments[0].<key 1> cannot be taken: it came before',
  ],
  [
    'a key in its own value',
    '[{"$":["map",[["a",{"$":["map",[["b",1],["b",1]]]}]]]}]',
    'arguments[0].<value 0>.<key 1> cannot',
  ],
  ['items that are no array', '[{"$":["set","abc"]}]', 'expected the items of a set to be an array'],
  [
    'an item twice',
    '[{"$":["set",[[1],2,{"$":["number","NaN"]},2]]}]',
    'arguments[0].<item 3> cannot be taken: it came before',
  ],
  ['an object that is none', '[{"$":["object",[1]]}]', 'expected what a tag "object" holds to be an object'],
  ['an error that is none', '[{"$":["error","E"]}]', 'expected an error to be an object'],
  [
    'an error without a name',
    '[{"$":["error",{"message":""}]}]',
    'arguments[0] cannot be taken: expected the "name" of an error',
  ],
  [
    'an error with errors that are none',
    '[{"$":["error",{"name":"E","message":"","errors":5}]}]',
    'arguments[0].errors cannot be taken',
  ],
  [
    'an error with properties that are none',
    '[{"$":["error",{"name":"E","message":"","properties":[]}]}]',
    'arguments[0].properties cannot be taken',
  ],
  [
    'an error with reserved properties',
    '[{"$":["error",{"name":"E","message":"","properties":{"__proto__":{}}}]}]',
    'arguments[0].__proto__ cannot be taken: it has a reserved name',
  ],
  [
    'a bad cause',
    '[{"$":["error",{"name":"E","message":"","cause":{"$":["date","x"]}}]}]',
    'arguments[0].cause cannot be taken: expected whole',
  ],
  [
    'causes without end',
    `[${'{"$":["error",{"name":"E","message":"","cause":'.repeat(70)}1${'}]}'.repeat(70)}]`,
    'DS_LIMIT arguments[0].cause.cause.cause',
  ],
  [
    'bytes that did not come',
    '[{"$":["bytes",1,"Buffer"]}]',
    'expected the number of one of 1 attachments, received 1',
  ],
  [
    'bytes of a negative number',
    '[{"$":["bytes",-1,"Buffer"]}]',
    'expected the number of one of 1 attachments',
  ],
  ['bytes of half a number', '[{"$":["bytes",0.5,"Buffer"]}]', 'expected the number of one of 1 attachments'],
  ['bytes by name', '[{"$":["bytes","length","Buffer"]}]', 'expected the number of one of 1 attachments'],
  [
    'bytes of no type',
    '[{"$":["bytes",0,"Object"]}]',
    'expected a type of bytes that is known, received "Object"',
  ],
  ['bytes of a type that is no text', '[{"$":["bytes",0,{}]}]', 'expected a type of bytes that is known'],
  [
    'bytes twice',
    '[{"$":["bytes",0,"Buffer"]},{"b":{"$":["bytes",0,"Buffer"]}}]',
    'arguments[1].b cannot be taken: it takes an attachment that was taken before',
  ],
  [
    'half an element',
    '[{"$":["bytes",0,"Uint16Array"]}]',
    'arguments[0] cannot be taken: it is a Uint16Array of 3 bytes',
  ],
  [
    'a ref to itself as a list',
    '[{"$":["ref",0]}]',
    'expected the number of one of the 0 containers before, received 0',
  ],
  [
    'a ref forward',
    '[[{"$":["ref",1]},[1]]]',
    'arguments[0][0] cannot be taken: expected the number of one of the 1 containers',
  ],
  ['a ref by text', '[[],{"$":["ref","0"]}]', 'expected the number of one of the 1 containers'],
  ['a ref below zero', '[[],{"$":["ref",-1]}]', 'expected the number of one of the 1 containers'],
  [
    'a function that was never sent',
    '[{"$":["function",7]}]',
    'DS_PROTOCOL arguments[0] cannot be taken: 7 was never sent',
  ],
  ['a function of no number', '[{"$":["function","0"]}]', 'expected a number in [0, 2^31)'],
  [
    'our own that is forgotten',
    '[{"$":["yours",7]}]',
    'DS_REF_GONE arguments[0] cannot be taken: 7 is forgotten',
  ],
  [
    'a stream of no form',
    '[{"$":["stream",0,"river"]}]',
    'expected a form of stream that is known, received "river"',
  ],
  ['a stream that was never sent', '[{"$":["stream",0,"web"]}]', 'cannot be taken: 0 was never sent'],
  [
    'a signal without its reason',
    '[{"$":["signal",null]}]',
    'expected a tag of the kind signal to have 3 elements',
  ],
  [
    'a signal with a number and a reason',
    '[{"$":["signal",0,1]}]',
    'expected a tag of the kind signal to have 2 elements',
  ],
  ['a signal of no number', '[{"$":["signal",true]}]', 'expected a number in [0, 2^31)'],
  [
    'a signal in its own reason',
    '[{"$":["signal",null,[{"$":["ref",0]}]]}]',
    'arguments[0].reason[0] cannot be taken: it leads back into a value that is made of it',
  ],
  [
    'a custom type that is none',
    '[{"$":["custom","money",1]}]',
    'expected a custom type that is known here, received "money"',
  ],
  ['a custom type by number', '[{"$":["custom",0,1]}]', 'expected a custom type that is known here'],
  [
    '__proto__',
    '[{"a":{"__proto__":{"x":1}}}]',
    'DS_PROTOCOL arguments[0].a.__proto__ cannot be taken: it has a reserved name',
  ],
  [
    'prototype in an object tag',
    '[{"$":["object",{"$":1,"prototype":1}]}]',
    'arguments[0].prototype cannot be taken',
  ],
  ['levels', nested(66, ''), `DS_LIMIT arguments[0][0]`],
  [
    'levels of maps',
    `[${'{"$":["map",[[1,'.repeat(65)}1${']]]}'.repeat(65)}]`,
    'DS_LIMIT arguments[0].<value 0>',
  ],
  ['levels of objects', `[${'{"a":'.repeat(65)}1${'}'.repeat(65)}]`, 'DS_LIMIT arguments[0].a.a'],
  ['levels behind a tag', `[{"$":["undefined"]},${nested(65, '')}]`, 'DS_LIMIT arguments[1][0]'],
  [
    'levels by refs behind a flat one',
    `[[${nested(40, '')},[]],${nested(30, '{"$":["ref",0]}')}]`,
    'DS_LIMIT arguments[1][0]',
  ],
  [
    'levels by refs by refs',
    `[${nested(30, '')},[{"$":["ref",0]},[]],${nested(34, '{"$":["ref",30]}')}]`,
    'DS_LIMIT arguments[2][0]',
  ],
  ['levels by refs', `[${nested(40, '')},${nested(40, '{"$":["ref",0]}')}]`, 'DS_LIMIT arguments[1][0]'],
  [
    'values',
    `[[${'1,'.repeat(LIMITS.nodes)}1]]`,
    'DS_LIMIT arguments[0] cannot be taken: it has more than the 100000 values',
  ],
  ['values at the top', `[${'1,'.repeat(LIMITS.nodes)}1]`, 'DS_LIMIT arguments cannot be taken'],
  [
    'items of a set',
    `[{"$":["set",[${Array.from({ length: LIMITS.nodes + 1 }, (_, i) => i).join()}]]}]`,
    'DS_LIMIT arguments[0] cannot',
  ],
]

describe('decode - what is refused', () => {
  it.each(HOSTILE)('decode - %s', (_name, text, message) => {
    expect(refusal(text, [new Uint8Array(3)])).toContain(message)
  })

  it('decode - a billion laughs are counted as what they stand for', () => {
    const ref = (n: number): string => `{"$":["ref",${n}]}`
    const laughs = Array.from(
      { length: 9 },
      (_, i) => `[${Array.from({ length: 10 }, () => (i === 0 ? '"ha"' : ref(i - 1))).join()}]`,
    )
    expect(refusal(`[${laughs.join()}]`)).toMatch(/^DS_LIMIT arguments\[4\]/)
    expect(read(`[${laughs.slice(0, 4).join()}]`)).toHaveLength(4)
  })

  it('decode - a cycle counts once, wherever it is met', () => {
    const cycles = Array.from({ length: 20 }, () => '{"$":["ref",0]}').join()
    const [list] = read(`[[[${cycles}],[${cycles}]]]`) as [unknown[][]]
    expect(list[0]?.[19]).toBe(list)
  })

  it.each(['{"$":["function",0]}', '{"$":["stream",0,"node"]}', '{"$":["signal",0]}', '{"$":["yours",0]}'])(
    'decode - %s is refused where only data is taken',
    (tag) => {
      expect(refusal(`[[${tag}]]`, [], { incoming: null })).toBe(
        'DS_PROTOCOL arguments[0][0] cannot be taken: it is no plain data. Only plain data is taken here',
      )
    },
  )

  it('decode - nothing of a message is kept for the next', () => {
    expect(refusal('[[{}],{"$":["date","x"]}]')).toContain('DS_PROTOCOL')
    expect(refusal('[{"$":["ref",0]}]')).toContain('the 0 containers before')
    expect(refusal('[{"$":["bytes",0,"Buffer"]}]')).toContain('0 attachments')
  })
})

describe('decode - what is taken', () => {
  it('decode - a tree without tags is given back as it is', () => {
    const values = [{ a: [1, { b: 'x' }] }, 'text', null]
    expect(decode(values, NOTHING_ATTACHED, from())).toBe(values)
    expect(values).toEqual([{ a: [1, { b: 'x' }] }, 'text', null])
  })

  it('decode - in a tag nothing else counts, and only a first key makes one', () => {
    expect(read('[{"$":["undefined"],"later":1},{"a":1,"$":["undefined"]}]')).toEqual([
      undefined,
      { a: 1, $: ['undefined'] },
    ])
  })

  it('decode - a function under the key then is left out, wherever it comes from', () => {
    const both = tables()
    both.sent.push(() => 1)
    both.own.push(() => 2)
    const text =
      '[{"then":{"$":["function",0]},"a":1},{"$":["object",{"$":1,"then":{"$":["yours",0]}}]},{"then":"text"}]'
    const values = read(text, [], { incoming: both.incoming })
    expect(values).toEqual([{ a: 1 }, { $: 1 }, { then: 'text' }])
  })

  it('decode - __proto__ is a key like any other in a Map', () => {
    const [map] = read('[{"$":["map",[["__proto__",{"x":1}]]]}]') as [Map<string, unknown>]
    expect(map.get('__proto__')).toEqual({ x: 1 })
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  it('decode - bytes are the memory that came, where its type allows it', () => {
    const bytes = new Uint8Array([1, 0, 2, 0])
    const [numbers] = read('[{"$":["bytes",0,"Uint16Array"]}]', [bytes]) as [Uint16Array]
    expect([...numbers]).toEqual([1, 2])
    expect(numbers.buffer).toBe(bytes.buffer)
  })

  it('decode - bytes within larger memory do not reveal the rest', () => {
    const [buffer] = read('[{"$":["bytes",0,"Buffer"]}]', [Buffer.from('secret').subarray(2, 4)]) as [Buffer]
    expect(String(buffer)).toBe('cr')
    expect(buffer.buffer.byteLength).toBe(2)
  })

  it('decode - attachments that no tag takes are nobody’s', () => {
    expect(read('[1,{"$":["undefined"]}]', [new Uint8Array(1)])).toEqual([1, undefined])
  })
})

describe('decode - custom types', () => {
  const custom = new CustomTypes([
    {
      name: 'even',
      is: (value): value is never => value === custom,
      write: () => null,
      read: (data: unknown) => {
        if (typeof data !== 'number' || data % 2 !== 0) throw new TypeError(`${String(data)} is not even`)
        return data
      },
    },
  ])

  it('decode - what a type makes stands wherever it comes again', () => {
    expect(read('[{"$":["custom","even",4]},{"$":["ref",0]}]', [], { custom })).toEqual([4, 4])
  })

  it('decode - a type that throws refuses the message with its reason', () => {
    expect(refusal('[{"v":{"$":["custom","even",5]}}]', [], { custom })).toContain(
      'DS_PROTOCOL arguments[0].v.<even> cannot be taken: it is not what the custom type even takes: 5 is not even',
    )
  })

  it('decode - what a custom value is made of cannot lead back to it', () => {
    expect(refusal('[{"$":["custom","even",[{"$":["ref",0]}]]}]', [], { custom })).toContain(
      'arguments[0].<even>[0] cannot be taken: it leads back into a value that is made of it',
    )
  })
})
