/** The arrays of a row -> messages: what a dservice peer wrote, checked as far as one can without its values. */
import type { State } from '../../base/identity.js'
import { NO_ATTACHMENTS } from '../../wire/connection.js'
import { isId, isObject, readMethod, unexpected, type Fields } from '../check.js'
import { readCull } from '../classic.js'
import { readTimeout, STATES } from '../hello.js'
import type { Carried, Message, Step } from '../messages.js'
import { isTraceparent } from '../traceparent.js'
import { checkTree } from '../unscrub.js'
import { readWireError } from '../wire-error.js'

/** Steps of one pipelined call. */
const STEPS = 32

type Raw = readonly unknown[]

/** Reads what follows the kind; `at` is where the kind stands. */
type Read = (message: Raw, at: 0 | 1, attachments: Carried['attachments']) => Message

const READERS: ReadonlyMap<unknown, Read> = new Map<unknown, Read>([
  [
    'answer',
    (message, at, attachments) => ({
      type: 'answer',
      id: readId(message[at + 1]),
      values: carried(message, at + 2, attachments),
    }),
  ],
  ['call', readCall],
  [
    'notify',
    (message, at, attachments) => ({
      type: 'call',
      id: null,
      method: readMethod(message[at + 1]),
      values: carried(message, at + 2, attachments),
    }),
  ],
  ['done', (message, at) => ({ type: 'done', ids: message.slice(at + 1).map(readId) })],
  [
    'error',
    (message, at) => ({ type: 'error', id: readId(message[at + 1]), error: readFailure(message[at + 2]) }),
  ],
  ['cancel', (message, at) => ({ type: 'cancel', id: readId(message[at + 1]) })],
  ['pipe', readPipe],
  [
    'chunk',
    (message, at, attachments) => ({
      type: 'chunk',
      stream: readId(message[at + 1]),
      values: carried(message, at + 2, attachments),
    }),
  ],
  ['end', (message, at) => ({ type: 'end', stream: readId(message[at + 1]) })],
  [
    'fail',
    (message, at) => ({ type: 'fail', stream: readId(message[at + 1]), error: readFailure(message[at + 2]) }),
  ],
  ['credit', readCredit],
  ['stop', readStop],
  ['release', readRelease],
  [
    'abort',
    (message, at, attachments) => ({
      type: 'abort',
      id: readId(message[at + 1]),
      values: carried(message, at + 2, attachments),
    }),
  ],
  ['changed', readChanged],
  ['cull', (message, at) => ({ type: 'cull', ids: readCull(message.slice(at + 1)) })],
  ['ping', () => ({ type: 'ping' })],
  ['pong', () => ({ type: 'pong' })],
])

/** Checks one message of an array row, which has that row's attachments. Errors: DS_PROTOCOL, DS_LIMIT. */
export function readDialect(value: unknown, attachments: Carried['attachments'] = NO_ATTACHMENTS): Message {
  if (!Array.isArray(value)) throw unexpected('a message to be an array', value)
  const at = kindAt(value)
  if (at === 1 && !isObject(value[0])) {
    throw unexpected('a message to begin with its kind, or an object before it', value[0])
  }
  const read = READERS.get(value[at])
  if (!read) throw unexpected('a kind of message that is known', value[at])
  return read(value, at, attachments)
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
function carried(message: Raw, start: number, attachments: Carried['attachments']): Carried {
  return { values: message.slice(start), attachments }
}

function readCall(message: Raw, at: 0 | 1, attachments: Carried['attachments']): Message {
  const id = readId(message[at + 1])
  const method = readMethod(message[at + 2])
  const values = carried(message, at + 3, attachments)
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

function readPipe(message: Raw, at: 0 | 1, attachments: Carried['attachments']): Message {
  const id = readId(message[at + 1])
  const given = message[at + 2]
  if (!Array.isArray(given) || given.length === 0 || given.length > STEPS) {
    throw unexpected(`the steps of a pipelined call to be an array of 1 to ${STEPS}`, given)
  }
  const steps = given.map((step: unknown): Step => {
    if (!Array.isArray(step)) throw unexpected('a step to be an array', step)
    return { path: readMethod(step[0]), values: step.slice(1) }
  })
  return { type: 'pipe', id, steps, attachments, ...(at === 0 ? {} : readHead(message[0] as Fields)) }
}

function readId(value: unknown): number {
  if (isId(value)) return value
  throw unexpected('an id to be an integer in [0, 2^31)', value)
}

function readFailure(error: unknown): ReturnType<typeof readWireError> {
  checkTree([error])
  return readWireError(error)
}

function readCredit(message: Raw, at: 0 | 1): Message {
  const bytes = message[at + 2]
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 1)
    throw unexpected('a credit to be bytes from 1', bytes)
  return { type: 'credit', stream: readId(message[at + 1]), bytes: bytes as number }
}

function readStop(message: Raw, at: 0 | 1): Message {
  const error = message[at + 2]
  return {
    type: 'stop',
    stream: readId(message[at + 1]),
    error: error === undefined ? null : readFailure(error),
  }
}

function readRelease(message: Raw, at: 0 | 1): Message {
  const counts = message.slice(at + 1)
  if (counts.length % 2 !== 0 || !counts.every(isId)) {
    throw unexpected('a release to be reference numbers, each with a count', counts)
  }
  return { type: 'release', counts: counts as number[] }
}

function readChanged(message: Raw, at: 0 | 1): Message {
  const [state, revision] = message.slice(at + 1)
  if (!STATES.has(state)) throw unexpected('"state" to be one of a service', state)
  if (!Number.isSafeInteger(revision)) throw unexpected('"revision" to be an integer', revision)
  return { type: 'changed', state: state as State, revision: revision as number }
}
