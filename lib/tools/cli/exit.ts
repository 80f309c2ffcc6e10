/** The exit codes: a promise to scripts. They never depend on the output format. */
import { constants } from 'node:os'
import type { Code } from '../../base/errors.js'

/** What each exit code says; printed by `dservice help`. */
export const EXIT: Readonly<Record<number, string>> = Object.freeze({
  0: 'done',
  1: 'the remote method threw, or a finding',
  2: 'the command line is wrong',
  3: 'nothing matched: no such service, version or method',
  4: 'the deadline passed',
  5: 'found, but not to be reached; or no engine to look with',
  6: 'refused: draining, over a limit, no access',
  7: 'the arguments were refused, or cannot travel',
  8: 'required dependencies form a cycle, or the lock does not fit the package.json',
  130: 'interrupted (SIGINT)',
  143: 'ended by SIGTERM',
})

/** The exit code of each error code, where the method did not run. */
export const EXIT_OF: Readonly<Record<Code, number>> = Object.freeze({
  DS_NO_INSTANCE: 3,
  DS_NO_METHOD: 3,
  DS_TIMEOUT: 4,
  DS_UNREACHABLE: 5,
  DS_DISCONNECTED: 5,
  DS_REF_GONE: 5,
  DS_CLOSED: 5,
  DS_PROTOCOL: 5,
  DS_LISTEN: 5,
  DS_ENGINE: 5,
  DS_REFUSED: 6,
  DS_FORBIDDEN: 6,
  DS_AUTH: 6,
  DS_LIMIT: 6,
  DS_INVALID: 2,
  DS_INSECURE: 2,
  DS_UNSENDABLE: 7,
  DS_CYCLE: 8,
  DS_CANCELLED: 130,
})

/** The exit code where package.json and lock disagree. */
export const LOCK_MISMATCH = 8

/** The exit code of a program that a signal ended, as shells count it. */
export function exitOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** `setup`: before anything was sent, so that what is invalid was typed; `call`: a method was being called. */
export type Phase = 'setup' | 'call'

/** The exit code of whatever was thrown. An error of the method itself is 1, whatever code it carries. */
export function exitOf(thrown: unknown, phase: Phase): number {
  const { code, ran } = (thrown ?? {}) as { code?: unknown; ran?: unknown }
  if (ran === 'yes' || typeof code !== 'string' || !Object.hasOwn(EXIT_OF, code)) return 1
  if (phase === 'call' && code === 'DS_INVALID') return 7
  return EXIT_OF[code as Code]
}
