import { afterEach, beforeEach, describe as suite, expect, it } from 'vitest'
import fc from 'fast-check'
import { helloOf } from '../../lib/dnode/hello.js'
import { Session } from '../../lib/dnode/session.js'
import { contracts, instances, method, type InstanceContract } from '../../lib/index.js'
import { canonical, hashOfContract, hashOfMethod, type Contract } from '../../lib/mesh/contract.js'
import { isMethodPath, readContract } from '../../lib/mesh/contract-read.js'
import { TestMesh } from '../support/mesh.js'

suite('canonical form - one text for one value', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, shuffled(member)]),
    )
  }

  it('another order of keys is the same text, and the text is the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonical(shuffled(value))).toBe(canonical(value))
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('a description changes no hash, and what is promised does', () => {
    const schema = fc.dictionary(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(fc.string(), schema, fc.boolean(), (description, output, idempotent) => {
        const plain = { output, ...(idempotent ? { idempotent: true as const } : {}) }
        const one = { methods: { a: plain } }
        expect(hashOfContract({ methods: { a: { ...plain, description } } })).toBe(hashOfContract(one))
        expect(hashOfMethod({ ...plain, description })).toBe(hashOfMethod(plain))
        expect(hashOfContract({ methods: { a: {} } })).not.toBe(hashOfContract(one))
        expect(hashOfContract({ ...one, types: { root: 'A', text: '' } })).not.toBe(hashOfContract(one))
      }),
    )
  })

  it('what was written is read again, with the same hash', () => {
    const contract: Contract = {
      methods: {
        'users.find': { description: 'x', idempotent: true, input: [true, { type: 'string' }], output: {} },
      },
      types: { root: 'Api', text: 'export interface Api {}\n' },
    }
    expect(readContract(canonical(contract))).toEqual(contract)
    expect(hashOfContract(readContract(canonical(contract)))).toBe(hashOfContract(contract))
  })
})

suite('a contract of somebody else - what does not pass is none', () => {
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`m${i}`, {}]))

  it.each<[string, unknown]>([
    ['no text', { methods: {} }],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no methods', '{}'],
    ['too large', JSON.stringify({ methods: { a: { output: { title: 'x'.repeat(256 * 1024) } } } })],
    ['too large in bytes', JSON.stringify({ methods: { a: { output: { title: 'é'.repeat(140_000) } } } })],
    [
      'too large when it is written down',
      `{"methods":{"a":{"output":{"enum":[${'1e20,'.repeat(40_000)}0]}}}}`,
    ],
    ['too many methods', JSON.stringify({ methods: many })],
    ['nested too deep', `{"methods":{"a":{"output":${deep(40)}}}}`],
    ['nested far too deep', `{"methods":{"a":{"output":${deep(40_000)}}}}`],
    ['too many values', `{"methods":{"a":{"output":{"enum":[${'0,'.repeat(60_000)}0]}}}}`],
    ['a reserved name', '{"methods":{"$describe":{}}}'],
    ['a prototype', '{"methods":{"__proto__":{}}}'],
    ['a prototype below', '{"methods":{"users.__proto__.x":{}}}'],
    ['a constructor', '{"methods":{"users.constructor":{}}}'],
    ['an empty name', '{"methods":{"users..find":{}}}'],
    ['a name with a line', '{"methods":{"a\\nb":{}}}'],
    ['a long name', JSON.stringify({ methods: { ['a'.repeat(257)]: {} } })],
    ['a method that is none', '{"methods":{"a":null}}'],
    ['a long description', JSON.stringify({ methods: { a: { description: 'x'.repeat(1_001) } } })],
    ['a description of another type', '{"methods":{"a":{"description":{}}}}'],
    ['an input that is no list', '{"methods":{"a":{"input":{}}}}'],
    ['an input with no schema', '{"methods":{"a":{"input":[1]}}}'],
    ['an output that is no schema', '{"methods":{"a":{"output":"string"}}}'],
    ['a schema with a prototype', '{"methods":{"a":{"output":{"properties":{"__proto__":{}}}}}}'],
    ['types without a root', '{"methods":{},"types":{"text":""}}'],
    ['types with code for a root', '{"methods":{},"types":{"root":"A; import \\"x\\"","text":""}}'],
    ['types without text', '{"methods":{},"types":{"root":"A"}}'],
    ['types with CR', '{"methods":{},"types":{"root":"A","text":"a\\r\\n"}}'],
  ])('%s', (_, text) => {
    expect(() => readContract(text)).toThrowError(expect.objectContaining({ code: 'DS_PROTOCOL' }))
  })

  it('whatever comes is read or refused, and what is read is frozen and has no name that reaches into objects', () => {
    const some = fc.record({ methods: fc.dictionary(fc.string(), fc.jsonValue()), types: fc.jsonValue() })
    fc.assert(
      fc.property(fc.oneof(some, fc.jsonValue()), (value) => {
        try {
          const { methods } = readContract(JSON.stringify(value))
          expect(Object.isFrozen(methods)).toBe(true)
          expect(Object.keys(methods).every(isMethodPath)).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'DS_PROTOCOL' })
        }
      }),
    )
  })

  it('unknown fields are left out', () => {
    expect(readContract('{"methods":{"a":{"more":1,"idempotent":1}},"more":1}')).toEqual({
      methods: { a: {} },
    })
  })
})

