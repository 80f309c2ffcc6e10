/** Messages -> the arrays of a row, between two dservice peers. */
import type { DialectMessage } from '../messages.js'
import type { Carried } from '../values/carried.js'

const PING = Object.freeze(['ping'])
const PONG = Object.freeze(['pong'])

/** A message that has values. */
type Values = { readonly values: readonly unknown[] }

/** The array that stands for a message in a row. Its values are as `encode` made them. */
export function writeDialect(message: DialectMessage): readonly unknown[] {
  switch (message.type) {
    case 'call':
      return writeCall(message)
    case 'answer':
      return writeAnswer(message)
    case 'done':
      return ['done', ...message.ids]
    case 'error':
      return ['error', message.id, message.error]
    case 'cancel':
      return ['cancel', message.id]
    case 'pipe':
      return withHead(withValues(['pipe', message.id, message.paths], message.values), message)
    case 'cull':
      return ['cull', ...message.ids]
    case 'release':
      return ['release', ...message.counts]
    case 'abort':
      return withValues(['abort', message.id], message.values)
    case 'changed':
      return ['changed', message.state, message.revision]
    case 'ping':
      return PING
    case 'pong':
      return PONG
    case 'stream':
      return message.row
  }
}

/** One value is the usual case: an array that is made as it is has no room to spare, of which there are many until they are written. */
function writeAnswer({ id, values }: DialectMessage & { type: 'answer' }): unknown[] {
  const list = values.values
  return list.length === 1 ? ['answer', id, list[0]] : ['answer', id, ...list]
}

function writeCall(message: DialectMessage & { type: 'call' }): unknown[] {
  const { method, id } = message
  const list = (message.values as Carried).values
  if (id === null) return list.length === 1 ? ['notify', method, list[0]] : ['notify', method, ...list]
  return withHead(list.length === 1 ? ['call', id, method, list[0]] : ['call', id, method, ...list], message)
}

function withValues(message: unknown[], { values }: Values): unknown[] {
  return [...message, ...values]
}

/** What there is to say of a call stands before all. */
function withHead(
  message: unknown[],
  { timeout, traceparent }: { readonly timeout?: number | null | undefined; readonly traceparent?: string },
): unknown[] {
  if (timeout === undefined && traceparent === undefined) return message
  return [{ timeout, traceparent }, ...message]
}
