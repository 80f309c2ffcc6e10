/** What a seed stands for: a mesh, its network, and all that happens in it. Plain data, so that it can be printed. */
import type { SightingsOptions, Span } from '../../../lib/testing/index.js'
import { Chance } from './chance.js'

export interface RelyPlan {
  readonly name: string
  readonly range: string
  readonly optional: boolean
  readonly lazy: boolean
}

export interface ServicePlan {
  readonly name: string
  readonly version: string
  readonly node: string
  readonly relies: readonly RelyPlan[]
  /** The share of calls that a hook refuses. */
  readonly busy: number
}

export const KINDS = {
  run: 10,
  again: 4,
  fail: 2,
  back: 2,
  through: 6,
  stream: 2,
  feed: 2,
  all: 2,
  lookUp: 1,
  classic: 1,
} as const

export interface CallPlan {
  readonly do: 'call'
  readonly client: string
  readonly kind: keyof typeof KINDS
  readonly name: string
  readonly range: string
  /** Milliseconds that the method takes. */
  readonly takes: number
  readonly timeout: number
  /** The handle's option; null: not given. */
  readonly idempotent: boolean | null
  /** Milliseconds after which the caller cancels it; null: it does not. */
  readonly cancel: number | null
}

/** A client monitors a name from then on. */
export interface WatchPlan {
  readonly do: 'watch'
  readonly client: string
  readonly name: string
  readonly range: string
  /** Milliseconds after each event before it reads the next. */
  readonly rests: number
}

/** The services of a name on a node need another from then on. */
export interface LatePlan {
  readonly do: 'rely'
  readonly node: string
  readonly of: string
  readonly rely: RelyPlan
}

export type Fault =
  | { readonly do: 'cut' | 'silence' | 'heal'; readonly a: string; readonly b: string }
  | { readonly do: 'mute'; readonly from: string; readonly to: string }
  | {
      readonly do: 'partition'
      readonly groups: readonly (readonly string[])[]
      readonly how: 'silence' | 'cut'
    }
  | { readonly do: 'healAll' }
  | { readonly do: 'crash'; readonly node: string; readonly how: 'reset' | 'silent' }
  | { readonly do: 'freeze' | 'thaw' | 'restart' | 'stop' | 'start'; readonly node: string }
  | { readonly do: 'slow'; readonly node: string; readonly span: Span }
  | { readonly do: 'sightings'; readonly options: SightingsOptions }

export type Event = { readonly at: number } & (CallPlan | WatchPlan | LatePlan | Fault)

export interface Plan {
  readonly seed: number
  readonly latency: Span
  readonly sightings: SightingsOptions
  readonly services: readonly ServicePlan[]
  readonly clients: readonly string[]
  readonly length: number
  readonly events: readonly Event[]
}

const NAMES = ['a', 'b', 'c', 'd'] as const
const VERSIONS = ['1.0.0', '1.1.0', '2.0.0'] as const
const RANGES = ['*', '^1', '^1', '>=1.1.0', '^2'] as const

/** The most of everything in a plan. */
interface Size {
  readonly ms: number
  readonly names: number
  readonly instances: number
  readonly clients: number
  readonly bursts: number
  readonly faults: number
}

/** Three plans in four are small: most faults need little, and many runs find more than long ones. */
const SMALL: Size = { ms: 9_000, names: 2, instances: 2, clients: 2, bursts: 10, faults: 6 }
const LARGE: Size = { ms: 30_000, names: NAMES.length, instances: 3, clients: 3, bursts: 40, faults: 16 }

/** How often what goes wrong. */
const FAULTS = {
  cut: 3,
  silence: 2,
  mute: 2,
  partition: 2,
  crash: 3,
  freeze: 2,
  stop: 3,
  slow: 1,
  sightings: 1,
  healAll: 1,
} as const

export function planOf(seed: number): Plan {
  const chance = new Chance(seed)
  const size = chance.is(0.75) ? SMALL : LARGE
  const length = chance.number(size.ms / 6, size.ms)
  const plain = servicesOf(chance, size)
  const hasRings = chance.is(0.3)
  const services = hasRings ? withRings(chance, plain) : plain
  const clients = Array.from({ length: chance.number(1, size.clients) }, (_, i) => `client${i}`)
  const calm = chance.is(0.1)
  const places = { services, clients, length, size }
  const events = [
    ...callsOf(chance, places),
    ...watchesOf(chance, places),
    ...(hasRings ? [] : lateOf(chance, places)),
    ...(calm ? [] : faultsOf(chance, places)),
  ]
  events.sort((x, y) => x.at - y.at)
  return {
    seed,
    latency: chance.is(0.3) ? 0 : chance.is(0.5) ? chance.number(1, 50) : [0, chance.number(1, 200)],
    sightings: chance.is(0.5) ? {} : sightingsOf(chance),
    services,
    clients,
    length,
    events,
  }
}

interface Places {
  readonly services: readonly ServicePlan[]
  readonly clients: readonly string[]
  readonly length: number
  readonly size: Size
}

/** A service relies on those before it only: there is no ring. */
function servicesOf(chance: Chance, size: Size): ServicePlan[] {
  const services: ServicePlan[] = []
  const names = NAMES.slice(0, chance.number(1, size.names))
  for (const [i, name] of names.entries()) {
    const relies = names.slice(0, i).filter(() => chance.is(0.6))
    for (let k = chance.number(1, size.instances); k > 0; k--) {
      const alone = `${name}${k}`
      services.push({
        name,
        version: chance.one(VERSIONS),
        // now and then two of them are one process
        node: chance.is(0.1) && services.length > 0 ? chance.one(services).node : alone,
        relies: relies.map((of) => relyOf(chance, of)),
        busy: chance.is(0.2) ? 0.2 : 0,
      })
    }
  }
  return services
}

