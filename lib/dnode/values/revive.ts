/** Tags -> what they stand for. Everything in a tag is a peer's: each part is checked before it is used. */
import { isError, reasonOf } from '../../base/errors.js'
import { cleanStack, printable } from '../../base/stack.js'
import { isId, isObject, unexpected } from '../check.js'
import { bytesAs } from './bytes.js'
import { costOfKey, costOfRegExp, HEAVY, HOST, isQuickUrl } from './costs.js'
import { decodeError } from './errors.js'
import { part, type Part } from './path.js'
import type { CustomType, Incoming, StreamForm } from './port.js'
import { UNMADE, type Reading } from './reading.js'
import { DIGITS, PATTERN } from './tags.js'

/** Kind -> elements that a tag of it has, itself one. */
const LENGTHS: ReadonlyMap<unknown, number> = new Map(
  Object.entries({
    undefined: 1,
    number: 2,
    bigint: 2,
    date: 2,
    regexp: 3,
    url: 2,
    map: 2,
    set: 2,
    error: 2,
    bytes: 3,
    function: 2,
    yours: 2,
    stream: 3,
    ref: 2,
    object: 2,
    custom: 3,
  }),
)

const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
])

const FORMS: ReadonlySet<unknown> = new Set<StreamForm>(['iterable', 'node', 'web', 'bytes'])

/** As dates count them: a hundred million days on either side. */
const LAST_TIME = 8.64e15

/** Bigints in decimal. */
const INTEGER = /^-?(0|[1-9]\d*)$/

/** What a tag stands for that was found in a container of level `level`. Errors: DS_PROTOCOL, DS_LIMIT. */
export function decodeTag(reading: Reading, tag: unknown, level: number): unknown {
  if (!Array.isArray(tag)) throw unexpected('a tag to be an array', tag)
  const [kind, a, b] = tag as readonly unknown[]
  const length = kind === 'signal' ? (a === null ? 3 : 2) : LENGTHS.get(kind)
  if (length !== undefined && tag.length !== length)
    throw unexpected(`a tag of the kind ${kind as string} to have ${length} elements`, tag)
  switch (kind) {
    case 'undefined':
      return undefined
    case 'number':
      return decodeNumber(a)
    case 'bigint':
      return decodeBigint(reading, a)
    case 'ref':
      return decodeRef(reading, a, level)
    case 'object':
      if (!isObject(a)) throw unexpected('what a tag "object" holds to be an object', a)
      return reading.record(a, level + 1)
    case 'map':
      return decodeMap(reading, a, level + 1)
    case 'set':
      return decodeSet(reading, a, level + 1)
    case 'error':
      return decodeError(reading, a, level + 1)
    case 'custom':
      return decodeCustom(reading, { name: a, data: b }, level + 1)
    case 'date':
    case 'url':
    case 'bytes':
    case 'regexp':
      return reading.leafOf(decodeLeaf(reading, kind, [a, b]), typeof a === 'string' ? a.length : 0)
    case 'signal':
      return a === null ? decodeAborted(reading, b, level + 1) : decodeSignal(reading, a)
    case 'function':
      return incomingOf(reading).function(readId(a))
    case 'yours':
      return incomingOf(reading).yours(readId(a))
    case 'stream':
      return decodeStream(reading, a, b)
    default:
      throw unexpected('a kind of tag that is known', kind)
  }
}

function incomingOf(reading: Reading): Incoming {
  const { incoming } = reading.from
  if (!incoming) throw reading.refuse('is no plain data', 'only plain data is taken here')
  return incoming
}

function readId(id: unknown): number {
  if (isId(id)) return id
  throw unexpected('a number in [0, 2^31)', id)
}

function decodeSignal(reading: Reading, id: unknown): AbortSignal {
  reading.count(HEAVY)
  return incomingOf(reading).signal(readId(id))
}

function decodeStream(reading: Reading, id: unknown, form: unknown): object {
  if (!FORMS.has(form)) throw unexpected('a form of stream that is known', form)
  if (form === 'web') reading.count(HEAVY)
  return incomingOf(reading).stream(readId(id), form as StreamForm)
}

function decodeNumber(text: unknown): number {
  const number = NUMBERS.get(text)
  if (number === undefined) throw unexpected('NaN, Infinity, -Infinity or -0', text)
  return number
}

function decodeBigint(reading: Reading, text: unknown): bigint {
  if (typeof text !== 'string') throw unexpected('the digits of a bigint to be a text', text)
  if (text.length > DIGITS + 1)
    throw reading.exceed(`is a bigint of more than ${DIGITS} digits`, 'send it as bytes')
  if (!INTEGER.test(text)) throw unexpected('the digits of a bigint', text)
  reading.say(text.length)
  return BigInt(text)
}

/** A container that began before. What is made of other values is not there before they are. */
function decodeRef(reading: Reading, number: unknown, level: number): unknown {
  const { containers } = reading
  if (!isId(number) || number >= containers.length) {
    throw unexpected(`the number of one of the ${containers.length} containers before`, number)
  }
  const container = containers[number]
  if (container === UNMADE) throw reading.refuse('leads back into a value that is made of it')
  reading.again(number, level)
  return container
}

