/** The messages about streams <-> the arrays that stand for them in a dialect row. */
import { isId, unexpected } from '../check.js'
import type { WireError } from '../messages.js'
import { checkTree } from '../unscrub.js'
import { readWireError, toCallersError } from '../wire-error.js'
import type { Attached } from '../values/carried.js'
import type { StreamMessage } from './port.js'

/** The array of a message; errors as they travel, past the redact hook. */
export function writeStream(message: StreamMessage, wire: (error: Error) => WireError): unknown[] {
  const { type, id } = message
  switch (type) {
    case 'chunk':
      return ['chunk', id, ...message.items.values]
    case 'credit':
      return ['credit', id, message.bytes]
    case 'end':
      return ['end', id]
    case 'fail':
      return ['fail', id, wire(message.error)]
    case 'stop':
      return message.error ? ['stop', id, wire(message.error)] : ['stop', id]
  }
}

/**
 * Checks a message of one of these kinds, which stands at `at`; null: it is of another kind. Items are checked when they are read.
 * What is behind the elements of a kind is ignored. Errors: DS_PROTOCOL.
 */
export function readStream(
  message: readonly unknown[],
  at: number,
  attached?: Attached,
): StreamMessage | null {
  const kind = message[at]
  switch (kind) {
    case 'chunk':
      return {
        type: 'chunk',
        id: readId(message[at + 1]),
        items: { values: message.slice(at + 2), attached },
      }
    case 'credit':
      return { type: 'credit', id: readId(message[at + 1]), bytes: readCredit(message[at + 2]) }
    case 'end':
      return { type: 'end', id: readId(message[at + 1]) }
    case 'fail':
      return { type: 'fail', id: readId(message[at + 1]), error: readError(message[at + 2]) }
    case 'stop': {
      const error = message[at + 2]
      const isBare = error === undefined || error === null
      return { type: 'stop', id: readId(message[at + 1]), error: isBare ? null : readError(error) }
    }
    default:
      return null
  }
}

function readId(value: unknown): number {
  if (isId(value)) return value
  throw unexpected('the number of a stream to be an integer in [0, 2^31)', value)
}

function readCredit(value: unknown): number {
  if (isId(value) && value > 0) return value
  throw unexpected('the credit of a stream to be an integer in [1, 2^31)', value)
}

function readError(value: unknown): Error {
  checkTree([value])
  return toCallersError(readWireError(value))
}
