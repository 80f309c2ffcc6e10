/** Two sessions over a memory pair, and raw ends that write whatever a test likes. */
import { expect } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Identity } from '../../lib/base/identity.js'
import { LIMITS } from '../../lib/base/options.js'
import type { Hello } from '../../lib/dnode/messages.js'
import { Session, type Api, type SessionOptions } from '../../lib/dnode/session.js'
import type { Connection } from '../../lib/wire/connection.js'
import { memoryPair } from '../../lib/wire/memory.js'

export const IDENTITY: Identity = {
  id: '7f3kq2m5ztw4ybn6ahxd3ejsuc',
  name: 'd1',
  version: '1.2.0',
  mesh: 'default',
  state: 'ready',
  started: 1_767_225_600_000,
}

/** A hello, of a client unless an identity is given. */
export function hello(identity: Identity | null = null, limits: Partial<Hello['limits']> = {}): Hello {
  const { row, attachedRow: attached, pending, depth, nodes } = LIMITS
  const taken = { row, attached, pending, depth, nodes, ...limits }
  return { protocol: 1, identity, timeout: null, types: [], idempotent: [], limits: taken }
}

type More = Partial<Omit<SessionOptions, 'clock' | 'api'>>

export interface Two {
  readonly clock: VirtualClock
  readonly client: Session
  readonly server: Session
}

/** A client and a server that speak the dialect, both ready. */
export async function two(
  api: Api,
  more: { client?: More & { api?: Api }; server?: More } = {},
): Promise<Two> {
  const clock = new VirtualClock()
  const [a, b] = memoryPair({ clock })
  const client = new Session(a, { clock, api: {}, hello: () => hello(), ...more.client })
  const server = new Session(b, { clock, api, hello: () => hello(IDENTITY), ...more.server })
  await Promise.all([client.ready, server.ready])
  return { clock, client, server }
}

/** Ends a session in order, and with it the other; nothing of either is held any more. */
export async function closeBoth({ client, server, clock }: Two): Promise<void> {
  await Promise.all([client.close(), server.close(), clock.settle()])
  for (const session of [client, server]) {
    expect(session.references).toEqual({ exported: 0, imported: 0 })
    expect([session.pending, session.streams]).toEqual([0, 0])
  }
  expect(clock.waiting).toBe(0)
}

export interface Raw {
  readonly clock: VirtualClock
  readonly session: Session
  /** The other end of the connection. */
  readonly raw: Connection
  /** What the session wrote, parsed, the oldest first. */
  readonly rows: unknown[]
  /** The attachments of those rows that had any. */
  readonly attached: (readonly Uint8Array[])[]
  /** Writes rows and lets them be handled. */
  send(...rows: unknown[]): Promise<void>
}

/** One session, and the bare other end of its connection. */
export async function withRaw(
  api: Api,
  more: More = {},
  clock: VirtualClock = new VirtualClock(),
): Promise<Raw> {
  const [a, raw] = memoryPair({ clock })
  const rows: unknown[] = []
  const attached: (readonly Uint8Array[])[] = []
  raw.rowLimit = 2 ** 30
  raw.attachmentLimit = LIMITS.attachedRow
  raw.open({
    row: (row, attachments) => {
      rows.push(row)
      if (attachments.length > 0) attached.push(attachments)
    },
    drain: () => undefined,
  })
  const session = new Session(a, { clock, api, hello: () => hello(IDENTITY), ...more })
  await clock.settle()
  const send = async (...sent: unknown[]): Promise<void> => {
    for (const row of sent) raw.send(`${typeof row === 'string' ? row : JSON.stringify(row)}\n`)
    await clock.settle()
  }
  return { clock, session, raw, rows, attached, send }
}

/** A methods row; with `isDialect` that of a dservice client. */
export function methodsRow(isDialect = true): object {
  const row = { method: 'methods', arguments: [{}], callbacks: {}, links: [] }
  const { protocol, limits } = hello()
  return isDialect ? { ...row, dservice: { protocol, limits } } : row
}

/** The value of an outcome, or its error thrown. */
export function valueOf(outcome: { ok: true; value: unknown } | { ok: false; error: Error }): unknown {
  if (outcome.ok) return outcome.value
  throw outcome.error
}
