/** The network in memory: it breaks on command, and exactly as told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULTS, LIMITS } from '../../lib/base/options.js'
import { toError } from '../../lib/base/errors.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Connection, Listening } from '../../lib/wire/connection.js'
import { MemoryNetwork } from '../../lib/wire/memory.js'
import { attachedOf, Reader, rowsOf, turn } from '../support/rows.js'

describe('memory network', () => {
  let clock: VirtualClock
  let network: MemoryNetwork
  let listening: Listening
  let far: Connection[]
  let served: Reader[]
  beforeEach(async () => {
    clock = new VirtualClock()
    network = new MemoryNetwork(clock)
    far = []
    served = []
    listening = await network.transport('n1').listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      far.push(connection)
      connection.attachmentLimit = LIMITS.attachedRow
      served.push(new Reader(connection, (row) => connection.send(rowsOf(row))))
    })
  })
  afterEach(async () => {
    for (const connection of far) connection.destroy(new Error('the test is over'))
    await listening.close()
    network.heal('n1', 'n2')
    await clock.advance(DEFAULTS.connectTimeout)
    expect([network.connections, network.listeners, clock.waiting]).toEqual([0, 0, 0])
  })

  /** Dials from `node` and opens. */
  async function dialFrom(node: string): Promise<Reader> {
    return new Reader(await network.transport(node).dial(listening.address))
  }

  /** How a dial ends, when time has passed. */
  async function dialOutcome(node: string, ms = 0): Promise<unknown> {
    const outcome = network
      .transport(node)
      .dial(listening.address)
      .then(() => 'connected', toError)
    await clock.advance(ms)
    return outcome
  }

  it('addresses - are the node, whatever host was asked for', () => {
    expect(listening.address).toEqual({ host: 'n1', port: expect.any(Number) })
  })

  it('listening - a taken port is DS_LISTEN; after close it is free, and nobody is there', async () => {
    const { address } = listening
    const again = (): Promise<Listening> => network.transport('n1').listen(address, () => undefined)
    await expect(again()).rejects.toMatchObject({ code: 'DS_LISTEN', details: { reason: 'EADDRINUSE' } })
    await listening.close()
    expect(await dialOutcome('n2')).toMatchObject({
      code: 'DS_UNREACHABLE',
      details: { tries: [{ reason: 'ECONNREFUSED' }] },
    })
    const next = await again()
    await listening.close()
    expect(network.listeners).toBe(1)
    await next.close()
  })

  it('cut - both sides see a failure, others nothing; dials fail until it is healed', async () => {
    const [two, three] = [await dialFrom('n2'), await dialFrom('n3')]
    network.cut('n1', 'n2')
    expect(await two.connection.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
    expect(await far[0]?.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
    three.connection.send(rowsOf(1))
    expect(await three.until(1)).toEqual([1])
    expect(await dialOutcome('n2')).toMatchObject({
      code: 'DS_UNREACHABLE',
      details: { tries: [{ reason: 'EHOSTUNREACH' }] },
    })
    network.heal('n2', 'n1')
    const back = await dialFrom('n2')
    back.connection.send(rowsOf(2))
    expect(await back.until(1)).toEqual([2])
  })

  it('silence - nothing arrives and nobody notices; healed, it arrives in order', async () => {
    const two = await dialFrom('n2')
    network.silence('n1', 'n2')
    two.connection.send(rowsOf(1, 2))
    two.connection.send(rowsOf(3))
    let ended = false
    void two.connection.closed.then(() => (ended = true))
    await clock.advance(60_000)
    expect([served[0]?.rows, ended]).toEqual([[], false])
    network.heal('n1', 'n2')
    expect(await two.until(3)).toEqual([1, 2, 3])
  })

  it('silence - a close comes to its end here, and the other side hears of it when healed', async () => {
    const two = await dialFrom('n2')
    network.silence('n1', 'n2')
    const closing = two.connection.close()
    await clock.advance(DEFAULTS.closeTimeout)
    await closing
    expect(network.connections).toBe(1)
    network.heal('n1', 'n2')
    await far[0]?.closed
  })

  it('silence - a dial takes the connect timeout, or succeeds when healed before', async () => {
    network.silence('n1', 'n2')
    expect(await dialOutcome('n2', DEFAULTS.connectTimeout)).toMatchObject({ code: 'DS_UNREACHABLE' })
    const dial = dialFrom('n2')
    await clock.advance(DEFAULTS.connectTimeout - 1)
    network.heal('n1', 'n2')
    expect((await dial).connection.peer.address).toMatch(/^n1:/)
  })

  it('silence - an aborted dial rejects with the reason, and is not made later', async () => {
    network.silence('n1', 'n2')
    const controller = new AbortController()
    const dial = network.transport('n2').dial(listening.address, controller.signal).catch(toError)
    await clock.settle()
    controller.abort(new Error('enough'))
    expect(await dial).toMatchObject({ message: 'enough' })
    network.heal('n1', 'n2')
    await clock.settle()
    expect(network.connections).toBe(0)
  })

  it('crash - breaks all connections of the node, and its listeners vanish; it may come back', async () => {
    const [two, three] = [await dialFrom('n2'), await dialFrom('n3')]
    const other = await network.transport('n3').listen({ host: 'n3', port: 0 }, () => undefined)
    network.crash('n1')
    expect(await two.connection.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
    expect(await three.connection.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
    await clock.settle()
    expect([network.connectionsOf('n1'), network.listeners]).toEqual([0, 1])
    expect(await dialOutcome('n2')).toMatchObject({ details: { tries: [{ reason: 'ECONNREFUSED' }] } })
    await other.close()
    const again = await network.transport('n1').listen(listening.address, (c) => void new Reader(c))
    const back = await dialFrom('n2')
    await back.connection.close()
    await again.close()
  })

  it('crash - behind a silence nobody hears of it', async () => {
    const two = await dialFrom('n2')
    network.silence('n1', 'n2')
    network.crash('n1')
    let ended = false
    void two.connection.closed.then(() => (ended = true))
    await clock.advance(60_000)
    expect(ended).toBe(false)
    network.heal('n1', 'n2')
    expect(await two.connection.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
  })

  it('delay - rows take that long, each way, and keep their order', async () => {
    const two = await dialFrom('n2')
    network.delay(10)
    two.connection.send(rowsOf(1))
    network.delay(1)
    two.connection.send(rowsOf(2))
    await clock.advance(9)
    expect(served[0]?.rows).toEqual([])
    await clock.advance(1)
    expect(served[0]?.rows).toEqual([1, 2])
    expect(two.rows).toEqual([])
    await clock.advance(1)
    expect(two.rows).toEqual([1, 2])
    const dial = dialOutcome('n3')
    await clock.advance(1)
    expect(await dial).toBe('connected')
  })

  it('delay - each row has its own', async () => {
    const { connection } = await dialFrom('n2')
    network.delay(10)
    connection.send(rowsOf(1))
    await clock.advance(5)
    connection.send(rowsOf(2))
    await clock.advance(5)
    expect(served[0]?.rows).toEqual([1])
    await clock.advance(5)
    expect(served[0]?.rows).toEqual([1, 2])
  })

  it('delay - a dial that is aborted on its way is not made', async () => {
    network.delay(10)
    const controller = new AbortController()
    const dial = network.transport('n2').dial(listening.address, controller.signal).catch(toError)
    await clock.advance(5)
    controller.abort(new Error('enough'))
    await clock.advance(60)
    expect([await dial, far.length]).toEqual([new Error('enough'), 0])
  })

  it('delay - much is under way at once: a hundred rows take no longer than one', async () => {
    const two = await dialFrom('n2')
    network.delay(10)
    for (let i = 0; i < 100; i++) two.connection.send(rowsOf(i))
    await clock.advance(20)
    expect(two.rows).toHaveLength(100)
  })

  it('attachments - a silence holds them up, a delay takes its time, a cut loses their row', async () => {
    const two = await dialFrom('n2')
    const send = (row: unknown): boolean => two.connection.send(attachedOf(row, Buffer.alloc(200_000, '\n')))
    network.silence('n1', 'n2')
    send(1)
    await clock.advance(60_000)
    expect(served[0]?.rows).toEqual([])
    network.heal('n1', 'n2')
    expect(await two.until(1)).toEqual([1])
    network.delay(10)
    send(2)
    await clock.advance(9)
    expect(served[0]?.rows).toEqual([1])
    await clock.advance(1)
    expect(served[0]?.rows).toEqual([1, 2])
    expect(served[0]?.attachments.map((list) => list.map((bytes) => bytes.length))).toEqual([
      [200_000],
      [200_000],
    ])
    send(3)
    network.cut('n1', 'n2')
    expect(await far[0]?.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
    expect(served[0]?.rows).toEqual([1, 2])
  })

  it('attachments - what is large arrives in pieces: a crash in their middle says where it was', async () => {
    const two = await dialFrom('n2')
    const server = far[0] as Connection
    two.connection.send([rowsOf('x'), '+300000 1\n', Buffer.alloc(100_000)])
    await served[0]?.until(1)
    await turn()
    network.crash('n2')
    expect(await server.closed).toMatchObject({
      code: 'DS_DISCONNECTED',
      message: expect.stringContaining(
        'in the middle of attachment 1 of 1 of row 2, after 100000 of 300000 bytes',
      ),
    })
  })

  it('events - tell of healing and crashing', () => {
    const heard: string[] = []
    network.on('healed', () => heard.push('healed'))
    network.on('crashed', (node) => heard.push(node))
    network.silence('a', 'b')
    expect([network.reaches('b', 'a'), network.reaches('a', 'c')]).toEqual([false, true])
    network.heal('b', 'a')
    network.crash('a')
    expect([network.reaches('a', 'b'), heard]).toEqual([true, ['healed', 'a']])
  })

  it('a path - is not to be reached in memory', async () => {
    const dial = network.transport('n2').dial({ path: '/s' })
    await expect(dial).rejects.toMatchObject({ code: 'DS_UNREACHABLE' })
  })
})
