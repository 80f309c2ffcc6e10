/** How node:repl evaluates, adapted: promises are awaited, names looked for, and each error told in one place. */
import type { Domain } from 'node:domain'
import { Recoverable, type REPLServer } from 'node:repl'
import { types } from 'node:util'

type Evaluate = REPLServer['eval']
/** Code, context, file name, and who is told of the result. */
type Call = Parameters<Evaluate>

/** What the owner of a prompt decides. */
export interface Hooks {
  /** Is given every error, also those that nobody waits for. Answers whether the prompt goes on. */
  told(error: unknown): boolean
  /** Makes a name that is not defined known, where it can. */
  find(name: string): Promise<boolean>
  /** Answers what is no code; null where it is code. */
  ask(line: string): Promise<unknown> | null
}

/** Where the promise to await waits between two evaluations. */
const PENDING = 'dservice.repl.pending'
const AWAIT_PENDING = `await globalThis[Symbol.for('${PENDING}')]\n`

/** True where the code is not wrong but unfinished: another line may complete it. */
export function isUnfinished(error: unknown): error is Recoverable {
  return error instanceof Recoverable
}

/** Takes over the evaluation of a node:repl; for good. */
export class Evaluation {
  readonly #server: REPLServer
  readonly #hooks: Hooks
  readonly #evaluate: Evaluate
  /** What runs now; null once it has ended. */
  #current: Call | null = null

  constructor(server: REPLServer, hooks: Hooks) {
    this.#server = server
    this.#hooks = hooks
    this.#evaluate = server.eval
    const run = (...call: Call): void => this.#run(call)
    // node:repl looks the function up at each line, though its types call it read-only
    ;(server as { eval: Evaluate }).eval = run
    this.#takeLost()
  }

  /** Holds the input back while `work`, which must not reject, runs. Answers false where Ctrl-C has left it before. */
  wait(work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const call: Call = ['', this.#server.context, 'repl', (_, isDone) => resolve(isDone === true)]
      this.#current = call
      this.#await(call, work, () => this.#end(call, true))
    })
  }

  #run(call: Call): void {
    this.#current = call
    const asked = this.#hooks.ask(call[0])
    if (asked) return this.#await(call, asked, () => this.#end(call, undefined))
    this.#inner(call, call[0], (value) => {
      if (types.isPromise(value)) this.#await(call, value, (awaited) => this.#end(call, awaited))
      else this.#end(call, value)
    })
  }

  /** Awaits as if it had been typed so: node:repl then pauses its input, and Ctrl-C leaves the wait. */
  #await(call: Call, promise: Promise<unknown>, done: (value: unknown) => void): void {
    Object.defineProperty(globalThis, Symbol.for(PENDING), { configurable: true, value: promise })
    this.#inner(call, AWAIT_PENDING, done)
  }

  #inner(call: Call, code: string, done: (value: unknown) => void): void {
    const [, context, file, finish] = call
    this.#evaluate.call(this.#server, code, context, file, (error, value: unknown) => {
      if (error === null) done(value)
      else if (isUnfinished(error)) finish(error, undefined)
      else this.#fail(error)
    })
  }

  #end([, , , finish]: Call, value: unknown): void {
    this.#current = null
    finish(null, value)
  }

  /**
   * Up to Node 24, node:repl evaluates in a domain: what the code throws, what a top-level await rejects with, and
   * every rejection that nobody handles come there as an event. node:repl would print it with its stack, twice.
   */
  #takeLost(): void {
    const { _domain: domain } = this.#server as unknown as { _domain?: Domain }
    domain?.removeAllListeners('error').on('error', (error) => this.#fail(error))
  }

  /** A name that is not defined may be a service that came since: where it is, the code is evaluated once more. */
  #fail(error: unknown): void {
    const call = this.#current
    const name = call && firstUndefined(call[0], error)
    if (!call || name === null) return this.#tell(error, call)
    // lines that were typed ahead wait for the look, as they wait for a call
    this.#await(call, this.#look(name), (isFound) => (isFound ? this.#run(call) : this.#tell(error, call)))
  }

  async #look(name: string): Promise<boolean> {
    try {
      return await this.#hooks.find(name)
    } catch (error) {
      // why the look failed says more than that the name is not defined
      this.#hooks.told(error)
      return false
    }
  }

  #tell(error: unknown, call: Call | null): void {
    this.#current = null
    // `_error` at the prompt
    Object.assign(this.#server, { lastError: error })
    if (!this.#hooks.told(error)) return
    this.#server.clearBufferedCommand()
    if (call) call[3](null, undefined)
    else this.#server.displayPrompt()
  }
}

/** The name that the code begins with, where it is the one that is not defined: then nothing has run yet. */
function firstUndefined(code: string, error: unknown): string | null {
  if (!(error instanceof ReferenceError)) return null
  const missing = /^([\w$]+) is not defined$/.exec(error.message)?.[1]
  const first = /^\s*(?:await\s+)?([\w$]+)/.exec(code)?.[1]
  return missing !== undefined && missing === first ? missing : null
}
