/** The arrays of a row -> messages: what a dservice peer wrote, checked as far as one can without its values. */
import type { State } from '../../base/identity.js'
import { LIMITS } from '../../base/options.js'
import { isId, isObject, readMethod, unexpected, type Fields } from '../check.js'
import { readCull } from '../classic.js'
import { readTimeout, STATES } from '../hello.js'
import type { Message } from '../messages.js'
import type { Attached, Carried } from '../values/carried.js'
import { readStream } from '../streams/messages.js'
import { isTraceparent } from '../traceparent.js'
import { checkTree } from '../unscrub.js'
import { readWireError } from '../wire-error.js'

/** Kinds that have no list at their end, and the elements that they may have: theirs, and room for what later versions may add. */
const FIXED: ReadonlySet<unknown> = new Set([
  'answer',
  'error',
  'cancel',
  'changed',
  'ping',
  'pong',
  'end',
  'fail',
  'credit',
  'stop',
  'abort',
])
const LONGEST = 20

type Raw = readonly unknown[]
type Bytes = Attached | undefined

/** Checks one message of an array row, which has that row's bytes. Errors: DS_PROTOCOL, DS_LIMIT. */
export function readDialect(value: unknown, attached?: Attached): Message {
  if (!Array.isArray(value)) throw unexpected('a message to be an array', value)
  const at = kindAt(value)
  if (at === 1 && !isObject(value[0])) {
    throw unexpected('a message to begin with its kind, or an object before it', value[0])
  }
  if (value.length > LONGEST && FIXED.has(value[at])) {
    throw unexpected(`a message of its kind to have at most ${LONGEST} elements`, value)
  }
  switch (value[at]) {
    case 'answer':
      return { type: 'answer', id: readId(value[at + 1]), values: carried(value, at + 2, attached) }
    case 'call':
      return readCall(value, at, attached)
    case 'notify':
      return readNotify(value, at, attached)
    case 'done':
      return { type: 'done', ids: value.slice(at + 1).map(readId) }
    case 'error':
      return { type: 'error', id: readId(value[at + 1]), error: readFailure(value[at + 2]) }
    case 'cancel':
      return { type: 'cancel', id: readId(value[at + 1]) }
    case 'pipe':
      return readPipe(value, at, attached)
    default:
      return readStream(value, at, attached) ?? readRest(value, at, attached)
  }
}

/** The messages that come seldom. */
function readRest(message: Raw, at: 0 | 1, attached: Bytes): Message {
  switch (message[at]) {
    case 'release':
      return { type: 'release', counts: readCounts(message.slice(at + 1)) }
    case 'abort':
      return { type: 'abort', id: readId(message[at + 1]), values: carried(message, at + 2, attached) }
    case 'changed':
      return readChanged(message, at)
    case 'cull':
      return { type: 'cull', ids: readCull(message.slice(at + 1)) }
    case 'ping':
      return { type: 'ping' }
    case 'pong':
      return { type: 'pong' }
    default:
      throw unexpected('a kind of message that is known', message[at])
  }
}

/** Where the kind stands: behind the head, where there is one. */
function kindAt(message: Raw): 0 | 1 {
  return typeof message[0] === 'string' ? 0 : 1
}

/** Whether a message, which may be bad otherwise, makes work for our side. */
export function isCall(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  const kind: unknown = value[kindAt(value)]
  return kind === 'call' || kind === 'notify' || kind === 'pipe'
}

/** The id of a call whose message may be bad otherwise; null when there is none to be answered. */
export function callIdOf(value: unknown): number | null {
  return idOf(value, (kind) => kind === 'call' || kind === 'pipe')
}

/** The id of the call that a bad answer or error was meant for. */
export function answerIdOf(value: unknown): number | null {
  return idOf(value, (kind) => kind === 'answer' || kind === 'error')
}

function idOf(value: unknown, isWanted: (kind: unknown) => boolean): number | null {
  if (!Array.isArray(value)) return null
  const at = kindAt(value)
  const id: unknown = value[at + 1]
  return isWanted(value[at]) && isId(id) ? id : null
}

/** What stands from `start` on. */
function carried(message: Raw, start: number, attached: Bytes): Carried {
  return { values: message.slice(start), attached }
}

function readNotify(message: Raw, at: 0 | 1, attached: Bytes): Message {
  const method = readMethod(message[at + 1])
  return { type: 'call', id: null, method, values: carried(message, at + 2, attached) }
}

function readCall(message: Raw, at: 0 | 1, attached: Bytes): Message {
  const id = readId(message[at + 1])
  const method = readMethod(message[at + 2])
  const values = carried(message, at + 3, attached)
  if (at === 0) return { type: 'call', method, id, values }
  return { type: 'call', method, id, values, ...readHead(message[0] as Fields) }
}

function readHead({ timeout, traceparent }: Fields): { timeout?: number | null; traceparent?: string } {
  const ms = readTimeout(timeout)
  return {
    ...(ms === undefined ? {} : { timeout: ms }),
    ...(isTraceparent(traceparent) ? { traceparent } : {}),
  }
}

function readPipe(message: Raw, at: 0 | 1, attached: Bytes): Message {
  const id = readId(message[at + 1])
  const paths = message[at + 2]
  if (!Array.isArray(paths) || paths.length === 0 || paths.length > LIMITS.steps) {
    throw unexpected(`the steps of a pipelined call to be an array of 1 to ${LIMITS.steps}`, paths)
  }
  const values = carried(message, at + 3, attached)
  if (values.values.length !== paths.length || !values.values.every(Array.isArray)) {
    throw unexpected(`${paths.length} lists of arguments`, values.values)
  }
  const call = { type: 'pipe', id, paths: paths.map(readMethod), values } as const
  return at === 0 ? call : { ...call, ...readHead(message[0] as Fields) }
}

function readId(value: unknown): number {
  if (isId(value)) return value
  throw unexpected('an id to be an integer in [0, 2^31)', value)
}

function readFailure(error: unknown): ReturnType<typeof readWireError> {
  checkTree([error])
  return readWireError(error)
}

function readCounts(counts: Raw): number[] {
  if (counts.length % 2 === 0 && counts.every(isId)) return counts as number[]
  throw unexpected('a release to be reference numbers, each with a count', counts)
}

function readChanged(message: Raw, at: 0 | 1): Message {
  const [state, revision] = message.slice(at + 1)
  if (!STATES.has(state)) throw unexpected('"state" to be one of a service', state)
  if (!Number.isSafeInteger(revision)) throw unexpected('"revision" to be an integer', revision)
  return { type: 'changed', state: state as State, revision: revision as number }
}
