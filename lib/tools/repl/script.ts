/** Code without a prompt: `-e`, and lines that come through a pipe. */
import { PassThrough, Writable } from 'node:stream'
import { createInterface } from 'node:readline'
import { invalid, reasonOf } from '../../base/errors.js'
import type { DService } from '../../index.js'
import type { Input } from '../cli/input.js'
import type { Talk } from '../cli/talk.js'
import { jsonable, shown } from '../cli/values.js'
import { dotCommands, runDot, type DotCommand } from './dot.js'
import { ReplEngine } from './engine.js'
import { isUnfinished } from './evaluation.js'
import { LiveServices } from './live.js'
import { handleOptions } from './repl.js'

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
  // an error that nobody waits for ends a script, as it ends any program
  let lose: (error: unknown) => void = () => undefined
  const lost = new Promise<number>((resolve) => {
    lose = (error) => resolve(failScript(error, talk))
  })
  const told = (error: unknown): boolean => (lose(error), false)
  const streams = { input: new PassThrough(), output: nowhere, terminal: false }
  const engine = new ReplEngine(mesh, live, { ...streams, told, say: (text) => sayText(text, input.talk) })
  process.on('unhandledRejection', lose)
  try {
    await engine.refresh()
    const script = async (): Promise<number> => {
      const exit = await use(new Script(engine, talk))
      if (exit === 0) await live.idle()
      return exit
    }
    return await Promise.race([lost, script()])
  } finally {
    process.off('unhandledRejection', lose)
    engine.close()
  }
}

function sayText(text: string, talk: Talk): void {
  if (talk.json) talk.document({ value: text })
  else talk.data(text)
}

/** What does not parse was typed wrong; anything else is told as the error of a call is. */
function failScript(error: unknown, talk: Talk): number {
  if (!(error instanceof SyntaxError)) return talk.fail(error, 'call')
  return talk.fail(invalid({ summary: reasonOf(error), hint: 'mend the code', cause: error }))
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
      return failScript(isUnfinished(error) ? error.err : error, this.#talk)
    }
  }

  /** A line: a dot command, or code that may go on in the next line. */
  async line(line: string): Promise<number> {
    const command = this.#waiting === '' && /^\s*\.([a-z]+)(?:\s+(.*))?$/.exec(line)
    if (command) return this.#command(command[1] ?? '', command[2] ?? '')
    const code = this.#waiting === '' ? line : `${this.#waiting}\n${line}`
    this.#waiting = ''
    if (code.trim() === '') return 0
    try {
      this.#show(await this.#engine.evaluate(code))
      return 0
    } catch (error) {
      if (!isUnfinished(error)) return failScript(isUnfinished(error) ? error.err : error, this.#talk)
      this.#waiting = code
      return 0
    }
  }

  /** The input has ended; code that never did is an error. */
  async end(): Promise<number> {
    return this.#waiting === '' ? 0 : this.piece(this.#waiting)
  }

  async #command(name: string, typed: string): Promise<number> {
    const command = this.#commands.find((one) => one.name === name)
    if (!command) {
      const hint = `there are ${this.#commands.map((one) => `.${one.name}`).join(', ')}`
      return this.#talk.fail(invalid({ summary: `no command .${name}`, hint }))
    }
    try {
      await runDot(command, typed)
      return 0
    } catch (error) {
      return this.#talk.fail(error)
    }
  }

  #show(value: unknown): void {
    if (value === undefined) return
    if (this.#talk.json) this.#talk.document({ value: jsonable(value) })
    else this.#talk.data(shown(value, { depth: 8, colors: this.#talk.style.colors.isColorSupported }))
  }
}
