/** Names and TXT: from services to DNS labels, and back to hints that are checked. */
import { describe, expect, it } from 'vitest'
import {
  isHostName,
  isInstanceName,
  labelOf,
  meshTag,
  questionFor,
  slugOf,
} from '../../../lib/engines/dnssd/names.js'
import { readPairs, readTxt, writeTxt } from '../../../lib/engines/dnssd/txt.js'
import { identity } from '../../contracts/discovery.js'

function txt(...strings: readonly string[]): Uint8Array {
  return Buffer.concat(
    strings.map((text) => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)])),
  )
}

describe('dnssd names', () => {
  it.each([
    ['d1', 'd1'],
    ['@acme/img.v2', 'acme-img-v2'],
    ['a'.repeat(64), 'a'.repeat(48)],
    [`${'a'.repeat(47)}-b`, 'a'.repeat(47)],
  ])('slug - of %s is %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug)
  })

  it('slug - a name without letters or digits has one too', () => {
    expect(slugOf('~')).toMatch(/^[0-9a-f]{20}$/)
    expect(slugOf('~')).not.toBe(slugOf('~~'))
  })

  it('label - is readable, unique by the id, and fits 63 bytes after a conflict too', () => {
    expect(labelOf('d1', '7f3kq2abcdefghijklmnopqrst', 1)).toBe('d1-7f3kq2')
    expect(labelOf('d1', '7f3kq2abcdefghijklmnopqrst', 2)).toBe('d1-7f3kq2-2')
    expect(labelOf('x'.repeat(64), '7f3kq2abcdefghijklmnopqrst', 999).length).toBeLessThanOrEqual(63)
  })

  it('question - RFC 6763 7.1: for one name a subtype, for all the type', () => {
    expect(questionFor('d1')).toBe('_d1._sub._dservice._tcp.local')
    expect(questionFor('*')).toBe('_dservice._tcp.local')
  })

  it.each([
    ['d1-abc._dservice._tcp.local', true],
    ['D1-ABC._DSERVICE._TCP.LOCAL', true],
    ['_dservice._tcp.local', false],
    ['a.b._dservice._tcp.local', false],
    ['d1._http._tcp.local', false],
    [`${'a'.repeat(64)}._dservice._tcp.local`, false],
  ])('instance - whether %s is one: %s', (name, expected) => {
    expect(isInstanceName(name)).toBe(expected)
  })

  it('host - is one label on the link', () => {
    expect(['d1.local', 'a.b.local', 'example.com', 'local'].map(isHostName)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

describe('dnssd TXT', () => {
  it('hint - is read as it was written', () => {
    const self = identity('@acme/d1', { state: 'waiting', version: '1.2.3-rc.1' })
    const { id, name, version, state, started } = self
    expect(readTxt(writeTxt(self))).toEqual({
      tag: meshTag(self.mesh),
      hint: { id, name, version, state, started },
    })
  })

  it('hint - of the hash of a contract it has 16 digits, and none where there are others', () => {
    const self = identity('d1', { contract: `sha256-9f86d081884c7d65${'0'.repeat(48)}` })
    expect(readTxt(writeTxt(self)).hint.contract).toBe('sha256-9f86d081884c7d65')
    for (const bad of ['h=', 'h=9f86', 'h=9F86D081884C7D65', `h=${'0'.repeat(17)}`, 'h=__proto__012345']) {
      expect(readTxt(txt(bad)).hint).not.toHaveProperty('contract')
    }
  })

  it('hint - txtvers comes first (RFC 6763 6.7)', () => {
    expect(Buffer.from(writeTxt(identity('d1'))).toString('latin1', 1, 10)).toBe('txtvers=1')
  })

  it('hint - a version too long for TXT is left to the hello', () => {
    const read = readTxt(writeTxt(identity('d1', { version: `1.0.0-${'x'.repeat(200)}` })))
    expect(read.hint).not.toHaveProperty('version')
    expect(read.hint.name).toBe('d1')
  })

  it('pairs - RFC 6763 6.4: the first of a key counts, keys ignore case, a missing key is ignored', () => {
    expect([...readPairs(txt('A=1', 'a=2', '=x', 'flag', 'e=', 'q=a=b'))]).toEqual([
      ['a', '1'],
      ['flag', ''],
      ['e', ''],
      ['q', 'a=b'],
    ])
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one zero byte', Buffer.alloc(1)],
    ['a length that lies', Buffer.from([200, 0x6e, 0x3d])],
    ['values of the wrong shape', txt('id=a b', 'v=one', 't=-1', 'n=', 'm=xyz', 'f=?', 'v=1.0.0')],
  ])('hint - %s is no hint and no error', (_what, data) => {
    expect(readTxt(data)).toEqual({ tag: null, hint: {} })
  })
})
