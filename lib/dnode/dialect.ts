/** The dialect codec: messages <-> the arrays of a row, between two dservice peers. */
import type { State } from '../base/identity.js'
import { isId, isObject, readCallbacks, readLinks, readMethod, unexpected, type Fields } from './check.js'
import { readCull } from './classic.js'
import { readTimeout, STATES } from './hello.js'
import type { Message, Scrubbed } from './messages.js'
import { NO_CALLBACKS, NO_LINKS } from './scrub.js'
import { checkTree } from './unscrub.js'
import { readWireError } from './wire-error.js'

const PING = Object.freeze(['ping'])
const PONG = Object.freeze(['pong'])

/** Kinds that have no list at their end, and the elements that they may have: theirs, and room for what later versions may add. */
const FIXED: ReadonlySet<unknown> = new Set(['answer', 'error', 'cancel', 'changed', 'ping', 'pong'])
const LONGEST = 20

/** Version, trace id, parent id, flags; any other text is as none (W3C Trace Context, section 3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Whether this may be sent as the trace context of a call. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value)
}

/** The array that stands for a message in a row. */
export function writeDialect(message: Message): readonly unknown[] {
  switch (message.type) {
    case 'call':
      return writeCall(message)
    case 'answer':
      return withHead(['answer', message.id], message.values)
    case 'error':
      return ['error', message.id, message.error]
    case 'cull':
      return ['cull', ...message.ids]
    case 'changed':
      return ['changed', message.state, message.revision]
    case 'cancel':
      return ['cancel', message.id]
    case 'ping':
      return PING
    case 'pong':
      return PONG
    case 'methods':
      return withHead(['methods'], message.api)
  }
}

function writeCall({ method, id, values, timeout, traceparent }: Message & { type: 'call' }): unknown[] {
  if (id === null) return withHead(['notify', method], values)
  const fields = timeout === undefined && traceparent === undefined ? null : { timeout, traceparent }
  return withHead(['call', id, method], values, fields)
}

/** The values come last. What there is to say of them, or of the message, stands before all. */
function withHead(
  message: unknown[],
  { arguments: values, callbacks, links }: Scrubbed,
  more: object | null = null,
): unknown[] {
  for (let i = 0; i < values.length; i++) message.push(values[i])
  if (more === null && callbacks === NO_CALLBACKS && links === NO_LINKS) return message
  const marks = {
    ...(callbacks === NO_CALLBACKS ? {} : { callbacks }),
    ...(links === NO_LINKS ? {} : { links }),
  }
  return [{ ...more, ...marks }, ...message]
}

/** Checks one message of an array row. Errors: DS_PROTOCOL, DS_LIMIT. */
export function readDialect(value: unknown): Message {
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
      return { type: 'answer', id: readId(value[at + 1]), values: valuesOf(value, at + 2) }
    case 'call':
      return readCall(value, at)
    case 'notify':
      return { type: 'call', id: null, method: readMethod(value[at + 1]), values: valuesOf(value, at + 2) }
    case 'error':
      return readError(value, at)
    case 'cancel':
      return { type: 'cancel', id: readId(value[at + 1]) }
    case 'changed':
      return readChanged(value, at)
    case 'cull':
      return { type: 'cull', ids: readCull(value.slice(at + 1)) }
    case 'ping':
      return { type: 'ping' }
    case 'pong':
      return { type: 'pong' }
    default:
      throw unexpected('a kind of message that is known', value[at])
  }
}

/** Where the kind stands: behind the head, where there is one. */
function kindAt(message: readonly unknown[]): 0 | 1 {
  return typeof message[0] === 'string' ? 0 : 1
}

/** Whether a message, which may be bad otherwise, makes work for our side. */
export function isCall(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  const kind: unknown = value[kindAt(value)]
  return kind === 'call' || kind === 'notify'
}

/** The id of a call whose message may be bad otherwise; null when there is none to be answered. */
export function callIdOf(value: unknown): number | null {
  return idOf(value, (kind) => kind === 'call')
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

/** What stands from `start` on, and the marks of the head. */
function valuesOf(message: readonly unknown[], start: number): Scrubbed {
  const values = message.slice(start)
  if (typeof message[0] === 'string') return { arguments: values, callbacks: NO_CALLBACKS, links: NO_LINKS }
  const { callbacks, links } = message[0] as Fields
  return { arguments: values, callbacks: readCallbacks(callbacks), links: readLinks(links) }
}

function readCall(message: readonly unknown[], at: number): Message {
  const id = readId(message[at + 1])
  const method = readMethod(message[at + 2])
  const values = valuesOf(message, at + 3)
  if (at === 0) return { type: 'call', method, id, values }
  const { timeout, traceparent } = message[0] as Fields
  const ms = readTimeout(timeout)
  const isTrace = isTraceparent(traceparent)
  return {
    type: 'call',
    method,
    id,
    values,
    ...(ms === undefined ? {} : { timeout: ms }),
    ...(isTrace ? { traceparent } : {}),
  }
}

function readId(value: unknown): number {
  if (isId(value)) return value
  throw unexpected('an id to be an integer in [0, 2^31)', value)
}

function readError(message: readonly unknown[], at: number): Message {
  const error = message[at + 2]
  checkTree([error])
  return { type: 'error', id: readId(message[at + 1]), error: readWireError(error) }
}

function readChanged(message: readonly unknown[], at: number): Message {
  const [state, revision] = message.slice(at + 1)
  if (!STATES.has(state)) throw unexpected('"state" to be one of a service', state)
  if (!Number.isSafeInteger(revision)) throw unexpected('"revision" to be an integer', revision)
  return { type: 'changed', state: state as State, revision: revision as number }
}
