/** Who is there of the remotes of a project, and what they promise: all are looked for at once. */
import { duration } from '../../base/names.js'
import { isDServiceError, protocol, timeout, type DServiceError } from '../../base/errors.js'
import type { DService, InstanceContract } from '../../index.js'
import type { Found, RemoteDeclaration } from '../../remotes/index.js'
import type { Settings } from '../cli/talk.js'

/** Milliseconds after which a remote that nobody has announced is absent, until --timeout says otherwise. */
const PATIENCE = 1_000

/** What is looked for. */
export type Sought = Pick<RemoteDeclaration, 'name' | 'range'>

/** What came of it. */
export interface Seen extends Sought {
  /** Those in range: the highest version first, of a version the youngest. Empty where nobody is there. */
  readonly found: readonly InstanceContract[]
  /** Why nobody is; null where somebody is. */
  readonly absence: DServiceError | null
}

/** Absence is decided after so many milliseconds. */
export function patienceOf({ timeout: given }: Settings): number {
  return given === undefined ? PATIENCE : duration(given, 'timeout')
}

/** The settings of a client that is patient for so long. */
export function patient(settings: Settings): Settings {
  return { ...settings, timeout: String(patienceOf(settings)) }
}

/** Looks for all of them at once; answers in their order. Errors: DS_ENGINE and the like: what keeps from looking at all. */
export function lookFor(mesh: DService, sought: readonly Sought[]): Promise<Seen[]> {
  return Promise.all(sought.map((one) => look(mesh, one)))
}

async function look(mesh: DService, { name, range }: Sought): Promise<Seen> {
  const { contracts } = await import('../../index.js')
  try {
    // one that is found is not all that are there: who answers late is waited for as `dservice ls` does
    const [handle] = await Promise.all([mesh.dnodeFor(name, range), mesh.inspect({ name })])
    const found = await contracts(handle)
    const absence = found.length > 0 ? null : gone({ name, range })
    return { name, range, found, absence }
  } catch (error) {
    if (!isAbsence(error)) throw error
    return { name, range, found: [], absence: error }
  }
}

function isAbsence(error: unknown): error is DServiceError {
  return isDServiceError(error) && ['DS_NO_INSTANCE', 'DS_UNREACHABLE'].includes(error.code)
}

function gone({ name, range }: Sought): DServiceError {
  return timeout({
    summary: `the instance of ${name}@${range} was gone before it told its contract`,
    hint: 'run the command again',
  })
}

/** The instance that calls would go to: the highest version that is ready, else the highest. */
export function chosenOf({ found }: Seen): InstanceContract | null {
  return found.find(({ instance }) => instance.state === 'ready') ?? found[0] ?? null
}

/** What is locked of a remote that was found. Errors: DS_PROTOCOL where it tells no contract that passes, DS_TIMEOUT where it is silent. */
export function foundOf(seen: Seen): Found {
  const chosen = chosenOf(seen)
  if (!chosen) throw seen.absence ?? gone(seen)
  const { instance, contract, rely, described } = chosen
  const who = `${seen.name}@${instance.version} at ${instance.address}`
  if (contract === null || !described) {
    const make = described ? protocol : timeout
    throw make({
      summary: described ? `${who} tells no contract that passes` : `${who} did not say in time what it is`,
      hint: described ? '--verbose says why; its owner mends it' : 'run the command again',
    })
  }
  return { declaration: { range: seen.range }, version: instance.version, contract, rely }
}
