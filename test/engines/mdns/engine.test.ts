/** The engine as a whole, on a group in memory: what breaks, who dies, who has the same label, who lies. */
import { describe, expect, it } from 'vitest'
import type { Logger } from '../../../lib/base/logger.js'
import { silentLogger } from '../../../lib/base/logger.js'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { createDecoder } from '../../../lib/engines/dnssd/decode.js'
import { startMdns } from '../../../lib/engines/mdns/engine.js'
import type { Sighting } from '../../../lib/mesh/discovery.js'
import { identity, Seen } from '../../contracts/discovery.js'
import { MemoryWorld } from './worlds.js'

const AT = [{ host: '127.0.0.1', port: 4001 }]

/** Time that passed while nothing ran: timers are late by it. */
class DozingClock extends VirtualClock {
  missed = 0

  override monotonic(): number {
    return super.monotonic() + this.missed
  }
}

/** Collects what the engine has to say. */
function listening(): { lines: string[]; logger: Logger } {
  const lines: string[] = []
  const note = (_fields: unknown, message: string): void => void lines.push(message)
  return { lines, logger: { ...silentLogger, warn: note, error: note } }
}

describe('mdns engine: when things break', () => {
  it('open - what cannot be opened is the error of createMdns', async () => {
    const world = new MemoryWorld()
    world.group.broken = true
    await expect(world.discovery()).rejects.toThrow('the network is broken')
  })

  it('socket - a lost one is reported and opened again, with backoff; announcements and watches go on', async () => {
    const world = new MemoryWorld()
    const { lines, logger } = listening()
    const engine = await startMdns({ mesh: 'contract', clock: world.clock, logger }, world.group.open)
    const seen = new Seen()
    await engine.announce(identity('d1'), AT)
    await engine.watch('*', seen.see)
    await world.settle()
    world.group.broken = true
    world.group.fail()
    await world.clock.advance(10_000)
    expect(lines).toEqual([
      'the multicast socket failed; it is opened again',
      // after 1, 3 and 7 seconds
      ...Array<string>(3).fill('the multicast socket is still not to be had'),
    ])
    world.group.broken = false
    const late = new Seen()
    await (await world.discovery()).watch('d1', late.see)
    await world.settle()
    expect(late.lines).toEqual([])
    await world.clock.advance(10_000)
    expect(late.lines).toEqual(['up d1 ready'])
    await (await world.discovery()).announce(identity('d2'), AT)
    await world.settle()
    expect(seen.lines).toEqual(['up d1 ready', 'up d2 ready'])
    await engine[Symbol.asyncDispose]()
    await world.dispose()
  })

  it('socket - while it is away, announcing and watching fail with DS_ENGINE and leave nothing behind', async () => {
    const world = new MemoryWorld()
    const engine = await world.discovery()
    world.group.fail()
    const seen = new Seen()
    const self = identity('d1')
    await expect(engine.announce(self, AT)).rejects.toMatchObject({ code: 'DS_ENGINE' })
    await expect(engine.watch('d1', seen.see)).rejects.toMatchObject({ code: 'DS_ENGINE' })
    await world.clock.advance(10_000)
    await engine.watch('*', seen.see)
    await world.settle()
    expect(seen.lines).toEqual([])
    await world.dispose()
  })

  it('socket - an engine that is disposed of while it waits for another stays closed', async () => {
    const world = new MemoryWorld()
    const engine = await world.discovery()
    world.group.fail()
    await engine[Symbol.asyncDispose]()
    await world.clock.advance(60_000)
    expect([world.group.members.size, world.clock.waiting]).toEqual([0, 0])
  })

  it('stopped - refuses with DS_CLOSED, and rechecks nothing', async () => {
    const world = new MemoryWorld()
    const engine = await world.discovery()
    await engine[Symbol.asyncDispose]()
    await expect(engine.announce(identity('d1'), AT)).rejects.toMatchObject({ code: 'DS_CLOSED' })
    await expect(engine.watch('*', () => undefined)).rejects.toMatchObject({ code: 'DS_CLOSED' })
    engine.recheck({ type: 'up', address: { host: '127.0.0.1', port: 1 }, hint: {} })
    expect(world.clock.waiting).toBe(0)
  })

  it('watcher - one that throws is reported, the others hear all the same', async () => {
    const world = new MemoryWorld()
    const { lines, logger } = listening()
    const engine = await startMdns({ mesh: 'contract', clock: world.clock, logger }, world.group.open)
    const seen = new Seen()
    await engine.watch('d1', () => {
      throw new Error('a bug of mine')
    })
    await engine.watch('d1', seen.see)
    await engine.announce(identity('d1'), AT)
    await world.settle()
    expect([lines, seen.lines]).toEqual([['a watcher of mDNS threw'], ['up d1 ready']])
    await engine[Symbol.asyncDispose]()
    await world.dispose()
  })

  it('watcher - one that is disposed of by another in the middle of the news hears no more', async () => {
    const world = new MemoryWorld()
    const engine = await world.discovery()
    const seen = new Seen()
    const watches: AsyncDisposable[] = []
    await engine.watch('d1', () => void watches[0]?.[Symbol.asyncDispose]())
    watches.push(await engine.watch('d1', seen.see))
    await engine.announce(identity('d1'), AT)
    await world.settle()
    expect(seen.lines).toEqual([])
    await world.dispose()
  })
})

