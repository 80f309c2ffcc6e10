/** An engine whose news come late, get lost for a while, or come twice, as those of a network do. */
import type { Clock } from '../base/clock.js'
import { formatAddress } from '../wire/connection.js'
import type { Announcement, Discovery, Sighting } from '../mesh/discovery.js'

/** Milliseconds: always so many, or by chance between two. */
export type Span = number | readonly [least: number, most: number]

/** How sightings travel. */
export interface SightingsOptions {
  /** How long a sighting takes. Default: 0, at once. */
  readonly late?: Span
  /** The share of sightings, from 0 to 1, that get lost. Default: 0. */
  readonly lost?: number
  /** A lost one comes after this all the same, since an engine asks again. Default: 1 to 20 s. */
  readonly again?: Span
  /** The share of sightings that come a second time, perhaps when they are no longer true. Default: 0. */
  readonly twice?: number
}

const AGAIN: Span = [1_000, 20_000]

/** A part of a span by chance. */
export function within(span: Span, clock: Pick<Clock, 'random'>): number {
  return typeof span === 'number' ? span : span[0] + clock.random() * (span[1] - span[0])
}

/** What the wrapper needs besides the engine. */
export interface Way {
  /** Read at each sighting, so that it may change. */
  readonly options: () => SightingsOptions
  /** Whoever watches: it may be frozen, or dead. */
  readonly process: { readonly clock: Clock; run(task: () => void): void }
}

/** Wraps an engine. Of one instance, news keep their order; only a repetition may come too late. */
export function unreliable(engine: Discovery, way: Way): Discovery {
  return new UnreliableDiscovery(engine, way)
}

class UnreliableDiscovery implements Discovery {
  readonly url: string
  readonly gather: number
  readonly #engine: Discovery
  readonly #way: Way
  readonly #watches = new Set<Watch>()

  constructor(engine: Discovery, way: Way) {
    this.url = engine.url
    this.gather = engine.gather
    this.#engine = engine
    this.#way = way
  }

  announce(...[self, at]: Parameters<Discovery['announce']>): Promise<Announcement> {
    return this.#engine.announce(self, at)
  }

  async watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable> {
    const watch = new Watch(this.#way, see)
    this.#watches.add(watch)
    const watching = await this.#engine.watch(name, (sighting) => watch.pass(sighting))
    return {
      [Symbol.asyncDispose]: async () => {
        this.#watches.delete(watch)
        watch[Symbol.dispose]()
        await watching[Symbol.asyncDispose]()
      },
    }
  }

  recheck(sighting: Sighting): void {
    this.#engine.recheck(sighting)
    for (const watch of this.#watches) watch.recheck(sighting)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches) watch[Symbol.dispose]()
    this.#watches.clear()
    await this.#engine[Symbol.asyncDispose]()
  }
}

/** One question. */
class Watch implements Disposable {
  readonly #way: Way
  readonly #see: (sighting: Sighting) => void
  /** By address and id: what is true, and when the last news of it arrives. */
  readonly #known = new Map<string, { isDown: boolean; at: number }>()
  readonly #timers = new Set<Disposable>()
  #isOver = false

  constructor(way: Way, see: (sighting: Sighting) => void) {
    this.#way = way
    this.#see = see
  }

  pass(sighting: Sighting): void {
    const { options, process } = this.#way
    const { clock } = process
    const { late = 0, lost = 0, again = AGAIN, twice = 0 } = options()
    const now = clock.monotonic()
    const known = this.#known.get(keyOf(sighting))
    let at = now + within(late, clock)
    if (clock.random() < lost) at += within(again, clock)
    at = Math.max(at, known?.at ?? 0)
    this.#known.set(keyOf(sighting), { isDown: sighting.type === 'down', at })
    this.#later(at - now, sighting)
    if (clock.random() < twice) this.#later(at - now + within(late, clock) * 2, sighting, true)
  }

  /** The engine has forgotten what is gone; whoever heard of it too late is told again. */
  recheck(sighting: Sighting): void {
    if (this.#known.get(keyOf(sighting))?.isDown) this.#later(0, { ...sighting, type: 'down' })
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    for (const timer of this.#timers) timer[Symbol.dispose]()
  }

  #later(ms: number, sighting: Sighting, isRepeated = false): void {
    const tell = (): void => {
      // an engine may take one for present that has gone, and never the other way round: there would be nothing to find it by
      const isWrong = isRepeated && sighting.type === 'down' && !this.#known.get(keyOf(sighting))?.isDown
      if (!this.#isOver && !isWrong) this.#see(sighting)
    }
    if (ms <= 0) return queueMicrotask(() => this.#way.process.run(tell))
    const timer = this.#way.process.clock.after(ms, () => {
      this.#timers.delete(timer)
      tell()
    })
    this.#timers.add(timer)
  }
}

function keyOf({ address, hint }: Sighting): string {
  return `${formatAddress(address)} ${hint.id ?? ''}`
}
