/** Code without a prompt: `-e`, and lines that come through a pipe. */
import { PassThrough, Writable } from 'node:stream'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import { invalid, reasonOf } from '../../base/errors.js'
import type { DService } from '../../index.js'
import type { Input } from '../cli/commands.js'
import type { Talk } from '../cli/talk.js'
import { jsonable } from '../cli/values.js'
import { isUnfinished, ReplEngine, unwrapped } from './engine.js'
import { LiveServices } from './live.js'
import { dotCommands, handleOptions, type DotCommand } from './repl.js'

/** Evaluates each piece in turn and prints its result; the first failure ends it with its exit code. */
export async function runPieces(mesh: DService, input: Input, pieces: readonly string[]): Promise<number> {
  return withScript(mesh, input, async (script) => {
    for (const piece of pieces) {
      const exit = await script.piece(piece)
      if (exit !== 0) return exit
    }
    return 0
  })
}

/** Evaluates lines as they come; a piece of code may span several of them. */
export async function runLines(mesh: DService, input: Input): Promise<number> {
  return withScript(mesh, input, async (script) => {
    const lines = createInterface({ input: input.host.stdin, crlfDelay: Infinity })
    for await (const line of lines) {
      const exit = await script.line(line)
      if (exit !== 0) return exit
    }
    return script.end()
  })
}

async function withScript(
  mesh: DService,
  input: Input,
  use: (script: Script) => Promise<number>,
): Promise<number> {
  const { talk } = input
  const live = new LiveServices(mesh, handleOptions(input.settings.timeout))
  const nowhere = new Writable({ write: (chunk, encoding, done) => done() })
  const engine = new ReplEngine(mesh, live, { input: new PassThrough(), output: nowhere, terminal: false })
  // an error that nobody waits for ends a script, as it ends any program
  const lost = new Promise<number>((resolve) => {
    process.once('unhandledRejection', (error) => resolve(talk.fail(error, 'call')))
  })
  try {
    await engine.refresh()
    return await Promise.race([use(new Script(engine, talk)), lost])
  } finally {
    process.removeAllListeners('unhandledRejection')
    engine.close()
  }
}

/** The state of a script: the lines that wait for their end. */
class Script {
  readonly #engine: ReplEngine
  readonly #talk: Talk
  readonly #commands: readonly DotCommand[]
  #waiting = ''

  constructor(engine: ReplEngine, talk: Talk) {
    this.#engine = engine
    this.#talk = talk
    this.#commands = dotCommands(engine, talk)
  }

  /** Code that must be whole. */
  async piece(code: string): Promise<number> {
    try {
      this.#show(await this.#engine.evaluate(code))
      return 0
    } catch (error) {
      return this.#fail(error)
    }
  }

  /** A line: a dot command, or code that may go on in the next line. */
  async line(line: string): Promise<number> {
    const command = this.#waiting === '' && /^\s*\.([a-z]+)\s*$/.exec(line)
    if (command) return this.#command(command[1] ?? '')
    const code = this.#waiting === '' ? line : `${this.#waiting}\n${line}`
    this.#waiting = ''
    if (code.trim() === '') return 0
    try {
      this.#show(await this.#engine.evaluate(code))
      return 0
    } catch (error) {
      if (!isUnfinished(error)) return this.#fail(error)
      this.#waiting = code
      return 0
    }
  }

  /** The input has ended; code that never did is an error. */
  async end(): Promise<number> {
    return this.#waiting === '' ? 0 : this.piece(this.#waiting)
  }

  async #command(name: string): Promise<number> {
    const command = this.#commands.find((one) => one.name === name)
    if (!command) {
      const hint = `there are ${this.#commands.map((one) => `.${one.name}`).join(', ')}`
      return this.#talk.fail(invalid({ summary: `no command .${name}`, hint }))
    }
    try {
      await command.run()
      return 0
    } catch (error) {
      return this.#talk.fail(error)
    }
  }

  #show(value: unknown): void {
    if (value === undefined) return
    if (this.#talk.json) this.#talk.document({ value: jsonable(value) })
    else
      this.#talk.data(
        inspect(value, { depth: 8, showProxy: false, colors: this.#talk.style.colors.isColorSupported }),
      )
  }

  #fail(thrown: unknown): number {
    const error = unwrapped(thrown)
    if (error instanceof SyntaxError)
      return this.#talk.fail(invalid({ summary: reasonOf(error), hint: 'mend the code', cause: error }))
    return this.#talk.fail(error, 'call')
  }
}
