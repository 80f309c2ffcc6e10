/** The two sides of a recorded session: how each session is made, and when its program runs. */
import type { Clock } from '../../lib/base/clock.js'
import type { Logger } from '../../lib/base/logger.js'
import { helloOf } from '../../lib/dnode/hello.js'
import type { Heart } from '../../lib/dnode/liveness.js'
import type { Outcome } from '../../lib/dnode/messages.js'
import { Session } from '../../lib/dnode/session.js'
import type { Connection } from '../../lib/wire/connection.js'
import type { Side } from './corpus.js'
import type { Program } from './programs.js'
import { callersApi, servedApi, type Look } from './served.js'

const IDENTITY = {
  id: '7f3kq2m5ztw4ybn6ahxd3ejsuc',
  name: 'd1',
  version: '1.2.0',
  mesh: 'default',
  state: 'ready',
  started: 1_767_225_600_000,
  contract: `sha256-${'9f86d081884c7d65'.repeat(4)}`,
} as const

const SAID = { idempotent: ['walk', 'peek'] }

export interface PartyOptions {
  readonly side: Side
  readonly codec: 'classic' | 'dialect'
  readonly program: Program
  readonly connection: Connection
  readonly clock: Clock
  readonly heart?: Heart | undefined
  readonly logger?: Logger
  readonly look?: Look
  /** What came of each call that the program made. */
  readonly onOutcome?: (outcome: Outcome) => void
  /** What the peer did wrong, as the session's owner is told. */
  readonly onFail?: (error: Error) => void
}

/** A session at work. */
export interface Party {
  readonly session: Session
  /** Its program has come to its end; a program that waits for outcomes must, whatever the peer does. */
  readonly done: Promise<unknown>
}

export function partyOf({ side, codec, program, look = () => undefined, ...rest }: PartyOptions): Party {
  const { connection, clock, heart, logger, onOutcome, onFail = () => undefined } = rest
  const session: Session = new Session(connection, {
    clock,
    api: side === 'server' ? servedApi(clock, look) : callersApi(look),
    hello: codec === 'dialect' ? () => (side === 'server' ? helloOf(IDENTITY, SAID) : helloOf(null)) : null,
    builtins: side === 'server' ? { $describe: () => ({ name: 'd1', edges: [] }) } : {},
    ...(logger ? { logger } : {}),
    ...(heart && codec === 'dialect' ? { heart } : {}),
    onError: () => undefined,
    onFail,
  })
  if (onOutcome) watch(session, onOutcome)
  const run = side === 'server' ? program.server : program.client
  // a peer that never says its methods is called all the same: those calls fail at once
  const ready = session.ready.then(
    () => null,
    (error: unknown) => error,
  )
  return { session, done: ready.then(() => run?.(session, clock)) }
}

/** Tells what comes of the calls of a session. */
function watch(session: Session, onOutcome: (outcome: Outcome) => void): void {
  const call = session.call.bind(session)
  session.call = async (...args) => {
    const outcome = await call(...args)
    onOutcome(outcome)
    return outcome
  }
}