/** All of one name, or some of them, rely on what relies on them. */
function withRings(chance: Chance, services: readonly ServicePlan[]): ServicePlan[] {
  const before = services.filter(({ name }) => reliedOn(services, name).length > 0)
  if (before.length === 0) return [...services]
  const { name } = chance.one(before)
  const back = reliedOn(services, name)
  const rely = { name: chance.one(back).name, range: '*', optional: false, lazy: false }
  const share = chance.is(0.5) ? 1 : 0.5
  return services.map((service) =>
    service.name === name && chance.is(share) ? { ...service, relies: [...service.relies, rely] } : service,
  )
}

function reliedOn(services: readonly ServicePlan[], name: string): ServicePlan[] {
  return services.filter(({ relies }) => relies.some((rely) => rely.name === name))
}

function relyOf(chance: Chance, name: string): RelyPlan {
  return { name, range: chance.one(RANGES), optional: chance.is(0.15), lazy: chance.is(0.15) }
}

/** Who relies late does so on those before it too. */
function lateOf(chance: Chance, { services, length }: Places): Event[] {
  const events: Event[] = []
  for (const { name, node } of services) {
    const before = NAMES.slice(
      0,
      NAMES.findIndex((each) => each === name),
    )
    if (before.length === 0 || !chance.is(0.15)) continue
    const rely = relyOf(chance, chance.one(before))
    events.push({ at: chance.number(0, length), do: 'rely', node, of: name, rely })
  }
  return events
}

function watchesOf(chance: Chance, { services, clients, length }: Places): Event[] {
  return Array.from({ length: chance.number(0, 2) }, () => ({
    at: chance.number(0, length),
    do: 'watch',
    client: chance.one(clients),
    name: chance.one(services).name,
    range: chance.one(RANGES),
    rests: chance.is(0.3) ? chance.number(1, 500) : 0,
  }))
}

function callsOf(chance: Chance, { services, clients, length, size }: Places): Event[] {
  const names = [...new Set(services.map(({ name }) => name))]
  const bursts = chance.number(Math.ceil(size.bursts / 8), size.bursts)
  const calls: Event[] = []
  for (let i = 0; i < bursts; i++) {
    const at = chance.number(0, length)
    for (let k = chance.is(0.2) ? chance.number(2, 12) : 1; k > 0; k--) {
      calls.push({
        at,
        do: 'call',
        client: chance.one(clients),
        kind: chance.weighed(KINDS),
        name: chance.one(names),
        range: chance.one(RANGES),
        takes: chance.is(0.5) ? 0 : chance.number(1, chance.is(0.2) ? 8_000 : 300),
        timeout: chance.is(0.3) ? chance.number(1, 2_000) : 30_000,
        idempotent: chance.is(0.3) ? true : chance.is(0.2) ? false : null,
        cancel: chance.is(0.1) ? chance.number(0, 1_000) : null,
      })
    }
  }
  return calls
}

function sightingsOf(chance: Chance): SightingsOptions {
  return {
    late: chance.is(0.5) ? 0 : [0, chance.number(1, 1_000)],
    lost: chance.is(0.5) ? 0 : 0.2,
    again: [500, chance.number(501, 6_000)],
    twice: chance.is(0.5) ? 0 : 0.2,
  }
}

function faultsOf(chance: Chance, places: Places): Event[] {
  const faults: Event[] = []
  for (let i = chance.number(1, places.size.faults); i > 0; i--) faults.push(...faultOf(chance, places))
  return faults
}

/** What goes wrong, and mostly what ends it. */
function faultOf(chance: Chance, { services, clients, length }: Places): Event[] {
  const nodes = [...new Set(services.map(({ node }) => node))]
  const all = [...nodes, ...clients]
  const at = chance.number(0, length)
  const until = at + chance.number(1, chance.is(0.5) ? 2_000 : 15_000)
  const [a, b, node] = [chance.one(all), chance.one(all), chance.one(nodes)]
  const kind = chance.weighed(FAULTS)
  switch (kind) {
    case 'cut':
    case 'silence':
      return [
        { at, do: kind, a, b },
        { at: until, do: 'heal', a, b },
      ]
    case 'mute':
      return [
        { at, do: kind, from: a, to: b },
        { at: until, do: 'heal', a, b },
      ]
    case 'partition': {
      const left = all.filter(() => chance.is(0.5))
      const groups = [left, all.filter((each) => !left.includes(each))]
      return [
        { at, do: kind, groups, how: chance.one(['silence', 'cut']) },
        { at: until, do: 'healAll' },
      ]
    }
    case 'crash': {
      const crash: Event = {
        at,
        do: kind,
        node: chance.is(0.9) ? node : a,
        how: chance.one(['reset', 'silent']),
      }
      return chance.is(0.8) ? [crash, { at: until, do: 'restart', node: crash.node }] : [crash]
    }
    case 'freeze':
      return [
        { at, do: kind, node: a },
        { at: until, do: 'thaw', node: a },
      ]
    case 'stop':
      return [{ at, do: kind, node }, ...(chance.is(0.8) ? [{ at: until, do: 'start', node } as const] : [])]
    case 'slow':
      return [
        { at, do: kind, node, span: [0, chance.number(10, 3_000)] },
        { at: until, do: kind, node, span: 0 },
      ]
    case 'sightings':
      return [{ at, do: kind, options: sightingsOf(chance) }]
    case 'healAll':
      return [{ at, do: kind }]
  }
}
