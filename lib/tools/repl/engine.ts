/** A node:repl with the mesh in scope: `mesh`, `svc`, and each service under its own name. */
import { builtinModules } from 'node:module'
import { start, type REPLServer, type ReplOptions } from 'node:repl'
import type { DService, MeshView } from '../../index.js'
import { splitAt } from '../../base/names.js'
import { isIdentifier } from './complete.js'
import { docsText, questionIn } from './docs.js'
import { Evaluation, type Hooks } from './evaluation.js'
import type { LiveServices } from './live.js'

/** node:repl's options, and who is told of errors, and of what was asked. */
export interface EngineOptions extends ReplOptions {
  readonly told: Hooks['told']
  readonly say: (text: string) => void
}

/** What of JavaScript's identifiers can be the name of a service. */
const SERVICE = /^[a-z][a-z0-9_]*$/

/** Looks at an instance that is announced and does not answer: about three seconds of them. */
const LOOKS = 5

/** Owned by one prompt or script, which closes it. */
export class ReplEngine {
  readonly server: REPLServer
  /** What looks at the mesh; its owner's. */
  readonly mesh: DService
  readonly #live: LiveServices
  readonly #globals = new Set<string>()
  readonly #evaluation: Evaluation

  constructor(mesh: DService, live: LiveServices, { told, say, ...options }: EngineOptions) {
    // the process's own globals: an array of another realm is no Array to the code that sends it
    this.server = start({ useGlobal: true, ignoreUndefined: true, preview: false, ...options })
    this.mesh = mesh
    this.#live = live
    this.#define('mesh', () => mesh)
    const all = live.all()
    this.#define('svc', () => all)
    this.#adopt()
    this.#evaluation = new Evaluation(this.server, {
      told,
      find: (name) => this.#find(name),
      ask: (line) => this.#ask(line, say),
    })
  }

  /** Looks at the mesh again; new services become globals, unless the name is taken. */
  async refresh(): Promise<MeshView> {
    const view = await this.#live.refresh()
    this.#adopt()
    return view
  }

  /**
   * Evaluates code, top-level await included; a promise as the result is awaited. Rejects where the code is unfinished;
   * of other errors `told` is told, and where the prompt does not go on after it, this never settles.
   */
  evaluate(code: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.server.eval(`${code}\n`, this.server.context, 'repl', (error, value: unknown) => {
        if (error === null) resolve(value)
        else reject(error)
      })
    })
  }

  /**
   * Holds the input back while `work`, which must not reject, runs; then shows the prompt, before any line that was
   * typed ahead is read. Ctrl-C leaves the wait, as it leaves a call.
   */
  async wait(work: Promise<unknown>): Promise<void> {
    const shown = work.then(() => this.server.displayPrompt())
    if (!(await this.#evaluation.wait(shown))) this.server.displayPrompt()
  }

  /** Takes the globals back, and closes the reader. */
  close(): void {
    for (const name of this.#globals) Reflect.deleteProperty(this.server.context, name)
    this.server.close()
  }

  /** Looks for a service that was named; one that is announced may take a while to prove itself. Errors: DS_UNREACHABLE. */
  async #find(name: string): Promise<boolean> {
    if (!SERVICE.test(name)) return false
    for (let look = 1; ; look++) {
      const missed = await this.#live.reach(name)
      const { unreachable } = await this.refresh()
      if (this.#globals.has(name)) return true
      if (missed && look === LOOKS && missed.code === 'DS_UNREACHABLE') throw missed
      if (look === LOOKS || !unreachable.some((one) => one.name === name)) return false
    }
  }

  /** `d1.transform?` asks what the service says of it; of what is no service it is code. */
  #ask(line: string, say: (text: string) => void): Promise<void> | null {
    const question = questionIn(line)
    if (!question || !this.#live.names.includes(splitAt(question.spec).name)) return null
    return this.#live
      .contracts(question.spec)
      .then((found) => docsText(question.path, found))
      .then(say)
  }

  #adopt(): void {
    for (const name of this.#live.names) {
      if (isIdentifier(name) && !this.#globals.has(name) && isFree(name)) {
        this.#define(name, () => this.#live.object(name))
      }
    }
  }

  #define(name: string, get: () => unknown): void {
    this.#globals.add(name)
    const { context } = this.server
    const visible = { configurable: true, enumerable: true }
    // an assignment at the prompt wins, as it does over any global
    const set = (value: unknown): void => {
      Object.defineProperty(context, name, { ...visible, writable: true, value })
    }
    Object.defineProperty(context, name, { ...visible, get, set })
  }
}

/** node:repl puts the built-in modules in scope; a service of such a name is more wanted. */
function isFree(name: string): boolean {
  return !(name in globalThis) || builtinModules.includes(name)
}
