/** `dservice run <file...>`: one process for each file, their output side by side, one end for all. */
import { statSync } from 'node:fs'
import { systemClock } from '../../base/clock.js'
import { invalid } from '../../base/errors.js'
import type { Input } from '../cli/input.js'
import type { Settings, Talk } from '../cli/talk.js'
import { Child, type Ending } from './child.js'
import { nameFiles, type Part } from './naming.js'

/** A service drains for 10 s at most; a process that is still there later is killed. */
const PATIENCE = 12_000

/** One press of Ctrl-C can come twice, from the terminal and from npm. */
const ONE_PRESS = 500

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export async function run({ args, options, settings, talk, host }: Input): Promise<number> {
  const name = typeof options['name'] === 'string' ? options['name'] : undefined
  const parts = nameFiles(args, name)
  for (const { file } of parts) checkFile(file)
  const group = new Group(parts, { env: childEnv(host.env, settings), report: new Report(parts, talk) })
  const stop = (signal: NodeJS.Signals): void => group.stop(signal)
  for (const signal of SIGNALS) process.on(signal, stop)
  try {
    return await group.ended()
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

function checkFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return
  throw invalid({ summary: `${file} is no file`, hint: 'give files that Node can run: `dservice run d1.js`' })
}

function childEnv(env: NodeJS.ProcessEnv, { mesh, engine }: Settings): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(mesh === undefined ? {} : { DSERVICE_MESH: mesh }),
    ...(engine === undefined ? {} : { DSERVICE_ENGINE: engine }),
  }
}

/** All children of one `run`. */
class Group {
  readonly #children: readonly Child[]
  readonly #report: Report
  #stopped: NodeJS.Signals | null = null
  #stoppedAt = 0

  constructor(parts: readonly Part[], { env, report }: { env: NodeJS.ProcessEnv; report: Report }) {
    this.#report = report
    this.#children = parts.map((part) => {
      const child = new Child(part, env, report)
      report.started(part, child.pid)
      return child
    })
  }

  /** Passes the signal on, and waits; after too long, or when Ctrl-C is pressed again, it kills. */
  stop(signal: NodeJS.Signals): void {
    const now = systemClock.monotonic()
    if (this.#stopped !== null) {
      if (signal === 'SIGINT' && now - this.#stoppedAt > ONE_PRESS) this.#kill()
      return
    }
    this.#stopped = signal
    this.#stoppedAt = now
    for (const child of this.#children) child.signal(signal === 'SIGHUP' ? 'SIGTERM' : signal)
    systemClock.after(PATIENCE, () => this.#kill())
  }

  #kill(): void {
    for (const child of this.#children) child.signal('SIGKILL')
  }

  /** The exit code, when all are gone: 130 after Ctrl-C; 1 where one ended badly of its own accord. */
  async ended(): Promise<number> {
    const codes = await Promise.all(this.#children.map((child) => this.#end(child)))
    if (this.#stopped === 'SIGINT') return 130
    return codes.some((code) => code !== 0) ? 1 : 0
  }

  async #end(child: Child): Promise<number> {
    const ending = await child.ended
    const wanted = this.#stopped !== null && ending.signal !== 'SIGKILL'
    this.#report.ended(child.part, { ...ending, wanted })
    return wanted || ending.code === 0 ? 0 : 1
  }
}

/** What is said of the children: coloured lines, or a JSON line for each event. */
class Report {
  readonly #talk: Talk
  readonly #width: number
  readonly #paints: ReadonlyMap<string, (text: string) => string>

  constructor(parts: readonly Part[], talk: Talk) {
    this.#talk = talk
    this.#width = Math.max(...parts.map(({ label }) => label.length))
    const { cyan, magenta, yellow, green, blue } = talk.style.colors
    const paints = [cyan, magenta, yellow, green, blue]
    this.#paints = new Map(parts.map(({ label }, at) => [label, paints[at % paints.length] ?? cyan]))
  }

  started({ label, file }: Part, pid: number | null): void {
    if (this.#talk.json) this.#talk.document({ type: 'start', name: label, file, pid })
    else this.#talk.note(`${this.#lead(label)}started, pid ${pid}`)
  }

  serving(
    { label }: Part,
    { name, version, address }: { name: string; version: string; address: string | null },
  ): void {
    if (this.#talk.json)
      this.#talk.document({ type: 'serving', name: label, service: name, version, address })
    else this.#talk.note(`${this.#lead(label)}serves ${name}@${version} at ${address}`)
  }

  line({ label }: Part, stream: 'stdout' | 'stderr', text: string): void {
    if (this.#talk.json) this.#talk.document({ type: 'line', name: label, stream, text })
    else if (stream === 'stdout') this.#talk.data(this.#lead(label) + text)
    else this.#talk.raw(this.#lead(label) + text)
  }

  ended({ label }: Part, { code, signal, wanted }: Ending & { wanted: boolean }): void {
    if (this.#talk.json) return this.#talk.document({ type: 'exit', name: label, code, signal, wanted })
    const how = signal === null ? `exit code ${code}` : signal
    if (wanted) this.#talk.note(`${this.#lead(label)}stopped`)
    else if (code === 0) this.#talk.note(`${this.#lead(label)}has ended`)
    else this.#talk.warn(`${this.#lead(label)}died: ${how}`)
  }

  #lead(label: string): string {
    const paint = this.#paints.get(label)
    return `${paint ? paint(label.padEnd(this.#width)) : label} | `
  }
}
