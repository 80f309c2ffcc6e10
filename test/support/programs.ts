/** Real processes for tests: each is one of ours, is read line by line, and ends with its test by its pid. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { ROOT } from './build.js'

/** A process, and what it has said so far. */
export interface Program {
  readonly pid: number
  /** Lines of stdout. */
  readonly lines: readonly string[]
  /** Resolves at the first line that the pattern fits; rejects when the process ends without one. */
  said(pattern: RegExp): Promise<string>
  /** Resolves to the exit code (null: by a signal) when it has ended and all was read. */
  readonly ended: Promise<number | null>
  kill(signal: NodeJS.Signals): void
}

/** A mesh name of a test's own, so that nothing else on the machine is seen. */
export function ownMesh(): string {
  return `test-${randomUUID().slice(0, 12)}`
}

/** Starts programs in one mesh; disposing ends those that still run, and waits until they have. */
export class Programs implements AsyncDisposable {
  readonly mesh: string
  readonly #running = new Set<Program>()

  constructor(mesh: string = ownMesh()) {
    this.mesh = mesh
  }

  /** `node ...args` in the root of the checkout. */
  start(...args: readonly string[]): Program {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, DSERVICE_MESH: this.mesh, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const program = observe(child, args.join(' '))
    this.#running.add(program)
    void program.ended.then(() => this.#running.delete(program))
    return program
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#running]
    for (const program of running) program.kill('SIGKILL')
    await Promise.all(running.map((program) => program.ended))
  }
}

/** Reads a process of ours line by line. It needs pipes for stdout and stderr. */
export function observe(child: ChildProcess, name: string): Program {
  const lines: string[] = []
  const waiters = new Set<() => void>()
  let errors = ''
  let isOver = false
  const tell = (): void => [...waiters].forEach((run) => run())
  if (!child.stdout || !child.stderr || child.pid === undefined) throw new Error(`${name} did not start`)
  createInterface(child.stdout).on('line', (line) => (lines.push(line), tell()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      isOver = true
      tell()
      resolve(code)
    })
  })
  const said = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find((text) => pattern.test(text))
        if (line === undefined && !isOver) return
        waiters.delete(look)
        if (line !== undefined) resolve(line)
        else reject(new Error(`${name} ended without ${pattern}. It said:\n${lines.join('\n')}\n${errors}`))
      }
      waiters.add(look)
      look()
    })
  return { pid: child.pid, lines, said, ended, kill: (signal) => void child.kill(signal) }
}
