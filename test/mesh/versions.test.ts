/** What peers announce may be anything: a version that is none hides nobody, and everyone is told why it does not count. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Identity } from '../../lib/base/identity.js'
import type { Connection } from '../../lib/wire/connection.js'
import { TestMesh } from '../support/mesh.js'

const MALFORMED = [
  'banana',
  '1',
  '1.0',
  '01.2.3',
  '1.0.0.0',
  '^1.0.0',
  '',
  '1.0.0-',
  `1.0.0-${'x'.repeat(300)}`,
]
const LIMITS = { row: 1e6, pending: 100, depth: 64, nodes: 100_000 }

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

/** A node that announces a version, and says the same in its hello. */
async function liar(version: string, n: number): Promise<AsyncDisposable> {
  const node = `liar${n}`
  const self: Identity = {
    id: `liar${n}`,
    name: 'd1',
    version,
    mesh: 'default',
    state: 'ready',
    started: 0,
  }
  const hello = { protocol: 1, ...self, timeout: 30_000, limits: LIMITS }
  const row = { method: 'methods', arguments: [{}], callbacks: {}, links: [], dservice: hello }
  const accept = (connection: Connection): void => {
    connection.open({ row: () => undefined, drain: () => undefined })
    connection.send(`${JSON.stringify(row)}\n`)
  }
  const listening = await mesh.network.transport(node).listen({ host: node, port: 0 }, accept)
  const engine = mesh.hub.engine({ mesh: 'default', node })
  await engine.announce(self, [listening.address])
  return {
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await listening.close()
    },
  }
}

describe('versions - that are none', () => {
  let liars: AsyncDisposable[] = []

  beforeEach(async () => {
    liars = await Promise.all(MALFORMED.map(liar))
  })

  afterEach(async () => {
    await Promise.all(liars.map((one) => one[Symbol.asyncDispose]()))
    await mesh.end()
  })

  it('are told as invalid by errors, `missing` and `inspect`, and nobody crashes', async () => {
    const d2 = mesh.service('d2@1.0.0', {})
    d2.rely('d1', '^1')
    void d2.start()
    const error = await mesh
      .until(mesh.client().dnodeFor('d1', '^1', { timeout: 500 }))
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'DS_UNREACHABLE',
      message: expect.stringContaining('"banana" is invalid'),
    })
    const [missing] = d2.missing
    expect(missing?.live).toEqual([])
    const invalid = missing?.unreachable.filter((why) => why.includes('invalid') || why.includes('not valid'))
    expect(invalid?.length).toBe(MALFORMED.length)
    const view = await mesh.until(mesh.client('looking').inspect())
    expect(view.instances.map(({ name }) => name)).toEqual(['d2'])
    expect(view.unreachable.length).toBe(MALFORMED.length)
    expect(JSON.stringify(view).length).toBeLessThan(10_000)
  })

  it('hide no instance that is one', async () => {
    const d1 = mesh.service('d1@1.2.3', { ping: () => 'pong' })
    const beta = mesh.service('d1@1.3.0-beta.1', { ping: () => 'beta' })
    await mesh.until(Promise.all([d1.start(), beta.start()]))
    const looked = async (range: string): Promise<string> => {
      const handle = await mesh.until(mesh.client(range).dnodeFor<{ ping(): string }>('d1', range))
      return mesh.until(handle.ping())
    }
    expect([await looked('^1'), await looked('*'), await looked('^1.3.0-beta')]).toEqual([
      'pong',
      'pong',
      'beta',
    ])
    const d2 = mesh.service('d2@1.0.0', {})
    d2.rely('d1', '^1')
    await mesh.until(d2.start())
    expect(d2.missing).toEqual([])
  })
})