let mesh: TestMesh
const stops: (() => Promise<void>)[] = []

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

const names = (found: readonly InstanceContract[]): string[][] =>
  found.map(({ contract }) => Object.keys(contract?.methods ?? {}))

suite('contracts(handle)', () => {
  it('tells of each instance what it promises and relies on', async () => {
    const d0 = mesh.service('d0@1.0.0', { ping: () => 1 })
    const d1 = mesh.service('d1@1.2.0', {
      users: { find: method(() => 1, { idempotent: true, description: 'Finds.' }) },
    })
    d1.rely('d0', '^1')
    d1.rely('log', '*', { optional: true })
    d1.rely('audit', '*', { lazy: true })
    await mesh.until(Promise.all([d0.start(), d1.start()]))
    const handle = await mesh.until(mesh.client().dnodeFor('d1', '^1'))
    const contract: Contract = { methods: { 'users.find': { idempotent: true, description: 'Finds.' } } }
    const [instance] = await instances(handle)
    expect(await mesh.until(contracts(handle))).toEqual([
      { instance, hash: hashOfContract(contract), contract, rely: { d0: '^1' }, described: true },
    ])
  })

  it('answers an empty list where nobody is in range, and refuses what is no handle', async () => {
    const handle = mesh.client().rely('d1')
    expect(await mesh.until(contracts(handle))).toEqual([])
    await expect(contracts({})).rejects.toMatchObject({ code: 'DS_INVALID' })
    await expect(contracts(handle, { timout: 1 } as object)).rejects.toMatchObject({ code: 'DS_INVALID' })
  })

  it('the hash is in the hello, in the hint of the sighting, and in what inspect() tells', async () => {
    const d1 = mesh.service('d1@1.2.0', { ping: () => 1 })
    const contract = hashOfContract({ methods: { ping: {} } })
    const hints: unknown[] = []
    const watching = await mesh.hub.engine({ mesh: 'default' }).watch('d1', ({ hint }) => hints.push(hint))
    await mesh.until(d1.start())
    await watching[Symbol.asyncDispose]()
    expect(hints).toContainEqual(expect.objectContaining({ contract }))
    const client = mesh.client()
    const { instances: seen } = await mesh.until(client.inspect())
    expect(seen).toMatchObject([{ name: 'd1', contract }])
  })

  it('a service that still waits for its dependencies tells its contract', async () => {
    const d1 = mesh.service('d1@1.0.0', { ping: () => 1 })
    d1.rely('d0')
    void d1.start()
    const handle = mesh.client().rely('d1')
    expect(names(await mesh.until(contracts(handle)))).toEqual([['ping']])
    await mesh.until(d1.stop())
  })

  it('of a constructor the names are those that are served', async () => {
    const d1 = mesh.service('d1@1.0.0', function (this: { ping?: () => number }) {
      this.ping = () => 1
    })
    await mesh.until(d1.start())
    const handle = mesh.client().rely('d1')
    expect(names(await mesh.until(contracts(handle)))).toEqual([['ping']])
  })
})

