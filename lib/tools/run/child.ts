/** One child of `run`: its process, its lines, its end. */
import { fork, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Part } from './naming.js'
import type { Serving } from './runner.js'

const RUNNER = fileURLToPath(new URL('./runner.js', import.meta.url))

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What the owner of a child is told. */
export interface ChildEvents {
  line(part: Part, stream: 'stdout' | 'stderr', text: string): void
  serving(part: Part, serving: Serving): void
}

/** A file that runs. Owned by `run`, which waits for its end. */
export class Child {
  readonly part: Part
  /** Resolves when the process is gone and its last line was told. */
  readonly ended: Promise<Ending>
  readonly #process: ChildProcess

  constructor(part: Part, env: NodeJS.ProcessEnv, events: ChildEvents) {
    this.part = part
    this.#process = fork(RUNNER, [part.file, part.name], {
      env: { ...env, DSERVICE_DIR: part.folder, DSERVICE_SIGNALS: '1' },
      execArgv: [],
      // a process group of its own: Ctrl-C reaches it once, by `run`, not a second time by the terminal
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process.on('message', (message: Serving) => events.serving(part, message))
    const lines = (['stdout', 'stderr'] as const).map((stream) => this.#lines(stream, events))
    this.ended = this.#end(lines)
  }

  get pid(): number | null {
    return this.#process.pid ?? null
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Passes a signal on. After the end it does nothing. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#process.kill(signal)
  }

  async #lines(stream: 'stdout' | 'stderr', events: ChildEvents): Promise<void> {
    const input = this.#process[stream]
    if (!input) return
    for await (const text of createInterface({ input, crlfDelay: Infinity }))
      events.line(this.part, stream, text)
  }

  async #end(lines: readonly Promise<void>[]): Promise<Ending> {
    const ending = await new Promise<Ending>((resolve) => {
      this.#process.once('error', () => resolve({ code: 1, signal: null }))
      this.#process.once('exit', (code, signal) => resolve({ code, signal }))
    })
    // a grandchild may hold the pipes open; what is written is told, but the end does not wait for it
    const closed = new Promise<void>((resolve) => this.#process.once('close', () => resolve()))
    await Promise.race([Promise.all([...lines, closed]), settled()])
    return ending
  }
}

/** A few turns of the event loop: enough for what is already in the pipes. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}
