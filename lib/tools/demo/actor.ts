/** The demo's processes as its director holds them: started, asked, killed; always ended with it. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { disconnected, engine, timeout } from '../../base/errors.js'
import { systemClock } from '../../base/clock.js'
import type { State } from '../../index.js'
import type { Order, Role, Said } from './messages.js'

const MEMBER = fileURLToPath(new URL('./member.js', import.meta.url))

/** An answer, and how long the caller waited for it. */
export interface Answer {
  readonly value: unknown
  readonly ms: number
}

/** Where and as what a process joins. */
export interface Casting {
  readonly role: Role
  readonly mesh: string
  readonly engine: string
  /** Only where the engine must know it beforehand. */
  readonly port?: number
}

interface Waiter {
  readonly when: (said: Said) => boolean
  readonly resolve: (said: Said) => void
  readonly reject: (error: Error) => void
}

/** One child process. Owned by the demo, which ends it. */
export class Actor {
  readonly role: Role
  /** Resolves when the process is gone, whatever ended it. */
  readonly exited: Promise<void>
  version = ''
  address: string | null = null
  state: State | null = null
  readonly #child: ChildProcess
  readonly #waiters = new Set<Waiter>()
  #failure: Error | null = null
  #up = false
  #lastId = 0
  #stderr = ''

  constructor({ role, mesh, engine: url, port }: Casting) {
    this.role = role
    this.#child = fork(MEMBER, port === undefined ? [role] : [role, String(port)], {
      env: { ...process.env, DSERVICE_MESH: mesh, DSERVICE_ENGINE: url },
      execArgv: [],
      // a process group of its own: Ctrl-C is for the director, which ends its actors
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000)
    })
    this.#child.on('message', (said: Said) => this.#hear(said))
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#end(error, resolve))
      this.#child.once('exit', () => this.#end(this.#dead(), resolve))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves when the process listens, or is connected; rejects with what kept it from that. */
  async up(ms: number): Promise<this> {
    if (!this.#up) await this.#wait((said) => said.type === 'up', { ms, what: 'to be up' })
    return this
  }

  /** Resolves when the service is in this state. */
  async in(state: State, ms: number): Promise<void> {
    if (this.state === state) return
    await this.#wait((said) => said.type === 'state' && said.state === state, { ms, what: `to be ${state}` })
  }

  /** Has the client call a method. */
  async call(order: Omit<Order, 'type' | 'id'>, ms: number): Promise<Answer> {
    const id = ++this.#lastId
    const reply = this.#wait((said) => (said.type === 'answer' || said.type === 'threw') && said.id === id, {
      ms,
      what: `to call ${order.service}.${order.method}`,
    })
    this.#child.send({ type: 'call', id, ...order } satisfies Order)
    const said = await reply
    if (said.type === 'answer') return { value: said.value, ms: said.ms }
    throw new Error(said.type === 'threw' ? `${said.code}: ${said.message}` : said.type)
  }

  /** SIGKILL: no goodbye, as a crash has none. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  #hear(said: Said): void {
    if (said.type === 'up') {
      this.#up = true
      this.version = said.version
      this.address = said.address
    }
    if (said.type === 'state') this.state = said.state
    if (said.type === 'failed') return this.#fail(failureOf(this.role, said))
    for (const waiter of [...this.#waiters]) if (waiter.when(said)) waiter.resolve(said)
  }

  #wait(when: Waiter['when'], { ms, what }: { ms: number; what: string }): Promise<Said> {
    return new Promise<Said>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      const timer = systemClock.after(ms, () => {
        waiter.reject(timeout({ summary: `waited ${ms} ms for ${this.role} ${what}`, ran: 'maybe' }))
      })
      const done = (): void => {
        timer[Symbol.dispose]()
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        when,
        resolve: (said) => (done(), resolve(said)),
        reject: (error) => (done(), reject(error)),
      }
      this.#waiters.add(waiter)
    })
  }

  #dead(): Error {
    const last = this.#stderr.trim()
    return disconnected({ summary: `${this.role} (pid ${this.pid}) has ended${last ? `: ${last}` : ''}` })
  }

  #end(error: Error, resolve: () => void): void {
    this.#fail(error)
    resolve()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const waiter of [...this.#waiters]) waiter.reject(this.#failure)
  }
}

function failureOf(role: Role, said: Said & { type: 'failed' }): Error {
  if (said.code === 'DS_ENGINE') return engine({ summary: said.summary })
  return new Error(`${role} did not start: ${said.code} ${said.message}`)
}