function decodeLeaf(
  reading: Reading,
  kind: 'date' | 'url' | 'bytes' | 'regexp',
  parts: readonly unknown[],
): object {
  const [a, b] = parts
  switch (kind) {
    case 'date':
      if (a === null) return new Date(NaN)
      if (Number.isInteger(a) && Math.abs(a as number) <= LAST_TIME) return new Date(a as number)
      throw unexpected('whole milliseconds that a date can have, or null', a)
    case 'url':
      return decodeUrl(reading, a)
    case 'regexp':
      return decodeRegExp(reading, a, b)
    case 'bytes':
      return decodeBytes(reading, a, b)
  }
}

function decodeUrl(reading: Reading, text: unknown): URL {
  if (typeof text === 'string') {
    if (!isQuickUrl(text))
      throw reading.exceed(`has a host of more than ${HOST} characters`, 'send it as text')
    if (URL.canParse(text)) return new URL(text)
  }
  throw unexpected('a URL', text)
}

/** It is made, never run: that is up to whoever wanted it. */
function decodeRegExp(reading: Reading, source: unknown, flags: unknown): RegExp {
  if (typeof source !== 'string') throw unexpected('the source of a RegExp to be a text', source)
  if (typeof flags !== 'string') throw unexpected('the flags of a RegExp to be a text', flags)
  if (source.length > PATTERN) {
    throw reading.exceed(`is a RegExp of more than ${PATTERN} characters`, 'send its source as text')
  }
  reading.count(costOfRegExp(source, flags))
  try {
    return new RegExp(source, flags)
  } catch (error) {
    // without a cause: the engine's own error repeats the peer's text as it is
    throw reading.refuse(`is no RegExp that is known here: ${printable(reasonOf(error).slice(0, 100))}`)
  }
}

function decodeBytes(reading: Reading, index: unknown, name: unknown): object {
  const bytes = reading.attachment(index)
  const value = typeof name === 'string' ? bytesAs(name, bytes) : null
  if (value === null) throw unexpected('a type of bytes that is known', name)
  if (value === undefined)
    throw reading.refuse(`is a ${name as string} of ${bytes.length} bytes: not a whole number of elements`)
  return value
}

function decodeMap(reading: Reading, entries: unknown, level: number): Map<unknown, unknown> {
  if (!Array.isArray(entries)) throw unexpected('the entries of a map to be an array', entries)
  const number = reading.begin(level)
  const map = new Map<unknown, unknown>()
  reading.containers[number] = map
  reading.count(2 * entries.length)
  const [ofKey, ofValue] = [part('key'), part('value')]
  for (const entry of entries as unknown[]) {
    ofKey.index = ofValue.index = map.size
    reading.place(ofKey, level)
    if (!Array.isArray(entry) || entry.length !== 2) throw unexpected('an entry of a map to be a pair', entry)
    const key = reading.value(entry[0], ofKey, level)
    reading.count(costOfKey(key, map.size))
    // looked for once: what has just been set is found at once
    map.set(key, undefined)
    if (map.size === ofKey.index) throw twice(reading, ofKey, level)
    map.set(key, reading.value(entry[1], ofValue, level))
  }
  reading.end(number, level)
  return map
}

function decodeSet(reading: Reading, items: unknown, level: number): Set<unknown> {
  if (!Array.isArray(items)) throw unexpected('the items of a set to be an array', items)
  const number = reading.begin(level)
  const set = new Set<unknown>()
  reading.containers[number] = set
  reading.count(items.length)
  const ofItem = part('item')
  for (const item of items as unknown[]) {
    const index = (ofItem.index = set.size)
    const value = reading.value(item, ofItem, level)
    reading.count(costOfKey(value, index))
    set.add(value)
    if (set.size === index) throw twice(reading, ofItem, level)
  }
  reading.end(number, level)
  return set
}

function twice(reading: Reading, step: Part, level: number): Error {
  reading.place(step, level)
  return reading.refuse('came before in the same map or set')
}

function decodeAborted(reading: Reading, reason: unknown, level: number): AbortSignal {
  const number = reading.begin(level)
  reading.containers[number] = UNMADE
  reading.count(HEAVY)
  // a controller that aborts takes twice as long
  const signal = AbortSignal.abort(reading.value(reason, 'reason', level))
  reading.end(number, level)
  reading.containers[number] = signal
  return signal
}

/** Its owner's `read` may throw whatever it likes: the message is refused then. */
function decodeCustom(
  reading: Reading,
  { name, data }: { name: unknown; data: unknown },
  level: number,
): unknown {
  const type = typeof name === 'string' ? reading.from.custom?.get(name) : undefined
  if (!type) throw unexpected('a custom type that is known here', name)
  const number = reading.begin(level)
  reading.containers[number] = UNMADE
  reading.count(1)
  const inner = reading.value(data, part(type.name, null), level)
  reading.end(number, level)
  reading.place(part(type.name, null), level)
  return (reading.containers[number] = readCustom(reading, type, inner))
}

function readCustom(reading: Reading, type: CustomType, data: unknown): unknown {
  try {
    return type.read(data)
  } catch (error) {
    // what it says may repeat what came
    throw reading.refuse(
      `is not what the custom type ${type.name} takes: ${printable(reasonOf(error))}`,
      undefined,
      isError(error) ? cleanStack(error) : error,
    )
  }
}
