/** The engine on this machine's loopback, between real processes. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../lib/base/clock.js'
import { createMdns } from '../../../lib/engines/mdns.js'
import { createDecoder } from '../../../lib/engines/dnssd/decode.js'
import { encode } from '../../../lib/engines/dnssd/encode.js'
import { questionFor } from '../../../lib/engines/dnssd/names.js'
import type { Sighting } from '../../../lib/mesh/discovery.js'
import { Programs } from '../../support/programs.js'

const NODE = 'test/engines/mdns/node.mjs'

/** Resolves at the first sighting of a type. */
function sightings(): {
  see: (sighting: Sighting) => void
  first(type: Sighting['type']): Promise<Sighting>
} {
  const seen: Sighting[] = []
  const waiters: (() => void)[] = []
  return {
    see: (sighting) => {
      seen.push(sighting)
      for (const look of waiters) look()
    },
    first: (type) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = seen.find((sighting) => sighting.type === type)
          if (found) resolve(found)
        }
        waiters.push(look)
        look()
      }),
  }
}

describe('mdns between processes', () => {
  it('finds a service that was there before, and one that comes later', async () => {
    await using programs = new Programs()
    const before = programs.start(NODE, 'announce', 'd1')
    const [, first = ''] = (await before.said(/^announced/)).split(' ')
    const watcher = programs.start(NODE, 'watch', 'd1')
    await watcher.said(new RegExp(`^up d1 ${first}`))
    const after = programs.start(NODE, 'announce', 'd1')
    const [, second = ''] = (await after.said(/^announced/)).split(' ')
    await watcher.said(new RegExp(`^up d1 ${second}`))
  })

  it('killed without a goodbye - a recheck finds out', async () => {
    await using programs = new Programs()
    const announcer = programs.start(NODE, 'announce', 'd1')
    await announcer.said(/^announced/)
    await using mdns = await createMdns({ mesh: programs.mesh, clock: systemClock })
    const { see, first } = sightings()
    await mdns.watch('d1', see)
    const up = await first('up')
    announcer.kill('SIGKILL')
    await announcer.ended
    mdns.recheck(up)
    expect((await first('down')).hint.id).toBe(up.hint.id)
  })

  it('a process that only watches or announces ends by itself', async () => {
    await using programs = new Programs()
    const held = [programs.start(NODE, 'watch', '*', 'free'), programs.start(NODE, 'announce', 'd1', 'free')]
    expect(await Promise.all(held.map(({ ended }) => ended))).toEqual([0, 0])
  })

  it('RFC 6762 6.7 - a simple resolver that asks from another port is answered there', async () => {
    await using programs = new Programs()
    const name = `x${programs.mesh}`
    await programs.start(NODE, 'announce', name).said(/^announced/)
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.setMulticastInterface('127.0.0.1')
    const questions = [{ name: questionFor(name), type: 'PTR' }] as const
    const none = { answers: [], authorities: [], additionals: [] }
    socket.send(encode({ id: 4711, flags: 0, questions, ...none }), 5353, '224.0.0.251')
    const [bytes, from] = (await once(socket, 'message')) as [Buffer, { port: number; address: string }]
    socket.close()
    expect([from.address, from.port]).toEqual(['127.0.0.1', 5353])
    const message = createDecoder()(bytes)
    expect(message).toMatchObject({ kind: 'response', id: 4711, questions })
    expect(message?.additionals.map(({ type }) => type)).toEqual(['SRV', 'TXT', 'A'])
  })
})
