/** What a reader of instances has still to be told: of each what it is now, not all that it was. Pure. */
import type { Instance } from '../choosing/present.js'

/**
 * Why an instance is gone. `stopped`: it said so itself. `lost`: its connection was lost, and it did not come back.
 */
export type DownReason = 'stopped' | 'lost'

/**
 * `up`: an instance is there that was not. `changed`: its state, or whether it is left alone. `down`: it is gone, for the reason given.
 * Of one instance an `up` and a `down` follow each other in turn, whatever the reader has missed in between.
 */
export type MonitorEvent =
  | { readonly type: 'up'; readonly instance: Instance }
  | { readonly type: 'changed'; readonly instance: Instance }
  | { readonly type: 'down'; readonly instance: Instance; readonly reason: DownReason }

interface Entry {
  /** As the reader was told last; null: it does not know of it, or knows that it is gone. */
  told: Instance | null
  /** As it is; null: gone. */
  now: Instance | null
  /** What the reader has to be told of its end first. */
  down: MonitorEvent | null
}

/**
 * Owned by one monitor. However late its reader comes, an instance waits for it with a `down` and an `up` at most, and one that came and went
 * unseen with nothing.
 */
export class Feed {
  readonly #entries = new Map<string, Entry>()
  /** Ids of those of which there is something to tell, in the order of their coming. */
  readonly #due = new Set<string>()

  /** Events that wait. */
  get size(): number {
    return this.#due.size
  }

  /** Instances of which something is kept. */
  get kept(): number {
    return this.#entries.size
  }

  /** The instance is there, and is this now. */
  see(instance: Instance): void {
    const { id } = instance
    const entry = this.#entries.get(id) ?? { told: null, now: null, down: null }
    this.#entries.set(id, entry)
    entry.now = instance
    if (entry.told && !entry.down && isSame(entry.told, instance)) this.#due.delete(id)
    else this.#due.add(id)
  }

  /** The instance is gone. One that is not there already changes nothing. */
  gone(id: string, reason: DownReason): void {
    const entry = this.#entries.get(id)
    if (!entry?.now) return
    const { told, now: instance } = entry
    entry.now = null
    if (told) {
      entry.down = Object.freeze({ type: 'down', instance, reason })
      this.#due.add(id)
    } else {
      this.#entries.delete(id)
      this.#due.delete(id)
    }
  }

  /** The next event; undefined while there is none. */
  take(): MonitorEvent | undefined {
    const [id] = this.#due
    const entry = id === undefined ? undefined : this.#entries.get(id)
    if (id === undefined || !entry) return undefined
    const { down, told, now } = entry
    this.#due.delete(id)
    if (down) {
      entry.down = entry.told = null
      if (now) this.#due.add(id)
      else this.#entries.delete(id)
      return down
    }
    entry.told = now
    return now ? Object.freeze({ type: told ? 'changed' : 'up', instance: now }) : undefined
  }

  clear(): void {
    this.#entries.clear()
    this.#due.clear()
  }
}

function isSame(a: Instance, b: Instance): boolean {
  return a.state === b.state && a.ejected === b.ejected && a.address === b.address
}
