/** Classes of the user's: how they are named, who is asked, and what they may hold. */
import { expect, it } from 'vitest'
import { isDServiceError } from '../../../lib/base/errors.js'
import { CustomTypes } from '../../../lib/dnode/values/custom.js'
import { encode } from '../../../lib/dnode/values/encode.js'
import type { CustomType } from '../../../lib/dnode/values/port.js'
import { to, travel } from './peer.js'

class Money {
  readonly cents: bigint
  constructor(cents: bigint) {
    this.cents = cents
  }
}
class Late extends Date {}
class Ring {
  inner: unknown = null
}

const money: CustomType<Money, bigint> = {
  name: 'money',
  is: (value): value is Money => value instanceof Money,
  write: (value) => value.cents,
  read: (cents) => new Money(cents),
}
const late: CustomType<Late, number> = {
  name: 'late.1',
  is: (value): value is Late => value instanceof Late,
  write: Number,
  read: (time) => new Late(time),
}
const ring: CustomType<Ring, unknown> = {
  name: 'ring',
  is: (value): value is Ring => value instanceof Ring,
  write: (value) => value.inner,
  read: (inner) => Object.assign(new Ring(), { inner }),
}
const custom = new CustomTypes([money, late, ring])

it('custom - a value travels as what its type writes, and the same one stays the same', () => {
  const five = new Money(5n)
  expect(JSON.stringify(encode([five], to({ custom })).values)).toBe(
    '[{"$":["custom","money",{"$":["bigint","5"]}]}]',
  )
  const [a, [b]] = travel([five, [five]], { custom }) as [Money, [Money]]
  expect(a).toEqual(five)
  expect(b).toBe(a)
})

it('custom - a type is asked before the class has a kind of its own', () => {
  const [date] = travel([new Late(7)], { custom })
  expect(date).toEqual(new Late(7))
  expect(date).toBeInstanceOf(Late)
})

it('custom - values hold others, and what comes before them', () => {
  const outer = new Ring()
  const shared = { s: 1 }
  outer.inner = [new Money(1n), shared]
  const [, arrived] = travel([shared, outer], { custom }) as [object, Ring]
  expect(arrived.inner).toEqual([new Money(1n), { s: 1 }])
})

it('custom - a value that is made of itself is refused', () => {
  const round = new Ring()
  round.inner = { round }
  expect(() => encode([round], to({ custom }))).toThrow(
    'arguments[0].<ring>.round cannot travel: it leads back into a value that is made of it',
  )
  const bare = new Ring()
  bare.inner = bare
  expect(() => encode([bare], to({ custom }))).toThrow('leads back into a value that is made of it')
})

it('custom - a type that the peer has not is refused, not sent as something else', () => {
  const known = new Set(['ring'])
  expect(() => encode([{ m: new Money(1n) }], to({ custom, known }))).toThrow(
    'arguments[0].m cannot travel: it is of the custom type money',
  )
})

it.each([
  ['is', 'broken is'],
  ['write', 'broken write'],
])('custom - a type whose %s throws is DS_UNSENDABLE with the path', (key, message) => {
  const broken = new CustomTypes([
    {
      ...money,
      [key]: () => {
        throw new Error(message)
      },
    },
  ])
  expect(() => encode([{ m: new Money(1n) }], to({ custom: broken }))).toThrow(
    `arguments[0].m cannot travel: it cannot be read: ${message}`,
  )
})

it.each([
  ['an empty name', [{ ...money, name: '' }], 'the name ""'],
  ['a name with a space', [{ ...money, name: 'a b' }], 'the name "a b"'],
  ['a long name', [{ ...money, name: 'x'.repeat(65) }], 'the name "xxx'],
  ['a name twice', [money, { ...late, name: 'money' }], 'two custom types have the name money'],
  ['no read', [{ ...money, read: undefined }], '"read" of the custom type money is no function'],
])('custom - %s is DS_INVALID', (_name, types, message) => {
  let thrown: unknown
  try {
    void new CustomTypes(types as unknown as CustomType[])
  } catch (error) {
    thrown = error
  }
  expect(isDServiceError(thrown) && `${thrown.code} ${thrown.message}`).toContain('DS_INVALID')
  expect(String(thrown)).toContain(message)
})

it('custom - the names are those of the list', () => {
  expect(custom.names).toEqual(['money', 'late.1', 'ring'])
})
