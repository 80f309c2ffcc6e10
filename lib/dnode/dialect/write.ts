/** Messages -> the arrays of a row, between two dservice peers. */
import type { Carried, DialectMessage } from '../messages.js'

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
      return withValues(['answer', message.id], message.values)
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

function writeCall(message: DialectMessage & { type: 'call' }): unknown[] {
  const { method, id } = message
  const values = message.values as Carried
  if (id === null) return withValues(['notify', method], values)
  return withHead(withValues(['call', id, method], values), message)
}

function withValues(message: unknown[], { values }: Values): unknown[] {
  for (let i = 0; i < values.length; i++) message.push(values[i])
  return message
}

/** What there is to say of a call stands before all. */
function withHead(
  message: unknown[],
  { timeout, traceparent }: { readonly timeout?: number | null; readonly traceparent?: string },
): unknown[] {
  if (timeout === undefined && traceparent === undefined) return message
  return [{ timeout, traceparent }, ...message]
}
