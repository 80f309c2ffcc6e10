/** Bytes and records: what is written can be read, is small, and what cannot be a datagram is not read. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createDecoder } from '../../../lib/engines/dnssd/decode.js'
import { encode, rawData } from '../../../lib/engines/dnssd/encode.js'
import { isDecodable } from '../../../lib/engines/dnssd/guard.js'
import { DATAGRAM, pack, type Group, type Outgoing } from '../../../lib/engines/dnssd/pack.js'
import { recordKey, type Resource } from '../../../lib/engines/dnssd/records.js'
import { writeTxt } from '../../../lib/engines/dnssd/txt.js'
import { Claim } from '../../../lib/engines/mdns/claim.js'
import { identity } from '../../contracts/discovery.js'

const decode = createDecoder()

function announcementOf(name: string): Resource[] {
  const offer = { self: identity(name), port: 4001, addresses: ['127.0.0.1', '::1'] }
  return [...new Claim(offer, 0).records.values()].filter(({ type }) => type !== 'NSEC')
}

function response(groups: readonly Group[]): Outgoing {
  return { kind: 'response', id: 0, questions: [], authorities: [], groups }
}

const whole = { id: 0, flags: 0x8400, questions: [], authorities: [], additionals: [] }

describe('dnssd codec', () => {
  it('encode - an announcement is read as it was written', () => {
    const answers = announcementOf('d1')
    expect(decode(encode({ ...whole, answers }))?.answers).toEqual(answers)
  })

  it('encode - an announcement with both addresses takes at most 300 bytes, TXT at most 200', () => {
    expect(encode({ ...whole, answers: announcementOf('d1') }).length).toBeLessThanOrEqual(300)
    const contract = `sha256-${'0'.repeat(64)}`
    expect(
      writeTxt(identity(`@${'a'.repeat(31)}/${'b'.repeat(31)}`, { contract })).length,
    ).toBeLessThanOrEqual(200)
  })

  it('encode - questions, authorities, the TC bit and the id survive', () => {
    const questions = [{ name: 'd1-a._dservice._tcp.local', type: 'ANY' }] as const
    const authorities = announcementOf('d1').filter(({ type }) => type === 'SRV')
    const bytes = encode({ id: 7, flags: 0x0200, questions, authorities, answers: [], additionals: [] })
    expect(decode(bytes)).toMatchObject({ kind: 'query', id: 7, truncated: true, questions, authorities })
  })

  it('encode - a denial lists the types that there are, and the decoder gets past it', () => {
    const none: Resource = {
      type: 'NSEC',
      name: 'h.local',
      ttl: 120,
      flush: true,
      types: ['A', 'TXT', 'SRV'],
    }
    const after: Resource = { type: 'A', name: 'h.local', ttl: 120, flush: true, address: '127.0.0.1' }
    const bytes = encode({ ...whole, answers: [none], additionals: [after] })
    // RFC 4034 section 4.1.2: window 0, five bytes, A = bit 1, TXT = bit 16, SRV = bit 33
    expect(bytes.includes(Buffer.from([0, 5, 0x40, 0, 0x80, 0, 0x40]))).toBe(true)
    expect(decode(bytes)?.additionals).toEqual([after])
  })

  it.each(['::1', 'fe80::1', '::', '2001:db8::a:0:b', '1:2:3:4:5:6:7:8', '::ffff:1'])(
    'encode - the address %s is read as written',
    (address) => {
      const record: Resource = { type: 'AAAA', name: 'h.local', ttl: 120, flush: false, address }
      const [read] = decode(encode({ ...whole, answers: [record] }))?.answers ?? []
      expect(read && rawData(read)).toEqual(rawData(record))
    },
  )

  it('encode - any labels survive compression', () => {
    const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)
    const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name), { maxLength: 20 }), (pairs) => {
        const answers = pairs.map(([from, target]): Resource => ({
          type: 'PTR',
          name: from,
          ttl: 1,
          flush: false,
          target,
        }))
        const read = decode(encode({ ...whole, answers }))?.answers ?? []
        const keysOf = (records: readonly Resource[]): string[] => records.map(recordKey)
        expect(keysOf(read)).toEqual(keysOf(answers))
      }),
    )
  })

  it('pack - 500 services go out in datagrams of at most 1400 bytes, each service whole', () => {
    const groups = Array.from({ length: 500 }, (_, i) => ({
      answers: announcementOf(`d${i}`),
      additionals: [],
    }))
    const datagrams = pack(response(groups))
    expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(DATAGRAM)
    expect(datagrams.length).toBeLessThanOrEqual(100)
    const read = datagrams.flatMap((bytes) => [decode(bytes)?.answers ?? []])
    expect(read.flat()).toHaveLength(500 * 7)
    expect(read.every((answers) => answers.length % 7 === 0)).toBe(true)
  })

  it('pack - RFC 6762 7.2: known answers that do not fit follow, and all but the last datagram say so', () => {
    const known = Array.from({ length: 300 }, (_, i): Resource => {
      return {
        type: 'PTR',
        name: '_dservice._tcp.local',
        ttl: 4000,
        flush: false,
        target: `d${i}-abcdef._dservice._tcp.local`,
      }
    })
    const groups = known.map((record) => ({ answers: [record], additionals: [] }))
    const questions = [{ name: '_dservice._tcp.local', type: 'PTR' }] as const
    const read = pack({ kind: 'query', id: 0, questions, authorities: [], groups }).map((bytes) =>
      decode(bytes),
    )
    expect(read.length).toBeGreaterThan(2)
    expect(read.map((message) => message?.truncated)).toEqual(read.map((_, i) => i < read.length - 1))
    expect(read.map((message) => message?.questions.length)).toEqual(read.map((_, i) => (i === 0 ? 1 : 0)))
    expect(read.flatMap((message) => message?.answers ?? [])).toEqual(known)
  })

  it('decode - RFC 6762 18: another opcode, or an error code, is not read', () => {
    const bytes = encode({ ...whole, answers: announcementOf('d1') })
    const change = (at: number, bits: number): Uint8Array => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) | bits
      return changed
    }
    expect(decode(change(2, 0x08))).toBeNull()
    expect(decode(change(3, 0x03))).toBeNull()
    expect(decode(bytes)).not.toBeNull()
  })

  it('decode - RFC 6762 5.4: a question that asks for unicast is a question', () => {
    const question = { name: 'd1.local', type: 'A' } as const
    const bytes = encode({ ...whole, flags: 0, questions: [question], answers: [] })
    bytes[bytes.length - 2] = 0x80
    expect(decode(bytes)?.questions).toEqual([question])
  })

  it('decode - a TTL is at most 4500 s, a port is not 0, other classes and types are left out', () => {
    const [pointer] = announcementOf('d1')
    const service = announcementOf('d1').find(({ type }) => type === 'SRV')
    if (!pointer || service?.type !== 'SRV') throw new Error('no records')
    const answers: Resource[] = [
      { ...pointer, ttl: 2 ** 31 },
      { ...service, port: 0 },
    ]
    expect(decode(encode({ ...whole, answers }))?.answers).toEqual([{ ...pointer, ttl: 4500 }])
  })

  it('guard - 23 bytes that claim 196 605 records are not decoded', () => {
    // a header that promises three times 65 535 records, and one HINFO record without data at the very end
    const packet = Buffer.from('000084000000000000000000' + '00000d0001000000780000', 'hex')
    expect(packet).toHaveLength(23)
    for (const at of [6, 8, 10]) packet.writeUInt16BE(0xffff, at)
    expect(isDecodable(packet)).toBe(false)
    expect(decode(packet)).toBeNull()
  })

  it.each([
    ['shorter than a header', Buffer.alloc(11), false],
    ['a bare header', Buffer.alloc(12), true],
    ['longer than RFC 6762 17 allows', Buffer.alloc(9_001), false],
    ['more records than bytes', Buffer.from('000000000000000100000000' + '00'.repeat(10), 'hex'), false],
    [
      'as many records as bytes allow',
      Buffer.from('000000000000000100000000' + '00'.repeat(11), 'hex'),
      true,
    ],
    [
      'more than a thousand questions',
      Buffer.concat([Buffer.from('0000000003e9000000000000', 'hex'), Buffer.alloc(8_000)]),
      false,
    ],
  ])('guard - %s', (_what, bytes, expected) => {
    expect(isDecodable(bytes)).toBe(expected)
  })
})
