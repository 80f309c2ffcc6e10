/** Datagrams made to hurt: none throws, none is slow, none fills the memory, and discovery goes on. */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { createDecoder } from '../../../lib/engines/dnssd/decode.js'
import { pack } from '../../../lib/engines/dnssd/pack.js'
import { questionFor } from '../../../lib/engines/dnssd/names.js'
import type { Send } from '../../../lib/engines/mdns/machine.js'
import { LOOPBACK } from '../../../lib/engines/mdns/machine.js'
import { Claim } from '../../../lib/engines/mdns/claim.js'
import { createQuerier } from '../../../lib/engines/mdns/querier.js'
import { createResponder } from '../../../lib/engines/mdns/responder.js'
import { identity, Seen } from '../../contracts/discovery.js'
import { MEMBER, MemoryWorld } from './worlds.js'

/** Mutated datagrams; a night's run sets more. */
const ROUNDS = Number(process.env['DSERVICE_FUZZ'] ?? 20_000)
const SEED = Number(process.env['DSERVICE_SEED'] ?? 1)

/** A real conversation to mutate: announcement, probe, question, answer, goodbye. */
function conversation(): Buffer[] {
  const sends: Send[] = []
  const responder = createResponder(LOOPBACK, () => 0.5)
  const note = (actions: readonly { do: string }[]): void => {
    for (const action of actions) if (action.do === 'send') sends.push(action as Send)
  }
  const offer = { self: identity('d1'), port: 4001, addresses: ['127.0.0.1', '::1'] }
  note(responder.step({ type: 'announce', offer }, 0))
  for (let now = 250; now <= 2_000; now += 250) note(responder.step({ type: 'tick' }, now))
  note(createQuerier('contract', LOOPBACK, () => 0.5).step({ type: 'watch', question: questionFor('d1') }, 0))
  note(responder.step({ type: 'withdraw', id: offer.self.id }, 3_000))
  return sends.flatMap(({ message }) => pack(message))
}

/** Changes a datagram: bytes, a cut, a doubled part, or a header that lies. */
function mutate(datagram: Buffer, clock: VirtualClock): Buffer {
  const random = (below: number): number => Math.floor(clock.random() * below)
  const bytes = Buffer.from(datagram)
  const kind = random(4)
  if (kind === 0) for (let i = random(8); i >= 0; i--) bytes[random(bytes.length)] = random(256)
  if (kind === 1) return bytes.subarray(0, random(bytes.length))
  if (kind === 2) return Buffer.concat([bytes, bytes.subarray(random(bytes.length))])
  if (kind === 3) bytes.writeUInt16BE(random(0x10000), 4 + 2 * random(4))
  return bytes
}

describe('mdns against hostile datagrams', () => {
  it(`${ROUNDS} mutated datagrams - none throws, and what is kept stays bounded (seed ${SEED})`, () => {
    const clock = new VirtualClock(SEED)
    const decode = createDecoder()
    const querier = createQuerier('contract', LOOPBACK, () => clock.random())
    const responder = createResponder(LOOPBACK, () => clock.random())
    querier.step({ type: 'watch', question: questionFor('d1') }, 0)
    querier.step({ type: 'watch', question: questionFor('*') }, 0)
    responder.step(
      { type: 'announce', offer: { self: identity('d1'), port: 4001, addresses: ['127.0.0.1'] } },
      0,
    )
    const originals = conversation()
    let read = 0
    let records = 0
    for (let i = 0; i < ROUNDS; i++) {
      const original = originals[i % originals.length] ?? Buffer.alloc(12)
      const message = decode(mutate(original, clock))
      if (!message) continue
      read++
      records = Math.max(
        records,
        message.answers.length + message.additionals.length + message.authorities.length,
      )
      const event = { type: 'message', message, from: MEMBER } as const
      for (const action of [...responder.step(event, i), ...querier.step(event, i)]) {
        if (action.do === 'send') pack(action.message)
      }
      if (i % 100 === 0) for (const machine of [responder, querier]) machine.step({ type: 'tick' }, i)
    }
    expect(read).toBeGreaterThan(ROUNDS / 10)
    expect(records).toBeLessThan(100)
    expect(querier.size).toBeLessThanOrEqual(10_000)
    expect(Number.isNaN(querier.wakeAt) || Number.isNaN(responder.wakeAt)).toBe(false)
  }, 600_000)

  it('a flood of garbage does not keep a service from being found', async () => {
    const world = new MemoryWorld()
    const seen = new Seen()
    await (await world.discovery()).watch('d1', seen.see)
    const kill = Buffer.from('000084000000ffffffffffff' + '00000d0001000000780000', 'hex')
    for (let i = 0; i < 1_000; i++) world.group.say(i % 2 ? kill : Buffer.alloc(i, i))
    await (await world.discovery()).announce(identity('d1'), [{ host: '127.0.0.1', port: 4001 }])
    await world.clock.advance(100)
    expect(seen.lines).toEqual(['up d1 ready'])
    await world.dispose()
  })

  it('another who answers under our label with a flood of labels - changes nothing for those who are there', async () => {
    const world = new MemoryWorld()
    const [watcher, announcer] = [await world.discovery(), await world.discovery()]
    const seen = new Seen()
    await watcher.watch('d1', seen.see)
    await announcer.announce(identity('d1'), [{ host: '127.0.0.1', port: 4001 }])
    await world.settle()
    for (let i = 0; i < 2_500; i++) {
      const common = { ttl: 4_500, flush: true }
      const name = `x${i}._dservice._tcp.local`
      const answers = [
        { ...common, type: 'PTR', name: questionFor('d1'), target: name },
        { ...common, type: 'SRV', name, priority: 0, weight: 0, port: 9, target: `x${i}.local` },
      ] as const
      const groups = [{ answers, additionals: [] }]
      for (const bytes of pack({ kind: 'response', id: 0, questions: [], authorities: [], groups }))
        world.group.say(bytes)
    }
    await world.clock.advance(5 * 60_000)
    expect(seen.lines).toEqual(['up d1 ready'])
    await world.dispose()
  })

  it.each([
    ['whole instances of another mesh', 5],
    ['pointers that lead nowhere', 1],
  ])(
    'a flood of %s under our name - neither hides a newcomer of ours nor drives it out',
    async (_what, many) => {
      const world = new MemoryWorld()
      const [watcher, announcer] = [await world.discovery(), await world.discovery()]
      const seen = new Seen()
      await watcher.watch('d1', seen.see)
      flood(world, 1_200, many)
      await world.clock.advance(100)
      await announcer.announce(identity('d1'), [{ host: '127.0.0.1', port: 4001 }])
      await world.clock.advance(100)
      expect(seen.lines).toEqual(['up d1 ready'])
      flood(world, 1_200, many)
      await world.settle()
      expect(seen.lines).toEqual(['up d1 ready'])
      await world.dispose()
    },
    60_000,
  )
})

/** The first records of many instances of d1 in another mesh. */
function flood(world: MemoryWorld, instances: number, records: number): void {
  for (let i = 0; i < instances; i++) {
    const self = identity('d1', { mesh: 'another' })
    const claim = new Claim({ self, port: 4001, addresses: ['127.0.0.1'] }, 0)
    const pointers = new Map([...claim.records].filter(([slot]) => slot !== 'type' && slot !== 'meta'))
    const answers = [...pointers.values()].slice(0, records)
    const groups = [{ answers, additionals: [] }]
    for (const bytes of pack({ kind: 'response', id: 0, questions: [], authorities: [], groups }))
      world.group.say(bytes)
  }
}
