/** An engine whose sightings come late, each as much as chance has it: what a real network does to who looks. */
import type { Clock } from '../../lib/base/clock.js'
import type { Discovery, Sighting } from '../../lib/mesh/discovery.js'

/** Delays each sighting by 0 to `longest` milliseconds; those of one instance stay in order. */
export function lagging(engine: Discovery, clock: Clock, longest: number): Discovery {
  const watch: Discovery['watch'] = async (name, see) => {
    const until = new Map<string, number>()
    let isOver = false
    const watching = await engine.watch(name, (sighting: Sighting) => {
      const id = sighting.hint.id ?? ''
      const at = Math.max(until.get(id) ?? 0, clock.monotonic() + clock.random() * longest)
      until.set(id, at)
      clock.after(at - clock.monotonic(), () => (isOver ? undefined : see(sighting)))
    })
    return {
      [Symbol.asyncDispose]: () => {
        isOver = true
        return watching[Symbol.asyncDispose]()
      },
    }
  }
  return {
    url: engine.url,
    get gather() {
      return longest
    },
    announce: (self, at) => engine.announce(self, at),
    watch,
    recheck: (sighting) => engine.recheck(sighting),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