describe('mdns engine: names', () => {
  it('two names that look alike as DNS labels are two', async () => {
    const world = new MemoryWorld()
    const [dash, dot] = [new Seen(), new Seen()]
    const watcher = await world.discovery()
    await watcher.watch('a-b', dash.see)
    await watcher.watch('a.b', dot.see)
    const announcer = await world.discovery()
    await announcer.announce(identity('a-b'), AT)
    await announcer.announce(identity('a.b'), [{ host: '127.0.0.1', port: 4002 }])
    await world.settle()
    expect([dash.lines, dot.lines]).toEqual([['up a-b ready'], ['up a.b ready']])
    await world.dispose()
  })
})

describe('mdns engine: addresses', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.9', '127.0.0.9'],
    ['0.0.0.0', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '::1'],
  ])('a service on %s is seen at %s', async (host, expected) => {
    const world = new MemoryWorld()
    const seen = new Seen()
    await (await world.discovery()).watch('d1', seen.see)
    await (await world.discovery()).announce(identity('d1'), [{ host, port: 4001 }])
    await world.settle()
    expect(seen.sightings.map(({ address }) => address)).toEqual([{ host: expected, port: 4001 }])
    await world.dispose()
  })

  it.each([[[{ host: '192.168.1.7', port: 4001 }]], [[{ path: '/run/d1' }]], [[]]])(
    'a service that is not on loopback (%j) is refused with DS_ENGINE',
    async (at) => {
      const world = new MemoryWorld()
      await expect((await world.discovery()).announce(identity('d1'), at)).rejects.toMatchObject({
        code: 'DS_ENGINE',
        message: expect.stringContaining('static:') as string,
      })
      await world.dispose()
    },
  )
})

