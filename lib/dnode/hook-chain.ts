/** Hooks, one around the other, around one call: each lets it through at most once, and none when it has its answer. */
import { invalid, type DServiceError, type Ran } from '../base/errors.js'

/** Lets the call go on inwards, with what is given instead of what there was; resolves and rejects as it ends. */
export type Next<Given> = (given?: Given) => Promise<unknown>

/** How a call goes through its hooks. `State`: what each of them passes on to the next one inwards. */
export interface Way<State, Given, Seen> {
  readonly kind: 'serve' | 'call'
  readonly method: string
  /** The first one is the outermost. */
  readonly hooks: readonly ((seen: Seen, next: Next<Given>) => unknown)[]
  /** What comes of the state by what a hook gave to `next`. Errors: DS_INVALID. */
  take(given: Given, before: State): State
  /** What a hook is shown. */
  see(state: State): Seen
  /** Whether the method ran, as far as is known now. */
  ran(): Ran
  /** What the hooks are around. */
  run(state: State): Promise<unknown>
}

/**
 * Resolves to what the outermost hook answers, and rejects with what it throws. Starts at once, on the stack of the caller.
 * Once it has settled nothing more is run: whoever was told that the call did not run may make it again.
 */
export async function through<State, Given, Seen>(
  way: Way<State, Given, Seen>,
  start: State,
): Promise<unknown> {
  const whole = { isOver: false }
  try {
    return await layer({ way, at: 0, whole }, start)
  } finally {
    whole.isOver = true
  }
}

/** Where a call is on its way. */
interface Place<State, Given, Seen> {
  readonly way: Way<State, Given, Seen>
  /** The hook's index. */
  readonly at: number
  /** What all hooks of the call share. */
  readonly whole: { isOver: boolean }
}

async function layer<State, Given, Seen>(
  { way, at, whole }: Place<State, Given, Seen>,
  state: State,
): Promise<unknown> {
  const hook = way.hooks[at]
  if (whole.isOver) throw misused(way, 'called next after the call had its answer')
  if (!hook) return way.run(state)
  const own = { isOver: false, calls: 0 }
  const pass = async (given: Given | undefined): Promise<unknown> => {
    if (own.isOver) throw misused(way, 'called next after it had answered')
    if (own.calls++ > 0) throw misused(way, 'called next a second time')
    return layer({ way, at: at + 1, whole }, given === undefined ? state : way.take(given, state))
  }
  try {
    const answer = await hook(way.see(state), (given) => mayBeDropped(pass(given)))
    if (own.calls === 0) throw misused(way, 'answered without calling next')
    return answer
  } finally {
    own.isOver = true
  }
}

/** A hook need not look at what `next` gave it: then a rejection is nobody's, and must not end the process. */
function mayBeDropped(passing: Promise<unknown>): Promise<unknown> {
  const nothing = (): void => undefined
  void passing.then(nothing, nothing)
  return passing
}

function misused(
  { kind, method, ran }: { readonly kind: string; readonly method: string; ran(): Ran },
  what: string,
): DServiceError {
  return invalid({
    summary: `a ${kind} hook ${what}, at ${method}`,
    hint: 'a hook calls next once and answers with what comes of it, or throws',
    ran: ran(),
  })
}
