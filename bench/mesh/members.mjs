/** The instances of a measure: one more than is needed is loaded and waits, so that a start takes no time of Node's. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MEMBER = fileURLToPath(new URL('member.mjs', import.meta.url))

/** Owned by one measure, which ends it. */
export class Members {
  #peer
  #running = new Set()
  #standby

  constructor(peer) {
    this.#peer = peer
    this.#standby = this.#load()
  }

  /** Starts one; resolves when it serves. */
  async start() {
    const member = await this.#standby
    this.#standby = this.#load()
    await member.tell('start')
    return member
  }

  /** Ends all that still run. */
  async end() {
    await this.#standby
    const running = [...this.#running]
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(running.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
  }

  async #load() {
    const child = fork(MEMBER, [this.#peer], { stdio: ['ignore', 2, 2, 'ipc'] })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    await once(child, 'message')
    return {
      pid: child.pid,
      async tell(order) {
        const answered = once(child, 'message')
        child.send(order)
        const [answer] = await answered
        return answer
      },
      /** Dies at once. */
      kill: () => void child.kill('SIGKILL'),
      /** Ends in order. */
      async stop() {
        const ended = once(child, 'exit')
        child.send('stop')
        await ended
      },
    }
  }
}