/** A peer that answers what it likes. */
async function peer(id: string, builtins: Record<string, () => unknown>): Promise<void> {
  const identity = { id, name: 'd1', version: '1.0.0', mesh: 'default', started: 1, state: 'ready' as const }
  const { clock } = mesh
  const listening = await mesh.network.transport(id).listen({ host: id, port: 0 }, (connection) => {
    void new Session(connection, { clock, api: { ping: () => 1 }, hello: () => helloOf(identity), builtins })
  })
  const announced = await mesh.hub.engine({ mesh: 'default' }).announce(identity, [listening.address])
  stops.push(async () => {
    await announced[Symbol.asyncDispose]()
    await listening.close()
  })
}
suite('contracts(handle) of peers that are not ours', () => {
  const honest: Contract = { methods: { ping: {} } }
  const describe = (contract: unknown) => () => ({ state: 'ready', edges: [], methods: ['ping'], contract })
  const hash = hashOfContract(honest)

  /** What a mesh of these peers promises, and when that was known. */
  async function look(): Promise<{ found: readonly InstanceContract[]; took: number }> {
    const handle = await mesh.until(mesh.client().dnodeFor('d1'))
    const begun = mesh.clock.monotonic()
    const found = await mesh.until(contracts(handle))
    const took = mesh.clock.monotonic() - begun
    return { found, took }
  }

  it('one of a time before contracts has the names that it describes', async () => {
    await peer('a', { $describe: () => ({ state: 'ready', edges: [], methods: ['ping'] }) })
    const { found } = await look()
    expect(found).toMatchObject([{ hash, contract: honest, described: true }])
  })

  it('one that describes more methods than a contract may hold has none', async () => {
    const methods = Array.from({ length: 1_001 }, (_, i) => `m${i}`)
    await peer('a', { $describe: () => ({ state: 'ready', edges: [], methods }) })
    const { found } = await look()
    expect(found).toMatchObject([{ hash: null, contract: null, described: true }])
  })

  it('one instance is asked for each hash', async () => {
    let asked = 0
    const $contract = (): string => (asked++, canonical(honest))
    for (const id of ['a', 'b', 'c']) await peer(id, { $describe: describe(hash), $contract })
    const { found } = await look()
    expect(names(found)).toEqual([['ping'], ['ping'], ['ping']])
    expect(asked).toBe(1)
  })

  it('who lies about a hash speaks for nobody else', async () => {
    const other = canonical({ methods: { evil: {} } })
    await peer('a', { $describe: describe(hash), $contract: () => other })
    await peer('b', { $describe: describe(hash), $contract: () => canonical(honest) })
    const { found } = await look()
    expect(names(found)).toEqual([['ping'], ['ping']])
  })

  it.each<[string, unknown]>([
    ['no text', { methods: {} }],
    ['no JSON', '{'],
    ['too large', ' '.repeat(300_000)],
    ['another than its hash says', canonical({ methods: { evil: {} } })],
    ['none', null],
  ])('%s is no contract where a hash was said', async (_, text) => {
    await peer('a', { $describe: describe(hash), $contract: () => text })
    const { found } = await look()
    expect(found).toMatchObject([{ hash, contract: null, described: true }])
  })

  it('a hash that is none is not believed', async () => {
    await peer('a', { $describe: describe('sha256-x'), $contract: () => canonical(honest) })
    const { found } = await look()
    expect(found).toMatchObject([{ hash, contract: honest }])
  })

  it('who never answers costs 3 s, and the others nothing', async () => {
    const never = (): Promise<never> => new Promise(() => undefined)
    await peer('a', { $describe: never, $contract: never })
    await peer('b', { $describe: describe(hash), $contract: never })
    await peer('c', { $describe: describe(hash), $contract: () => canonical(honest) })
    const { found, took } = await look()
    expect(found.map(({ described }) => described)).toEqual([false, true, true])
    expect(names(found)).toEqual([[], ['ping'], ['ping']])
    expect(took).toBeLessThanOrEqual(3_010)
  })
})
