/** A program on a terminal of its own (util-linux's `script` makes one): typed at, and read as it is drawn. */
import { spawn, type ChildProcess } from 'node:child_process'
import { CLI } from './shell.js'

const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g')

/** `dservice ...args` on a terminal. Disposing ends it. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  readonly #waiters = new Set<() => void>()
  #screen = ''
  #read = 0
  #isOver = false

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ')
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { ...process.env, NO_COLOR: '1', LANG: 'C.UTF-8', TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#screen += text.replace(SEQUENCE, '').replaceAll('\r', '')
      for (const look of [...this.#waiters]) look()
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#isOver = true
        for (const look of [...this.#waiters]) look()
        resolve(code)
      })
    })
  }

  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** Types; `\r` is Enter, `\t` Tab, `\u0003` Ctrl-C, `\u0004` Ctrl-D. */
  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Resolves to what was drawn since the last time, up to what the pattern fits. */
  until(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const unread = this.#screen.slice(this.#read)
        const match = pattern.exec(unread)
        if (!match && !this.#isOver) return
        this.#waiters.delete(look)
        if (!match) return reject(new Error(`it ended without ${pattern}:\n${this.#screen}`))
        const end = match.index + match[0].length
        this.#read += end
        resolve(unread.slice(0, end))
      }
      this.#waiters.add(look)
      look()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
