/** Hearing that nobody holds a thing any more. */

/** What remains of a thing that was collected. It must not hold the thing. */
export interface Collectable {
  collected(): void
}

/**
 * One for the process: it knows nothing but what is given to it, and a session pays nothing for it. What is let go of before stays
 * in it until it is collected: to take it out, each thing would need a place in a table, which slows the collector down.
 */
const registry = new FinalizationRegistry<Collectable>((remains) => remains.collected())

/** Tells `remains` once, some time after `thing` was collected; never where the process ends first. */
export function whenCollected(thing: object, remains: Collectable): void {
  registry.register(thing, remains)
}