describe('mdns engine: life and death', () => {
  async function pair(): Promise<{
    world: MemoryWorld
    seen: Seen
    watcher: Awaited<ReturnType<MemoryWorld['discovery']>>
  }> {
    const world = new MemoryWorld()
    const seen = new Seen()
    const watcher = await world.discovery()
    await watcher.watch('d1', seen.see)
    await (await world.discovery()).announce(identity('d1'), AT)
    await world.settle()
    return { world, seen, watcher }
  }

  it('killed - without a word it is gone when its records have run out', async () => {
    const { world, seen } = await pair()
    world.group.cutLast()
    await world.clock.advance(110_000)
    expect(seen.lines).toEqual(['up d1 ready'])
    await world.clock.advance(15_000)
    expect(seen.lines).toEqual(['up d1 ready', 'down d1 ready'])
    await world.dispose()
  })

  it('killed - within two seconds where somebody could not connect', async () => {
    const { world, seen, watcher } = await pair()
    world.group.cutLast()
    watcher.recheck(seen.sightings[0] as Sighting)
    await world.clock.advance(2_100)
    expect(seen.lines).toEqual(['up d1 ready', 'down d1 ready'])
    await world.dispose()
  })

  it('alive - it stays for hours, and all is quiet but for the refreshes', async () => {
    const { world, seen } = await pair()
    await world.clock.advance(30 * 60_000)
    expect(seen.lines).toEqual(['up d1 ready'])
    world.group.sent.length = 0
    await world.clock.advance(30 * 60_000)
    // a question and an answer each 96 s or so, and now and then a question for the pointer
    expect(world.group.sent.length).toBeLessThan(110)
    expect(seen.lines).toEqual(['up d1 ready'])
    await world.dispose()
  })

  it('stopped for minutes and woken - loses nobody who is still there', async () => {
    const world = new MemoryWorld('contract', new DozingClock())
    const seen = new Seen()
    await (await world.discovery()).watch('d1', seen.see)
    await (await world.discovery()).announce(identity('d1'), AT)
    await world.clock.advance(10_000)
    ;(world.clock as DozingClock).missed += 10 * 60_000
    await world.clock.advance(60_000)
    expect(seen.lines).toEqual(['up d1 ready'])
    world.group.cutLast()
    ;(world.clock as DozingClock).missed += 10 * 60_000
    await world.clock.advance(60_000)
    expect(seen.lines).toEqual(['up d1 ready', 'down d1 ready'])
    await world.dispose()
  })

  it('same label - the later one is renamed, both are seen, and nobody is lost', async () => {
    const world = new MemoryWorld()
    const seen = new Seen()
    await (await world.discovery()).watch('d1', seen.see)
    const ids = ['abcdefone', 'abcdeftwo']
    const { lines, logger } = listening()
    const second = await startMdns({ mesh: 'contract', clock: world.clock, logger }, world.group.open)
    await (await world.discovery()).announce(identity('d1', { id: ids[0] ?? '' }), AT)
    await world.clock.advance(3_000)
    await second.announce(identity('d1', { id: ids[1] ?? '' }), [{ host: '127.0.0.1', port: 4002 }])
    await world.clock.advance(10 * 60_000)
    expect(lines).toEqual(['another service has our DNS label: renamed'])
    const live = new Map<unknown, number>()
    for (const { type, hint, address } of seen.sightings) {
      if (type === 'down') live.delete(hint.id)
      else live.set(hint.id, 'port' in address ? address.port : 0)
    }
    expect(live.get(ids[0])).toBe(4001)
    expect(live.get(ids[1])).toBe(4002)
    expect(live.size).toBe(2)
    await second[Symbol.asyncDispose]()
    await world.dispose()
  })

  it.each([1, 2, 3, 4, 5])(
    'same label - two that start at once end with two labels (seed %d)',
    async (seed) => {
      const world = new MemoryWorld('contract', new VirtualClock(seed))
      const seen = new Seen()
      await (await world.discovery()).watch('d1', seen.see)
      const engines = [await world.discovery(), await world.discovery()]
      for (const [i, engine] of engines.entries()) {
        await engine.announce(identity('d1', { id: `abcdef${seed}${i}` }), [
          { host: '127.0.0.1', port: 4001 + i },
        ])
      }
      await world.clock.advance(10 * 60_000)
      const late = new Seen()
      await (await world.discovery()).watch('d1', late.see)
      await world.settle()
      expect(new Set(late.sightings.map(({ hint }) => hint.id))).toEqual(
        new Set([`abcdef${seed}0`, `abcdef${seed}1`]),
      )
      const live = new Set<unknown>()
      for (const { type, hint } of seen.sightings) {
        if (type === 'down') live.delete(hint.id)
        else live.add(hint.id)
      }
      expect(live.size).toBe(2)
      await world.dispose()
    },
  )

  it('crowd - a hundred services and ten watchers all find each other, in few datagrams', async () => {
    const world = new MemoryWorld()
    const announcers = [await world.discovery(), await world.discovery()]
    for (let i = 0; i < 100; i++) {
      await announcers[i % 2]?.announce(identity(`s${i}`), [{ host: '127.0.0.1', port: 4000 + i }])
    }
    await world.settle()
    const watchers: Seen[] = []
    world.group.sent.length = 0
    for (let i = 0; i < 10; i++) {
      const seen = new Seen()
      watchers.push(seen)
      await (await world.discovery()).watch('*', seen.see)
    }
    await world.clock.advance(100)
    expect(watchers.map(({ sightings }) => sightings.length)).toEqual(Array(10).fill(100))
    expect(world.group.sent.length).toBeLessThan(10 + 3 * 24)
    await world.dispose()
  }, 60_000)
})

describe('mdns engine: the wire', () => {
  it('never asks for unicast, never sends a response with questions, and TTLs are those of the RFC', async () => {
    const world = new MemoryWorld()
    const decode = createDecoder()
    const announcer = await world.discovery()
    await (await world.discovery()).watch('*', () => undefined)
    const announcement = await announcer.announce(identity('d1', { state: 'waiting' }), AT)
    await announcement.update('ready')
    await world.clock.advance(5 * 60_000)
    await announcement[Symbol.asyncDispose]()
    await world.dispose()
    for (const { bytes, to } of world.group.sent) {
      const message = decode(bytes)
      expect(to).toBeNull()
      expect(message?.id).toBe(0)
      expect(message?.kind === 'response' && message.questions.length > 0).toBe(false)
      // the QU bit is the highest of a question's class
      const questions = message?.questions.length ?? 0
      const last = Buffer.from(bytes).readUInt16BE(bytes.length - 2)
      if (
        message?.kind === 'query' &&
        questions === 1 &&
        message.answers.length === 0 &&
        message.authorities.length === 0
      )
        expect(last).toBe(1)
      for (const { type, ttl } of [...(message?.answers ?? []), ...(message?.additionals ?? [])]) {
        if (message?.kind === 'response') expect([0, type === 'PTR' ? 4500 : 120]).toContain(ttl)
      }
    }
  })
})
