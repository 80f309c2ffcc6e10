/** What a handle is of: a name and a range, and the questions to the pool that are open for them. */
import type { Pool } from '../peers/pool.js'
import type { Interest, Reach } from '../peers/watch.js'

/** A question to the pool, as it stands. */
export interface Asked {
  readonly reach: Reach
  /** Null until its first use. */
  interest: Interest | null
  /** False until the first choice, which waits until the candidates were gathered. */
  gathered: boolean
}

/** A name and a range that somebody calls; asked for some of its instances. */
export interface Target extends Asked {
  readonly name: string
  readonly range: string
  /** For those who need all of them. */
  readonly every: Asked
}

/** Errors: none; name and range are valid. */
export function targetOf(name: string, range: string): Target {
  const asked = { interest: null, gathered: false }
  return { name, range, reach: 'some', ...asked, every: { reach: 'every', ...asked } }
}

/** The interest in the target's name, renewed when the pool was closed meanwhile. */
export function want({ pool }: { readonly pool: Pool }, target: Target, asked: Asked = target): Interest {
  if (asked.interest && !asked.interest.isOver) return asked.interest
  asked.gathered = false
  asked.interest = pool.want(target.name, asked.reach)
  return asked.interest
}
