/** Every type within every other, repeats and cycles included: there and back, nothing is changed. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isDServiceError } from '../../../lib/base/errors.js'
import { LIMITS } from '../../../lib/base/options.js'
import { CustomTypes } from '../../../lib/dnode/values/custom.js'
import { decode } from '../../../lib/dnode/values/decode.js'
import { encode } from '../../../lib/dnode/values/encode.js'
import { from, onTheWire, tables, to, travel } from './peer.js'
import { difference } from './same.js'

class Box {
  held: unknown
  constructor(held: unknown) {
    this.held = held
  }
}

const custom = new CustomTypes([
  {
    name: 'box',
    is: (value): value is Box => value instanceof Box,
    write: (box: Box) => box.held,
    read: (held: unknown) => new Box(held),
  },
])

const key = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 4 }) },
  fc.constantFrom('$', 'then', 'toJSON', 'length', '0', '10', 'ref', 'key with spaces', '☔'),
)
const usable = key.filter((name) => name !== '__proto__')

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, NaN, Infinity, -Infinity, -0, 0, ''),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
)

/** What holds nothing, but is somebody. */
const lone: fc.Arbitrary<() => object> = fc.oneof(
  fc.date({ noInvalidDate: false }).map((date) => () => new Date(date)),
  fc
    .constantFrom(/a\/b[/\n]/giu, /(?:)/, /^☔$/suy)
    .map((source) => () => new RegExp(source.source, source.flags)),
  fc.webUrl().map((url) => () => new URL(url)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => () => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => () => bytes.slice()),
  fc.float64Array({ maxLength: 5 }).map((numbers) => () => new DataView(numbers.slice().buffer)),
  fc.bigInt64Array({ maxLength: 5 }).map((numbers) => () => numbers.slice()),
  fc.uint16Array({ maxLength: 5 }).map((numbers) => () => new Uint16Array([9, ...numbers]).subarray(1)),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => () => bytes.slice().buffer),
  fc.constant(() => () => 1),
  fc.constant(() => new AbortController().signal),
  fc.string().map((text) => () => AbortSignal.abort(text)),
  fc.tuple(fc.string(), fc.constantFrom('Error', 'TypeError', 'Strange'), fc.integer()).map(
    ([message, name, code]) =>
      () =>
        Object.assign(
          new (name === 'TypeError' ? TypeError : Error)(message),
          name === 'Strange' ? { code } : {},
        ),
  ),
)

type Holding = 'array' | 'object' | 'map' | 'set' | 'keys' | 'box' | 'errors'

interface Node {
  readonly holding: Holding
  /** What it holds, by number: one of the nodes, of the lone ones, or of the leaves. */
  readonly parts: readonly (readonly [name: string, which: number])[]
}

const node: fc.Arbitrary<Node> = fc.record({
  holding: fc.constantFrom<Holding>(
    'array',
    'array',
    'object',
    'object',
    'map',
    'set',
    'keys',
    'box',
    'errors',
  ),
  parts: fc.array(fc.tuple(usable, fc.nat()), { maxLength: 4 }),
})

/** Nodes hold any others, and themselves too. */
const graph = fc
  .tuple(
    fc.array(node, { minLength: 1, maxLength: 9 }),
    fc.array(lone, { maxLength: 4 }),
    fc.array(leaf, { maxLength: 6 }),
  )
  .map(([nodes, lones, leaves]) => build(nodes, lones, leaves))

function build(
  nodes: readonly Node[],
  lones: readonly (() => object)[],
  leaves: readonly unknown[],
): unknown {
  const ends: unknown[] = [...lones.map((make) => make()), ...leaves]
  const made = nodes.map(({ holding }, i) => emptyOf(holding, ends[i % (ends.length + 1)]))
  const any = [...made, ...ends]
  for (const [i, { holding, parts }] of nodes.entries()) {
    for (const [name, which] of parts) fill(made[i], { holding, name, part: any[which % any.length] })
  }
  return made[0]
}

function emptyOf(holding: Holding, end: unknown): object {
  switch (holding) {
    case 'array':
      return []
    case 'object':
      return {}
    case 'map':
    case 'keys':
      return new Map()
    case 'set':
      return new Set()
    case 'box':
      return new Box(end)
    case 'errors':
      return new AggregateError([], 'many')
  }
}

function fill(
  holder: unknown,
  { holding, name, part }: { holding: Holding; name: string; part: unknown },
): void {
  if (holding === 'array') (holder as unknown[]).push(part)
  // a function under this name is refused
  if (holding === 'object' && !(name === 'then' && typeof part === 'function'))
    (holder as Record<string, unknown>)[name] = part
  if (holding === 'map') (holder as Map<unknown, unknown>).set(name, part)
  if (holding === 'keys') (holder as Map<unknown, unknown>).set(part, name)
  if (holding === 'set') (holder as Set<unknown>).add(part)
  if (holding === 'box') (holder as Box).held = part
  if (holding === 'errors' && part instanceof Error) (holder as AggregateError).errors.push(part)
}

/** null where it was refused for its size, or because a box cannot be made of what holds the box. */
function tried<T>(run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    if (isDServiceError(error) && (error.code === 'DS_LIMIT' || error.message.includes('leads back')))
      return null
    throw error
  }
}

it('values - any value within any other arrives the same, with the same objects in the same places', () => {
  let refused = 0
  let whole = 0
  fc.assert(
    fc.property(graph, (value) => {
      const arrived = tried(() => travel([value, 1, value], { custom }))
      if (arrived) whole++
      else refused++
      if (arrived) expect(difference([value, 1, value], arrived)).toBeNull()
    }),
    { numRuns: 600 },
  )
  expect(refused).toBeLessThan(whole / 4)
})

it('values - a receiver refuses exactly what a sender with its limits refuses', () => {
  const limits = fc.record({ depth: fc.integer({ min: 1, max: 7 }), nodes: fc.integer({ min: 1, max: 60 }) })
  const outcomes = { both: 0, none: 0 }
  fc.assert(
    fc.property(graph, limits, (value, few) => {
      const { outgoing, incoming } = tables()
      const open = { depth: LIMITS.depth, nodes: 1e6 }
      const payload = tried(() => encode([value], to({ outgoing, custom, limits: open })))
      if (!payload) return
      const sent = tried(() => encode([value], to({ outgoing: tables().outgoing, custom, limits: few })))
      const taken = tried(() => decode(...onTheWire(payload), from({ incoming, custom, limits: few })))
      expect(taken === null).toBe(sent === null)
      outcomes[taken === null ? 'none' : 'both']++
    }),
    { numRuns: 600 },
  )
  expect(Math.min(outcomes.both, outcomes.none)).toBeGreaterThan(100)
})

it('values - what is sent shares nothing with what was given', () => {
  const bytes = Buffer.from('abc')
  const value = {
    list: [1, { deep: 'x' }],
    map: new Map([[{ k: 1 }, new Set(['s'])]]),
    bytes,
    date: new Date(5),
  }
  const payload = encode([value], to())
  const before = JSON.stringify(payload.values)
  value.list.push(2)
  ;(value.list[1] as { deep: string }).deep = 'y'
  for (const [name, set] of value.map) name.k = set.add('t').size
  bytes.fill(0)
  expect(JSON.stringify(payload.values)).toBe(before)
  expect(String(payload.attachments[0])).toBe('abc')
})
