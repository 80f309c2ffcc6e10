/** JavaScript as node:repl evaluates it, with the mesh in scope and promises awaited. */
import type { Domain } from 'node:domain'
import { builtinModules } from 'node:module'
import { Recoverable, start, type REPLServer, type ReplOptions } from 'node:repl'
import { types } from 'node:util'
import type { DService, MeshView } from '../../index.js'
import { isIdentifier } from './complete.js'
import type { LiveServices } from './live.js'

type Evaluate = REPLServer['eval']

/** Where the promise to await waits between two evaluations. */
const PENDING = Symbol.for('dservice.repl.pending')

/** True where the code is not wrong but unfinished: another line may complete it. */
export function isUnfinished(error: unknown): boolean {
  return error instanceof Recoverable
}

/** The error behind node:repl's own wrapping. */
export function unwrapped(error: unknown): unknown {
  return error instanceof Recoverable ? error.err : error
}

/** node:repl's options, and who is told of errors. */
export interface EngineOptions extends ReplOptions {
  readonly told: (error: unknown) => boolean
}

/** A node:repl whose context has `mesh`, `svc`, and each service that can be a global. */
export class ReplEngine {
  readonly server: REPLServer
  readonly #live: LiveServices
  readonly #globals = new Set<string>()

  /** `told` is given each error that nobody waits for; what it does not take (false), node:repl prints. */
  constructor(mesh: DService, live: LiveServices, { told, ...options }: EngineOptions) {
    // the process's own globals: an array of another realm is no Array to the code that sends it
    this.server = start({ useGlobal: true, ignoreUndefined: true, preview: false, ...options })
    this.#live = live
    this.#define('mesh', () => mesh)
    const all = live.all()
    this.#define('svc', () => all)
    replaceEval(this.server, awaiting(this.server))
    replaceEval(this.server, this.#lookingAgain())
    replaceEval(this.server, telling(this.server, told))
    tellLost(this.server, told)
  }

  /** Looks at the mesh again; new services become globals, unless the name is taken. */
  async refresh(): Promise<MeshView> {
    const view = await this.#live.refresh()
    for (const name of this.#live.names) {
      if (isIdentifier(name) && !this.#globals.has(name) && isFree(name)) {
        this.#define(name, () => this.#live.object(name))
      }
    }
    return view
  }

  /**
   * Evaluates code, top-level await included; a promise as the result is awaited. Rejects where the code is unfinished;
   * of other errors `told` is told, and where that comes by the domain, the evaluation never ends.
   */
  evaluate(code: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.server.eval(`${code}\n`, this.server.context, 'repl', (error: unknown, value: unknown) => {
        if (error === null || error === undefined) resolve(value)
        else reject(error as Error)
      })
    })
  }

  /** Takes the globals back, and closes the reader. */
  close(): void {
    for (const name of this.#globals) Reflect.deleteProperty(this.server.context, name)
    Reflect.deleteProperty(globalThis, PENDING)
    this.server.close()
  }

  /** A name that is not defined may be a service that came since: look, and where it is, evaluate once more. */
  #lookingAgain(): Evaluate {
    const { server } = this
    const evaluate = server.eval
    return (...[code, context, file, finish]: Parameters<Evaluate>) => {
      evaluate.call(server, code, context, file, (error, value: unknown) => {
        const name = error === null ? null : firstUndefined(code, error)
        if (name === null) return finish(error, value)
        const looked = (): void => {
          if (this.#globals.has(name)) evaluate.call(server, code, context, file, finish)
          else finish(error, value)
        }
        this.refresh().then(looked, looked)
      })
    }
  }

  #define(name: string, get: () => unknown): void {
    this.#globals.add(name)
    const context = this.server.context
    Object.defineProperty(context, name, {
      configurable: true,
      enumerable: true,
      get,
      // an assignment at the prompt wins, as it does over any global
      set: (value: unknown) => {
        Object.defineProperty(context, name, {
          configurable: true,
          enumerable: true,
          writable: true,
          value,
        })
      },
    })
  }
}

/** The name that the code begins with, where it is the one that is not defined: nothing has run yet. */
function firstUndefined(code: string, error: Error): string | null {
  const missing = error.name === 'ReferenceError' && /^([\w$]+) is not defined$/.exec(error.message)?.[1]
  const first = /^\s*(?:await\s+)?([\w$]+)/.exec(code)?.[1]
  return missing && missing === first ? missing : null
}

/** node:repl puts the built-in modules in scope; a service of such a name is more wanted. */
function isFree(name: string): boolean {
  return !(name in globalThis) || builtinModules.includes(name)
}

/** Node's own evaluation; where it yields a promise, that is awaited as if it had been typed so, Ctrl-C included. */
function awaiting(server: REPLServer): Evaluate {
  const evaluate: Evaluate = server.eval
  return (...[code, context, file, finish]: Parameters<Evaluate>) => {
    evaluate.call(server, code, context, file, (error, value: unknown) => {
      if (error !== null || !types.isPromise(value)) return finish(error, value)
      Object.defineProperty(globalThis, PENDING, { configurable: true, value })
      const again = `await globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(PENDING))})]\n`
      evaluate.call(server, again, context, file, finish)
    })
  }
}

/** Gives errors of an evaluation to `told` first; unfinished code is no error yet. */
function telling(server: REPLServer, told: (error: unknown) => boolean): Evaluate {
  const evaluate: Evaluate = server.eval
  return (...[code, context, file, finish]: Parameters<Evaluate>) => {
    evaluate.call(server, code, context, file, (error, value: unknown) => {
      const taken = error !== null && !isUnfinished(error) && told(unwrapped(error))
      if (!taken) return finish(error, value)
      keepError(server, error)
      finish(null, undefined)
    })
  }
}

/**
 * Up to Node 24, node:repl evaluates in a domain: what a top-level await rejects with, and every rejection that nobody
 * handles, comes there as an event instead of to the callback; node:repl prints it with its stack, twice.
 */
function tellLost(server: REPLServer, told: (error: unknown) => boolean): void {
  const { _domain: domain } = server as unknown as { _domain?: Domain }
  if (!domain) return
  const printers = domain.listeners('error')
  domain.removeAllListeners('error')
  domain.on('error', (error) => {
    if (!told(error)) return printers.forEach((print) => void Reflect.apply(print, domain, [error]))
    keepError(server, error)
    server.clearBufferedCommand()
    server.displayPrompt()
  })
}

/** `_error` at the prompt. */
function keepError(server: REPLServer, error: unknown): void {
  Object.assign(server, { lastError: error })
}

/** node:repl looks the function up at each line, though its types call it read-only. */
function replaceEval(server: REPLServer, evaluate: Evaluate): void {
  ;(server as { eval: Evaluate }).eval = evaluate
}
