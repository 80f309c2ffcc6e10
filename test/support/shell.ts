/** The built `dservice` program, run as a user runs it. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { ROOT } from './build.js'

/** The program in dist. */
export const CLI: string = path.join(ROOT, 'dist/lib/tools/cli/main.js')

/** How a run ended. */
export interface Ran {
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** What a run is given beside its arguments. */
export interface Given {
  readonly env?: NodeJS.ProcessEnv
  readonly stdin?: string
  readonly cwd?: string
}

/** Against hanging only: every command here is done in a fraction of it. */
const LIMIT = 40_000

/** Runs `dservice ...args` to its end. */
export function dserviceCommand(args: readonly string[], { env, stdin, cwd }: Given = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: cwd ?? ROOT,
      env: { ...process.env, NO_COLOR: '1', LANG: 'C.UTF-8', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('error', reject)
    child.once('close', (exit, signal) => resolve({ exit, signal, out, err }))
    // a command that reads no input may be gone before it is written
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error)
    })
    child.stdin.end(stdin)
  })
}

/** The JSON documents of an output, one a line. */
export function documents(out: string): Record<string, unknown>[] {
  const lines = out.trimEnd().split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
}
