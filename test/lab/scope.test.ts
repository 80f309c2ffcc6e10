/** Loopback scope: nothing is heard from the network and nothing reaches it, whatever others on the machine have joined. */
import { describe, expect, it } from 'vitest'
import { pack } from '../../lib/engines/dnssd/pack.js'
import { Claim } from '../../lib/engines/mdns/claim.js'
import { identity } from '../contracts/discovery.js'
import { need } from '../support/need.js'
import { cable, Namespace } from './namespace.js'

const MEMBER = 'test/mesh/member.mjs'
const LISTENER = 'test/lab/listener.mjs'
const CLI = 'dist/lib/tools/cli/main.js'
const env = { DSERVICE_MESH: 'default', DSERVICE_SIGNALS: '1' }

/** An announcement as another machine could make it, for a service that claims to be on our loopback. */
function forged(): string {
  const claim = new Claim(
    { self: identity('forged', { mesh: 'default' }), port: 4001, addresses: ['127.0.0.1'] },
    0,
  )
  const groups = [{ answers: [...claim.records.values()], additionals: [] }]
  const [datagram] = pack({ kind: 'response', id: 0, questions: [], authorities: [], groups })
  return datagram?.toString('hex') ?? ''
}

function packetsOut(lab: Namespace): number {
  const [link] = JSON.parse(lab.ip('-s', '-j', 'link', 'show', 'eth0')) as {
    stats64: { tx: { packets: number } }
  }[]
  return link?.stats64.tx.packets ?? NaN
}

describe.skipIf(!need.namespace().ok)('scope', () => {
  it('nothing goes out: a service, a question and a goodbye leave eth0 untouched', async () => {
    await using lab = new Namespace()
    await using other = new Namespace()
    cable(lab, other)
    const before = packetsOut(lab)
    const service = lab.start(process.execPath, [MEMBER, 'd1@1.2.3'], env)
    await service.said(/^ready/)
    const list = await lab.run(process.execPath, CLI, 'ls', '--json')
    expect(JSON.parse(list)).toMatchObject({ instances: [{ name: 'd1' }] })
    service.kill('SIGTERM')
    await service.ended
    expect(packetsOut(lab)).toBe(before)
  })

  it('nothing comes in: what another machine announces is not seen, though a neighbour has joined the group there', async () => {
    await using lab = new Namespace()
    await using other = new Namespace()
    cable(lab, other)
    const neighbour = lab.start(process.execPath, [LISTENER, '10.99.0.1'])
    await neighbour.said(/joined/)
    const watcher = lab.start(process.execPath, ['test/lab/watch.mjs'], env)
    await watcher.said(/watching/)
    const liar = other.start(process.execPath, [LISTENER, '10.99.0.2', forged()])
    await liar.said(/sent/)
    await neighbour.said(/from 10\.99\.0\.2/)
    // the real one comes after the forged one on the same socket, so the forged one would have been seen by now
    const service = lab.start(process.execPath, [MEMBER, 'd1@1.2.3'], env)
    await service.said(/^ready/)
    await watcher.said(/d1/)
    expect(watcher.lines.filter((line) => line.startsWith('up'))).toEqual(['up d1'])
    service.kill('SIGTERM')
    await service.ended
  })
})
