/** Clients that monitor a name while all goes wrong, and what they were told. */
import { monitor, type MonitorEvent } from '../../../lib/index.js'
import type { Handle } from './cast.js'
import { codeOf } from './ledger.js'
import type { WatchPlan } from './plan.js'

/** One monitor, from its event of the plan to the end of its client. */
export interface Watcher {
  readonly plan: WatchPlan
  readonly at: number
  readonly events: MonitorEvent[]
  /** How many of them had come when all was whole again, before it ended. */
  seen: number
  /** How it ended: null while it has not. */
  end: string | null
}

interface From {
  readonly at: number
  readonly handle: Handle
  readonly rest: () => Promise<void>
}

/** Owned by one run. */
export class Watchers {
  readonly all: Watcher[] = []
  readonly #trace: (line: string) => void

  constructor(trace: (line: string) => void) {
    this.#trace = trace
  }

  begin(plan: WatchPlan, from: From): void {
    const watcher: Watcher = { plan, at: from.at, events: [], seen: 0, end: null }
    this.all.push(watcher)
    const end = (how: string): void => {
      watcher.end = how
      this.#trace(`the monitor of ${plan.client} ended: ${how}`)
    }
    this.#read(watcher, from).then(
      () => end('done'),
      (error: unknown) => end(codeOf(error)),
    )
  }

  /** What came until now is what counts for those that live. */
  note(): void {
    for (const watcher of this.all) watcher.seen = watcher.events.length
  }

  async #read({ plan, events }: Watcher, { handle, rest }: From): Promise<void> {
    for await (const event of monitor(handle)) {
      events.push(event)
      const { type, instance } = event
      const how = event.type === 'down' ? event.reason : instance.state
      this.#trace(`${plan.client} hears of ${plan.name} ${plan.range}: ${type} ${instance.id} ${how}`)
      if (plan.rests > 0) await rest()
    }
  }
}
