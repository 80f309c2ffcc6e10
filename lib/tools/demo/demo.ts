/** `dservice demo`: three processes on this machine find each other, call each other, and heal. */
import { systemClock } from '../../base/clock.js'
import { cancelled, isDServiceError, reasonOf, timeout } from '../../base/errors.js'
import type { DService, MeshView } from '../../index.js'
import { withMesh } from '../cli/client.js'
import { exitOfSignal } from '../cli/exit.js'
import { failureOf } from '../cli/failure.js'
import type { Input } from '../cli/input.js'
import { packageVersion } from '../cli/package-version.js'
import { tell, type Event } from './events.js'
import { carrier, staticCarrier, Stage } from './stage.js'
import { begin, callBoth, heal, healD2, type Cast } from './story.js'

const SERVICES = ['d1', 'd2'] as const

/** How long the last look and the prompt wait for a service that is known to be there. */
const PATIENCE = '5s'

/** Without a terminal the demo has ended by then, whatever happens. */
const LIMIT = 18_000

export async function run(input: Input): Promise<number> {
  const show = new Show(input)
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const interrupt = (signal: NodeJS.Signals): void => show.interrupt(signal)
  for (const signal of signals) process.once(signal, interrupt)
  try {
    return await show.run()
  } catch (error) {
    const exit = show.interrupted === null ? 1 : exitOfSignal(show.interrupted)
    input.talk.report({ ...failureOf(error, 'setup'), exit })
    return exit
  } finally {
    for (const signal of signals) process.off(signal, interrupt)
    await show.clear()
  }
}

/** One performance, from the first process to the last. */
class Show {
  readonly #input: Input
  readonly #mesh = `demo-${Math.floor(systemClock.random() * 36 ** 6).toString(36)}`
  readonly #tell = (event: Event): void => tell(event, this.#input.talk)
  #stage: Stage | null = null
  #stop: (error: Error) => void = () => undefined
  interrupted: NodeJS.Signals | null = null

  constructor(input: Input) {
    this.#input = input
  }

  /** Plays it, checks it, and where there is a terminal hands over the REPL. */
  async run(): Promise<number> {
    const stopped = new Promise<never>((_, reject) => (this.#stop = reject))
    const timer = systemClock.after(LIMIT, () => {
      this.#stop(timeout({ summary: `the demo did not end within ${LIMIT / 1_000} s`, ran: 'maybe' }))
    })
    const { stage, cast } = await Promise.race([this.#perform(), stopped])
    const patience = { timeout: this.#input.settings.timeout ?? PATIENCE }
    const settings = { ...this.#input.settings, ...patience, mesh: this.#mesh, engine: stage.carrier.url }
    return withMesh(settings, this.#input.host, async (mesh) => {
      await Promise.race([this.#list(mesh), stopped])
      timer[Symbol.dispose]()
      this.#tell({ type: 'done', ok: true })
      return this.#staysUp() ? Promise.race([this.#explore(mesh, cast), stopped]) : 0
    })
  }

  interrupt(signal: NodeJS.Signals): void {
    this.interrupted = signal
    this.#stop(cancelled({ summary: `the demo was ended by ${signal}`, ran: 'no' }))
  }

  async clear(): Promise<void> {
    await this.#stage?.clear()
  }

  async #perform(): Promise<{ stage: Stage; cast: Cast }> {
    const { stage, cast } = await this.#open()
    await callBoth(cast, this.#tell)
    await heal(cast, { stage, tell: this.#tell })
    return { stage, cast }
  }

  /** With mDNS; where that is not to be had, and nobody asked for an engine, with a static list. */
  async #open(): Promise<{ stage: Stage; cast: Cast }> {
    const asked = this.#input.settings.engine
    const stage = this.#enter(carrier(asked ?? 'mdns:'))
    this.#tell({ type: 'start', version: packageVersion(), mesh: this.#mesh, engine: stage.carrier.url })
    try {
      return { stage, cast: await begin(stage, this.#tell) }
    } catch (error) {
      if (asked !== undefined || !isDServiceError(error)) throw error
      if (error.code !== 'DS_ENGINE' && error.code !== 'DS_TIMEOUT') throw error
      await stage.clear()
      const second = this.#enter(await staticCarrier())
      this.#tell({ type: 'fallback', engine: second.carrier.url, reason: reasonOf(error) })
      return { stage: second, cast: await begin(second, this.#tell) }
    }
  }

  #enter(on: ReturnType<typeof carrier>): Stage {
    this.#stage = new Stage(this.#mesh, on)
    return this.#stage
  }

  async #list(mesh: DService): Promise<void> {
    await found(mesh)
    const view = await mesh.inspect()
    const names = view.instances.map(({ name }) => name)
    if (!SERVICES.every((name) => names.includes(name)))
      throw new Error(`the mesh lacks d1 or d2: ${namesOf(view)}`)
    this.#tell({ type: 'mesh', view })
  }

  #staysUp(): boolean {
    const { talk, host, options } = this.#input
    return talk.interactive && host.stdin.isTTY === true && !talk.json && options['once'] !== true
  }

  async #explore(mesh: DService, cast: Cast): Promise<number> {
    const { explore } = await import('../repl/repl.js')
    const stage = this.#stage as Stage
    const commands = [
      {
        name: 'kill',
        help: 'kill -9 d1 (or .kill d2), start it anew, and watch the mesh heal',
        takes: SERVICES,
        run: async (name: string) => {
          await (name === 'd2' ? healD2 : heal)(cast, { stage, tell: this.#tell })
          await found(mesh)
        },
      },
    ]
    const hint = 'try  d1.transform("beep")   .ls   .graph   .kill   Ctrl-D quits'
    return explore(mesh, { ...this.#input, commands, hint })
  }
}

/** Waits for the services as a caller would, and keeps their connections: what is there is then known to be there. */
async function found(mesh: DService): Promise<void> {
  await Promise.all(SERVICES.map((name) => mesh.dnodeFor(name)))
}

function namesOf(view: MeshView): string {
  return [...new Set(view.instances.map(({ name }) => name))].join(', ') || 'it is empty'
}
