/** The engine of a list: what it reads, what it refuses, what it tells. */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { createStatic, staticAddresses, staticEntries } from '../../lib/engines/static.js'
import { formatAddress } from '../../lib/wire/connection.js'
import { identity, Seen } from '../contracts/discovery.js'

const URL = 'static:d1=127.0.0.1:4001,d1=127.0.0.1:4002,@acme/img=[::1]:4003,127.0.0.1:4009'

function textOf(url: string): string[] {
  return staticEntries(url).map(({ name, address }) => `${name ?? '*'} ${formatAddress(address)}`)
}

async function answersTo(name: string): Promise<string[]> {
  const seen = new Seen()
  await createStatic(URL).watch(name, seen.see)
  await new VirtualClock().settle()
  return seen.sightings.map(
    ({ type, hint, address }) => `${type} ${hint.name ?? '*'} ${formatAddress(address)}`,
  )
}

describe('static list', () => {
  it.each([
    [URL, ['d1 127.0.0.1:4001', 'd1 127.0.0.1:4002', '@acme/img [::1]:4003', '* 127.0.0.1:4009']],
    ['static:d1=localhost:4001', ['d1 localhost:4001']],
    ['static:d1=db-1.example.org:4001', ['d1 db-1.example.org:4001']],
    ['static: d1=127.0.0.1:4001 , 127.0.0.1:1', ['d1 127.0.0.1:4001', '* 127.0.0.1:1']],
    ['static:d1=127.0.0.1:4001,d1=127.0.0.1:4001', ['d1 127.0.0.1:4001']],
    ['static:127.0.0.1:65535', ['* 127.0.0.1:65535']],
  ])('reading - %s', (url, expected) => {
    expect(textOf(url)).toEqual(expected)
  })

  it.each([
    ['static:', ''],
    ['static:d1=127.0.0.1:4001,', ''],
    ['static:d1=127.0.0.1', 'd1=127.0.0.1'],
    ['static:d1=127.0.0.1:0', 'd1=127.0.0.1:0'],
    ['static:d1=127.0.0.1:65536', 'd1=127.0.0.1:65536'],
    ['static:d1=::1:4003', 'd1=::1:4003'],
    ['static:d1=[127.0.0.1]:4003', 'd1=[127.0.0.1]:4003'],
    ['static:d1=127.0.0:4001', 'd1=127.0.0:4001'],
    ['static:d1=127.0.0.256:4001', 'd1=127.0.0.256:4001'],
    ['static:d1=:4001', 'd1=:4001'],
    ['static:d1=a b:4001', 'd1=a b:4001'],
    ['static:d1=http://x:4001', 'd1=http://x:4001'],
    ['static:127.0.0.1:4001,4002', '4002'],
  ])('reading - %s is refused, naming the part', (url, part) => {
    expect(() => staticEntries(url)).toThrow(
      expect.objectContaining({ code: 'DS_INVALID', details: { part } }),
    )
  })

  it.each(['static:D1=127.0.0.1:4001', 'static:=127.0.0.1:4001', 'static:d1 =127.0.0.1:4001'])(
    'reading - %s has no valid name',
    (url) => {
      expect(() => staticEntries(url)).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
    },
  )
})

describe('static discovery', () => {
  it('addresses - are told to whoever must check how far they reach', () => {
    expect(staticAddresses('static:d1=192.0.2.1:1,127.0.0.1:2')).toEqual([
      { host: '192.0.2.1', port: 1 },
      { host: '127.0.0.1', port: 2 },
    ])
  })

  it('watch - a name gets its own addresses and those without a name', async () => {
    expect(await answersTo('d1')).toEqual([
      'up d1 127.0.0.1:4001',
      'up d1 127.0.0.1:4002',
      'up * 127.0.0.1:4009',
    ])
    expect(await answersTo('nobody')).toEqual(['up * 127.0.0.1:4009'])
  })

  it('watch - all names get all addresses', async () => {
    expect(await answersTo('*')).toHaveLength(4)
  })

  it('watch - is silent once disposed of, also for what was on its way', async () => {
    const seen = new Seen()
    const engine = createStatic(URL)
    const watch = engine.watch('*', seen.see)
    await engine[Symbol.asyncDispose]()
    await (await watch)[Symbol.asyncDispose]()
    await new VirtualClock().settle()
    expect(seen.lines).toEqual([])
  })

  it('recheck - changes nothing: what is on the list stays', async () => {
    const seen = new Seen()
    const engine = createStatic(URL)
    await engine.watch('d1', seen.see)
    for (const sighting of [...seen.sightings]) engine.recheck(sighting)
    await new VirtualClock().settle()
    expect(seen.sightings.map(({ type }) => type)).toEqual(['up', 'up', 'up'])
  })

  it('announce - succeeds and tells nobody', async () => {
    const seen = new Seen()
    const engine = createStatic(URL)
    await engine.watch('d9', seen.see)
    const announcement = await engine.announce(identity('d9'), [{ host: '127.0.0.1', port: 9 }])
    await announcement.update('draining')
    await announcement[Symbol.asyncDispose]()
    await announcement[Symbol.asyncDispose]()
    expect(seen.sightings.map(({ address }) => formatAddress(address))).toEqual(['127.0.0.1:4009'])
  })

  it('stopped - refuses with DS_CLOSED, disposing twice is fine', async () => {
    const engine = createStatic(URL)
    await engine[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
    await expect(engine.watch('*', () => undefined)).rejects.toMatchObject({ code: 'DS_CLOSED' })
  })
})
