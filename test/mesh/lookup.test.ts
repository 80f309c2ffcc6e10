import { afterEach, beforeEach, expect, it } from 'vitest'
import { withOptions, type DService, type DServiceError } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

const codeAndRan = ({ code, ran }: DServiceError): string => `${code} ${ran}`

/** A service that looks for another one within its method, and how that ended, at which time. */
async function looking(
  look: (d1: DService) => Promise<unknown>,
): Promise<{ d1: { look(): Promise<unknown> }; ends: unknown[] }> {
  const ends: unknown[] = []
  const end = (what: unknown): void => void ends.push([what, mesh.clock.monotonic()])
  const service: DService = mesh.service('d1@1.0.0', {
    look: (): Promise<void> =>
      look(service).then(end, (error: unknown) => end(codeAndRan(error as DServiceError))),
  })
  await mesh.until(service.start())
  return { d1: await mesh.until(mesh.client().dnodeFor<{ look(): Promise<unknown> }>('d1')), ends }
}

const classic = (d: DService): Promise<unknown> =>
  new Promise((resolve, reject) =>
    d.dnodeFor('nobody', (error) => (error ? reject(error) : resolve('found'))),
  )

it.each<[string, (d: DService) => Promise<unknown>]>([
  ['a promise', (d) => d.dnodeFor('nobody')],
  ['a callback', classic],
])(
  'lookup - dnodeFor with %s waits within a method no longer than the caller of the method does',
  async (_how, look) => {
    const { d1, ends } = await looking(look)
    const begun = mesh.clock.monotonic()
    await expect(mesh.until(withOptions(d1, { timeout: 1_000 }).look())).rejects.toMatchObject({
      code: 'DS_TIMEOUT',
    })
    await mesh.settle()
    expect(ends).toEqual([['DS_NO_INSTANCE no', begun + 1_000]])
  },
)

it.each<[string, (d: DService) => Promise<unknown>]>([
  ['a promise', (d) => d.dnodeFor('nobody')],
  ['a callback', classic],
])('lookup - dnodeFor with %s ends when the caller of its method cancels', async (_how, look) => {
  const { d1, ends } = await looking(look)
  const abort = new AbortController()
  const calling = expect(withOptions(d1, { signal: abort.signal }).look()).rejects.toMatchObject({
    code: 'DS_CANCELLED',
  })
  await mesh.advance(100)
  const at = mesh.clock.monotonic()
  abort.abort()
  await mesh.settle()
  await calling
  expect(ends).toEqual([['DS_CANCELLED no', at]])
})

it.each<[string, (d: DService) => Promise<unknown>]>([
  ['a promise', (d) => d.dnodeFor('nobody')],
  ['a callback', classic],
])('lookup - dnodeFor with %s looks for nothing when no time is left', async (_how, look) => {
  const { d1, ends } = await looking(async (d) => {
    await mesh.clock.sleep(2_000)
    return look(d)
  })
  const before = mesh.clock.monotonic()
  await expect(mesh.until(withOptions(d1, { timeout: 1_000 }).look())).rejects.toMatchObject({
    code: 'DS_TIMEOUT',
  })
  await mesh.advance(2_000)
  expect(ends).toEqual([['DS_TIMEOUT no', before + 2_000]])
})

it('lookup - a handle that was found within a method outlives its call', async () => {
  await mesh.until(mesh.service('d2@1.0.0', { f: () => 'still here' }).start())
  let kept: { f(): Promise<string> } | null = null
  const { d1 } = await looking(async (d) => {
    kept = await d.dnodeFor<{ f(): string }>('d2')
    return 'found'
  })
  await mesh.until(withOptions(d1, { timeout: 1_000 }).look())
  await mesh.advance(5_000)
  expect(await mesh.until((kept as unknown as { f(): Promise<string> }).f())).toBe('still here')
})

it('lookup - what gathering takes is of the time that a first call has, not besides it', async () => {
  await mesh.until(mesh.service('d1@1.0.0', {}, 'd1').start())
  mesh.network.freeze('d1')
  const begun = mesh.clock.monotonic()
  const ended = mesh.client().dnodeFor('d1', '*', { timeout: 300 })
  await expect(mesh.until(ended)).rejects.toMatchObject({ code: 'DS_UNREACHABLE', ran: 'no' })
  expect(mesh.clock.monotonic()).toBe(begun + 300)
  mesh.network.thaw('d1')
})

it('lookup - leaves no timer behind, and neither does a stop', async () => {
  const d1 = mesh.service('d1@1.0.0', {})
  await mesh.until(d1.start())
  const client = mesh.client()
  await mesh.until(client.dnodeFor('d1', '*', { timeout: '5m' }))
  await mesh.until(Promise.all([client.stop(), d1.stop()]))
  expect(mesh.clock.waiting).toBe(0)
})
