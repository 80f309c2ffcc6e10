/** What every engine must do. Run it with a harness for the engine; real-time engines settle in their own way. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Identity } from '../../lib/base/identity.js'
import type { Discovery, Sighting } from '../../lib/mesh/discovery.js'
import { formatAddress, type Address } from '../../lib/wire/connection.js'

/** A network of the test's own, on which engines of one mesh can be made. */
export interface DiscoveryWorld {
  /** Another node's engine in `mesh`. Owned by the world. */
  discovery(mesh?: string): Promise<Discovery>
  /** Resolves when everything that was said has been heard. */
  settle(): Promise<void>
  /** Ends all engines, and checks that nothing is left. */
  dispose(): Promise<void>
}

export interface DiscoveryHarness {
  readonly name: string
  /** Makes a world whose engines are in `mesh` unless told otherwise. */
  create(mesh: string): Promise<DiscoveryWorld>
}

let count = 0

/** An identity that no other test uses. */
export function identity(name: string, overrides: Partial<Identity> = {}): Identity {
  // ids are made of a-z and 2-7: the count, in letters
  const letters = [...String(++count)].map((digit) => 'abcdefghij'.charAt(Number(digit))).join('')
  return {
    id: letters.padEnd(26, 'x'),
    name,
    version: '1.2.0',
    mesh: MESH,
    state: 'ready',
    started: 1_700_000_000_000,
    ...overrides,
  }
}

const MESH = 'contract'
const AT: Address = { host: '127.0.0.1', port: 4001 }

/** What a watcher saw: `up d1 ready`. */
export class Seen {
  readonly sightings: Sighting[] = []
  readonly see = (sighting: Sighting): void => void this.sightings.push(sighting)

  get lines(): string[] {
    return this.sightings.map(({ type, hint }) => [type, hint.name, hint.state].join(' '))
  }
}

