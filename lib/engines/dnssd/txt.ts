/** TXT records: who an instance says it is, in at most 200 bytes as a rule. Everything read from them is a hint. */
import type { Identity, State } from '../../base/identity.js'
import { LIMITS } from '../../base/options.js'
import { meshTag } from './names.js'

/** RFC 6763 section 6.2: more than 1 300 bytes do not go into one datagram. */
export const TXT_LIMIT = 1_300

/** A string of TXT has one byte for its length; versions that long are left to the hello. */
const VERSION_LIMIT = 100

/** What the hash of a contract begins with, and how many of its digits go into TXT. */
const HASH = 'sha256-'
const DIGITS = 16

const FLAGS: Readonly<Record<State, string>> = {
  starting: 's',
  waiting: 'w',
  ready: '',
  draining: 'd',
  stopped: 'x',
}

/** What TXT told of an instance: its mesh by tag only. */
export interface TxtHint {
  readonly tag: string | null
  readonly hint: Partial<Omit<Identity, 'mesh'>>
}

/**
 * The TXT data of an instance, `txtvers` first (RFC 6763 section 6.7):
 *
 *   n= name   v= version   p= protocol   s= security   id= instance   m= mesh tag   t= started   h= contract   f= state
 */
export function writeTxt(self: Identity): Uint8Array {
  const strings = ['txtvers=1', `n=${self.name}`]
  if (self.version.length <= VERSION_LIMIT) strings.push(`v=${self.version}`)
  strings.push('p=1', 's=none', `id=${self.id.slice(0, LIMITS.name)}`, `m=${meshTag(self.mesh)}`)
  strings.push(`t=${self.started}`)
  if (self.contract !== undefined) strings.push(`h=${self.contract.slice(HASH.length, HASH.length + DIGITS)}`)
  strings.push(`f=${FLAGS[self.state]}`)
  const parts = strings.map((text) => Buffer.from(text))
  return Buffer.concat(parts.flatMap((part) => [Buffer.of(part.length), part]))
}

/** Whether the bytes of a datagram may speak of an instance of a mesh: a look without decoding. */
export function ofMesh(mesh: string): (bytes: Uint8Array) => boolean {
  const tag = Buffer.from(`m=${meshTag(mesh)}`)
  return (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(tag)
}

/** Keys and values of TXT data (RFC 6763 section 6.4): the first of a key counts, `=x` is ignored, no `=` means ''. */
export function readPairs(data: Uint8Array): Map<string, string> {
  const pairs = new Map<string, string>()
  const bytes = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, TXT_LIMIT))
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] ?? 0)) {
    const text = bytes.toString('utf8', at + 1, at + 1 + (bytes[at] ?? 0))
    const equals = text.indexOf('=')
    const key = (equals < 0 ? text : text.slice(0, equals)).toLowerCase()
    if (key !== '' && !pairs.has(key)) pairs.set(key, equals < 0 ? '' : text.slice(equals + 1))
  }
  return pairs
}

/** TXT data is read once: a record is looked at each time that something near it changes. */
const read = new WeakMap<Uint8Array, TxtHint>()

/** What TXT data says of an instance; whatever is not well formed is left out. */
export function readTxt(data: Uint8Array): TxtHint {
  const before = read.get(data)
  if (before) return before
  const hint = parseTxt(data)
  read.set(data, hint)
  return hint
}

function parseTxt(data: Uint8Array): TxtHint {
  const pairs = readPairs(data)
  const take = (key: string, shape: RegExp): string | undefined => {
    const value = pairs.get(key)
    return value !== undefined && shape.test(value) ? value : undefined
  }
  const id = take('id', /^[\w-]{1,64}$/)
  const name = take('n', /^[\x21-\x7e]{1,64}$/)
  const version = take('v', /^\d{1,15}\.\d{1,15}\.\d{1,15}(?:[-+][0-9A-Za-z.+-]{1,100})?$/)
  const started = take('t', /^\d{1,15}$/)
  const contract = take('h', /^[0-9a-f]{16}$/)
  const state = stateOf(pairs.get('f'))
  return {
    tag: take('m', /^[0-9a-f]{8}$/) ?? null,
    hint: {
      ...(id !== undefined && { id }),
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
      ...(started !== undefined && { started: Number(started) }),
      ...(contract !== undefined && { contract: `${HASH}${contract}` }),
      ...(state !== undefined && { state }),
    },
  }
}

function stateOf(flags: string | undefined): State | undefined {
  return (Object.keys(FLAGS) as State[]).find((state) => FLAGS[state] === flags)
}
