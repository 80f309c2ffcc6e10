/** The dialect codec: messages <-> the objects of an array row, between two dservice peers. */
import type { State } from '../base/identity.js'
import { isId, isObject, readValues, unexpected, type Fields } from './check.js'
import { readClassic } from './classic.js'
import { readTimeout, STATES } from './hello.js'
import type { Message, Scrubbed } from './messages.js'
import { NO_CALLBACKS, NO_LINKS } from './scrub.js'
import { checkTree } from './unscrub.js'
import { readWireError } from './wire-error.js'

const PING = Object.freeze({ ping: 1 })
const PONG = Object.freeze({ pong: 1 })

/** Version, trace id, parent id, flags; any other text is as none (W3C Trace Context, section 3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Whether this may be sent as the trace context of a call. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value)
}

/** The object that stands for a message in a row. */
export function writeDialect(message: Message): object {
  switch (message.type) {
    case 'call':
      return writeCall(message)
    case 'answer':
      return withMarks({ answer: message.id, arguments: message.values.arguments }, message.values)
    case 'error':
      return { error: message.id, arguments: [message.error] }
    case 'cull':
      return { method: 'cull', arguments: message.ids }
    case 'changed':
      return { changed: { state: message.state, revision: message.revision } }
    case 'cancel':
      return { cancel: message.id }
    case 'ping':
      return PING
    case 'pong':
      return PONG
    case 'methods':
      return withMarks({ method: 'methods', arguments: message.api.arguments }, message.api)
  }
}

function writeCall({ method, id, values, timeout, traceparent }: Message & { type: 'call' }): object {
  const args = values.arguments
  if (id === null) return withMarks({ method, arguments: args }, values)
  const fields: CallFields = { method, arguments: args, id }
  if (timeout !== undefined) fields.timeout = timeout
  if (traceparent !== undefined) fields.traceparent = traceparent
  return withMarks(fields, values)
}

interface CallFields {
  method: string | number
  arguments: readonly unknown[]
  id: number
  timeout?: number | null
  traceparent?: string
}

function withMarks(fields: object, { callbacks, links }: Scrubbed): object {
  if (callbacks === NO_CALLBACKS && links === NO_LINKS) return fields
  return {
    ...fields,
    ...(callbacks === NO_CALLBACKS ? {} : { callbacks }),
    ...(links === NO_LINKS ? {} : { links }),
  }
}

/** Checks one message of an array row. Errors: DS_PROTOCOL, DS_LIMIT. */
export function readDialect(value: unknown): Message {
  if (!isObject(value)) throw unexpected('a message to be an object', value)
  if (value['method'] !== undefined) return readCall(value)
  if (value['answer'] !== undefined) {
    return { type: 'answer', id: readId(value['answer']), values: readValues(value) }
  }
  if (value['error'] !== undefined) return readError(value)
  if (value['changed'] !== undefined) return readChanged(value['changed'])
  if (value['cancel'] !== undefined) return { type: 'cancel', id: readId(value['cancel']) }
  if (value['ping'] !== undefined) return { type: 'ping' }
  if (value['pong'] !== undefined) return { type: 'pong' }
  throw unexpected(
    'a message that is known: a call, answer, error, cancel, cull, changed, ping or pong',
    value,
  )
}

/** The id of a call whose message may be bad otherwise; null when there is none to be answered. */
export function callIdOf(value: unknown): number | null {
  return isObject(value) && value['method'] !== undefined && isId(value['id']) ? value['id'] : null
}

/** The id of the call that a bad answer or error was meant for. */
export function answerIdOf(value: unknown): number | null {
  if (!isObject(value) || value['method'] !== undefined) return null
  const id = value['answer'] ?? value['error']
  return isId(id) ? id : null
}

function readCall(fields: Fields): Message {
  const id = fields['id']
  if (id === undefined) return readClassic(fields)
  const message = readClassic(fields)
  if (message.type !== 'call') throw unexpected(`no "id" in a ${message.type} message`, id)
  const call = { type: 'call', method: message.method, id: readId(id), values: message.values } as const
  const { timeout, traceparent } = fields
  if (timeout === undefined && traceparent === undefined) return call
  const ms = readTimeout(timeout)
  const trace = isTraceparent(traceparent) ? { traceparent } : {}
  return { ...call, ...(ms === undefined ? {} : { timeout: ms }), ...trace }
}

function readId(value: unknown): number {
  if (isId(value)) return value
  throw unexpected('an id to be an integer in [0, 2^31)', value)
}

function readError(fields: Fields): Message {
  const id = readId(fields['error'])
  const { arguments: args } = readValues(fields)
  checkTree(args)
  return { type: 'error', id, error: readWireError(args[0]) }
}

function readChanged(value: unknown): Message {
  if (!isObject(value)) throw unexpected('"changed" to be an object', value)
  const { state, revision } = value
  if (!STATES.has(state)) throw unexpected('"state" to be one of a service', state)
  if (!Number.isSafeInteger(revision)) throw unexpected('"revision" to be an integer', revision)
  return { type: 'changed', state: state as State, revision: revision as number }
}
