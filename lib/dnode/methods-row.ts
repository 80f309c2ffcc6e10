/** The first row of our side: whether a peer that has not read our hello yet takes it. */
import { limit, type DServiceError } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import { apiTree } from './api.js'
import { IDEMPOTENT } from './hello.js'
import { writeClassic } from './classic.js'
import type { Hello, Message } from './messages.js'
import { Exports } from './refs/exports.js'
import { CLASSIC_LIMITS, scrub } from './scrub.js'

/**
 * Refuses an api whose `methods` row no peer would read, before anybody connects. A constructor's api is known at its first
 * session only: it passes. Errors: DS_LIMIT, DS_UNSENDABLE.
 */
export function checkMethodsRow(api: object, hello: Hello): void {
  if (typeof api === 'function') return
  const { tree, holders } = apiTree(api)
  const exports = new Exports()
  exports.holders = holders
  const values = scrub([tree], { exports, limits: CLASSIC_LIMITS, root: 'api' })
  checkSize({ type: 'methods', api: values, hello })
}

/** The same for a row that is made already. Errors: DS_LIMIT, which names the largest part of the api where it is the size. */
export function checkSize(message: Message & { type: 'methods' }): void {
  const { length: idempotent } = message.hello?.idempotent ?? []
  if (idempotent > IDEMPOTENT) throw tooManyIdempotent(idempotent)
  const size = Buffer.byteLength(writeClassic(message))
  if (size > LIMITS.helloRow) throw tooLarge(message.api.arguments[0] as object, size)
}

function tooLarge(tree: object, size: number): DServiceError {
  const [largest, bytes] = Object.entries(tree)
    .map(([key, value]) => [key, Buffer.byteLength(JSON.stringify(value) ?? '')] as const)
    .reduce((most, part) => (part[1] > most[1] ? part : most), ['', 0])
  return limit({
    summary:
      `the api takes ${size} bytes to tell, and ${LIMITS.helloRow} are allowed; ` +
      `most of them are ${JSON.stringify(largest.slice(0, 60))}, with ${bytes}`,
    hint: 'answer data by a method instead of keeping it in the api',
    details: { size, limit: LIMITS.helloRow, largest },
  })
}

function tooManyIdempotent(count: number): DServiceError {
  return limit({
    summary: `${count} methods of the api are idempotent, and ${IDEMPOTENT} may be`,
    hint: 'say it of those that are called most; callers may say it too, by withOptions()',
    details: { count, limit: IDEMPOTENT },
  })
}