/** Runs the contract of the Discovery seam. */
export function discoveryContract(harness: DiscoveryHarness): void {
  describe(`${harness.name} discovery`, () => {
    let world: DiscoveryWorld
    beforeEach(async () => {
      world = await harness.create(MESH)
    })
    afterEach(() => world.dispose())

    async function watching(name: string, mesh?: string): Promise<Seen & { watch: AsyncDisposable }> {
      const seen = new Seen()
      const engine = await world.discovery(mesh)
      return Object.assign(seen, { watch: await engine.watch(name, seen.see) })
    }

    it('announce - is seen by a watcher that was there before, with address and hint', async () => {
      const seen = await watching('d1')
      const self = identity('d1')
      await (await world.discovery()).announce(self, [AT])
      await world.settle()
      const [first] = seen.sightings
      expect(first?.type).toBe('up')
      expect(first && formatAddress(first.address)).toBe('127.0.0.1:4001')
      expect(first?.hint).toMatchObject({ id: self.id, name: 'd1', version: '1.2.0', state: 'ready' })
    })

    it('watch - tells what was announced before it, known ones first', async () => {
      const announcer = await world.discovery()
      await announcer.announce(identity('d1'), [AT])
      await announcer.announce(identity('d2'), [{ host: '127.0.0.1', port: 4002 }])
      await world.settle()
      const seen = await watching('*')
      await world.settle()
      expect(new Set(seen.lines)).toEqual(new Set(['up d1 ready', 'up d2 ready']))
      await announcer.announce(identity('d3'), [{ host: '127.0.0.1', port: 4003 }])
      await world.settle()
      expect(seen.lines.at(-1)).toBe('up d3 ready')
    })

    it('watch - a second question of the same engine is answered in full too', async () => {
      await (await world.discovery()).announce(identity('d1'), [AT])
      const engine = await world.discovery()
      const [all, one] = [new Seen(), new Seen()]
      await engine.watch('*', all.see)
      await world.settle()
      await engine.watch('d1', one.see)
      await world.settle()
      expect([all.lines, one.lines]).toEqual([['up d1 ready'], ['up d1 ready']])
    })

    it('watch - one name hears of no other', async () => {
      const seen = await watching('d1')
      const announcer = await world.discovery()
      await announcer.announce(identity('d2'), [AT])
      await announcer.announce(identity('@acme/d1'), [AT])
      await world.settle()
      expect(seen.lines).toEqual([])
    })

    it('watch - scoped names and dots in names are kept', async () => {
      const seen = await watching('@acme/img.small')
      await (await world.discovery()).announce(identity('@acme/img.small'), [AT])
      await world.settle()
      expect(seen.lines).toEqual(['up @acme/img.small ready'])
    })

    it('watch - a name that nobody has resolves all the same, with silence', async () => {
      const seen = await watching('nobody')
      await world.settle()
      expect(seen.lines).toEqual([])
    })

    it('announce - two instances of one name are two', async () => {
      const seen = await watching('d1')
      const [a, b] = [identity('d1'), identity('d1', { version: '2.0.0' })]
      await (await world.discovery()).announce(a, [AT])
      await (await world.discovery()).announce(b, [{ host: '127.0.0.1', port: 4002 }])
      await world.settle()
      const ids = seen.sightings.filter(({ type }) => type === 'up').map(({ hint }) => hint.id)
      expect(new Set(ids)).toEqual(new Set([a.id, b.id]))
      expect(ids).toHaveLength(2)
    })

    it('announce - an engine sees its own announcements', async () => {
      const engine = await world.discovery()
      const seen = new Seen()
      await engine.watch('d1', seen.see)
      await engine.announce(identity('d1'), [AT])
      await world.settle()
      expect(seen.lines).toEqual(['up d1 ready'])
    })

    it('update - is seen as a change of the same instance', async () => {
      const seen = await watching('d1')
      const self = identity('d1', { state: 'waiting' })
      const announcement = await (await world.discovery()).announce(self, [AT])
      await world.settle()
      await announcement.update('ready')
      await world.settle()
      expect(seen.lines).toEqual(['up d1 waiting', 'changed d1 ready'])
      expect(new Set(seen.sightings.map(({ hint }) => hint.id))).toEqual(new Set([self.id]))
    })

    it('goodbye - is seen once, and disposing twice is fine', async () => {
      const seen = await watching('d1')
      const announcement = await (await world.discovery()).announce(identity('d1'), [AT])
      await world.settle()
      await announcement[Symbol.asyncDispose]()
      await announcement[Symbol.asyncDispose]()
      await world.settle()
      expect(seen.sightings.map(({ type }) => type)).toEqual(['up', 'down'])
    })

    it('goodbye - an update after it brings nothing back', async () => {
      const before = await watching('d1')
      const announcement = await (await world.discovery()).announce(identity('d1'), [AT])
      await world.settle()
      await announcement[Symbol.asyncDispose]()
      await announcement.update('ready')
      const after = await watching('d1')
      await world.settle()
      expect(before.sightings.map(({ type }) => type)).toEqual(['up', 'down'])
      expect(after.lines).toEqual([])
    })

    it('goodbye - disposing of the engine says it for all that it announced', async () => {
      const seen = await watching('*')
      const announcer = await world.discovery()
      await announcer.announce(identity('d1'), [AT])
      await announcer.announce(identity('d2'), [{ host: '127.0.0.1', port: 4002 }])
      await world.settle()
      await announcer[Symbol.asyncDispose]()
      await announcer[Symbol.asyncDispose]()
      await world.settle()
      const downs = seen.sightings.filter(({ type }) => type === 'down').map(({ hint }) => hint.name)
      expect(downs).toHaveLength(2)
      expect(new Set(downs)).toEqual(new Set(['d1', 'd2']))
    })

    it('goodbye - an instance that comes back is up again', async () => {
      const seen = await watching('d1')
      const announcer = await world.discovery()
      const first = await announcer.announce(identity('d1'), [AT])
      await world.settle()
      await first[Symbol.asyncDispose]()
      await world.settle()
      await announcer.announce(identity('d1'), [AT])
      await world.settle()
      expect(seen.sightings.map(({ type }) => type)).toEqual(['up', 'down', 'up'])
    })

    it('mesh - another mesh sees nothing', async () => {
      const seen = await watching('*', 'elsewhere')
      await (await world.discovery()).announce(identity('d1'), [AT])
      await world.settle()
      expect(seen.lines).toEqual([])
    })

    it('watch - is silent after disposal, twice is fine', async () => {
      const seen = await watching('d1')
      await seen.watch[Symbol.asyncDispose]()
      await seen.watch[Symbol.asyncDispose]()
      await (await world.discovery()).announce(identity('d1'), [AT])
      await world.settle()
      expect(seen.lines).toEqual([])
    })

    it('watch - is silent after its engine was disposed of', async () => {
      const seen = new Seen()
      const engine = await world.discovery()
      await engine.watch('d1', seen.see)
      await engine[Symbol.asyncDispose]()
      await (await world.discovery()).announce(identity('d1'), [AT])
      await world.settle()
      expect(seen.lines).toEqual([])
    })

    it('recheck - never throws, and leaves alone what is there', async () => {
      const engine = await world.discovery()
      const seen = new Seen()
      await engine.watch('d1', seen.see)
      await (await world.discovery()).announce(identity('d1'), [AT])
      await world.settle()
      for (const sighting of [...seen.sightings]) engine.recheck(sighting)
      engine.recheck({ type: 'up', address: { host: '127.0.0.1', port: 1 }, hint: {} })
      engine.recheck({ type: 'up', address: { path: '/nowhere' }, hint: { id: 'unknown', name: 'd1' } })
      await world.settle()
      expect(seen.sightings.filter(({ type }) => type === 'down')).toEqual([])
    })

    it('url - names the engine', async () => {
      expect((await world.discovery()).url).toMatch(/^[a-z]+:/)
    })
  })
}
