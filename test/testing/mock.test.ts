import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { all, dservice, withOptions } from 'dservice'
import { remote } from 'dservice/remote'
import { mockRemote, type RemoteMock } from 'dservice/testing'

interface Api {
  transform(text: string): string
  later(text: string): Promise<string>
  ticks(count: number): AsyncIterable<number>
  users: { find(id: number): { name: string } | null; remove(id: number): void }
}

declare module 'dservice' {
  interface RemoteServices {
    'mocked-d1': Api
  }
}

const some = { x: () => 1 }
let folder: string
let from: string
const open: AsyncDisposable[] = []
const keep = <D extends AsyncDisposable>(one: D): D => (open.push(one), one)

beforeEach(() => {
  vi.stubEnv('DSERVICE_ENGINE', 'memory:')
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dservice-mock-')))
  mkdirSync(path.join(folder, '.dservice'))
  from = path.join(folder, '.dservice', 'd1.mjs')
  const remoteDependencies = { d1: '^1.4.0', d2: { range: '^2', timeout: 100 }, 'mocked-d1': '*' }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ remoteDependencies }))
})

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

describe('mock - what stands for a remote', () => {
  it('calls go to it, whether the remote was there before or comes later', async () => {
    const before = remote('mocked-d1', from)
    const mock = keep(mockRemote('mocked-d1', { transform: (text) => text.toUpperCase() }))
    expect(await before.transform('beep')).toBe('BEEP')
    expect(await remote('mocked-d1', from).transform('boop')).toBe('BOOP')
    expect(mock.calls).toEqual([
      { method: 'transform', args: ['beep'] },
      { method: 'transform', args: ['boop'] },
    ])
  })

  it('nested methods, streams, promises and mocks of a test runner do as in a service', async () => {
    const find = vi.fn<Api['users']['find']>((id) => ({ name: `user ${id}` }))
    async function* ticks(count: number): AsyncGenerator<number> {
      for (let i = 0; i < count; i++) yield i
    }
    keep(mockRemote('mocked-d1', { users: { find }, ticks, transform: async (text) => text }))
    const d1 = remote('mocked-d1', from)
    expect(await d1.users.find(7)).toEqual({ name: 'user 7' })
    expect(find).toHaveBeenCalledWith(7)
    const seen: number[] = []
    for await (const tick of await d1.ticks(3)) seen.push(tick)
    expect(seen).toEqual([0, 1, 2])
  })

  it('a method that the test left out says which one it was', async () => {
    keep(mockRemote('mocked-d1', { users: {}, transform: (text) => text }))
    await expect(remote('mocked-d1', from).later('x')).rejects.toMatchObject({
      code: 'DS_NO_METHOD',
      message: expect.stringContaining('"later"') as string,
    })
  })

  it('what cannot travel fails, in arguments and answers; an error arrives as from afar', async () => {
    const fails = (): never => {
      throw Object.assign(new RangeError('too far'), { code: 'E_FAR' })
    }
    keep(mockRemote('d1', { weak: () => ({ at: new WeakMap() }), fails, echo: (x: unknown) => x }))
    const d1 = remote<{ weak(): unknown; fails(): void; echo(x: unknown): unknown }>('d1', from)
    await expect(d1.weak()).rejects.toMatchObject({ code: 'DS_UNSENDABLE' })
    await expect(d1.echo(Symbol('x'))).rejects.toMatchObject({ code: 'DS_UNSENDABLE' })
    await expect(d1.fails()).rejects.toMatchObject({ name: 'RangeError', code: 'E_FAR', ran: 'yes' })
    const given = { a: [1] }
    expect(await d1.echo(given)).toEqual(given)
    expect(await d1.echo(given)).not.toBe(given)
  })

  it('its calls have the timeout that the package declares', async () => {
    keep(mockRemote('d2', { never: () => new Promise(() => undefined) }))
    await expect(remote<{ never(): void }>('d2', from).never()).rejects.toMatchObject({ code: 'DS_TIMEOUT' })
  })
})

describe('mock - beside the real one', () => {
  interface Which {
    which(): string
  }

  it('disposing brings the real one back; handles made of the handle follow', async () => {
    const real = keep(dservice<Which>('d1@1.9.0', { which: () => 'real' }))
    await real.start()
    const d1 = remote<Which>('d1', from)
    const quick = withOptions(d1, { timeout: 1_000 })
    const everyone = all(d1)
    const answers = async (): Promise<unknown[]> => [
      await d1.which(),
      await quick.which(),
      (await everyone.which()).map((outcome) => outcome.status === 'fulfilled' && outcome.value),
    ]
    expect(await answers()).toEqual(['real', 'real', ['real']])
    const mock = mockRemote<Which>('d1', { which: () => 'mock' }, { version: '1.9.0' })
    expect(await answers()).toEqual(['mock', 'mock', ['mock']])
    await mock[Symbol.asyncDispose]()
    await mock[Symbol.asyncDispose]()
    expect(await answers()).toEqual(['real', 'real', ['real']])
    expect(mock.calls).toHaveLength(3)
  })

  it('a remote may be mocked again after, not meanwhile; another name may', async () => {
    const mock: RemoteMock = mockRemote<Which>('d1', { which: () => 'one' })
    expect(() => mockRemote('d1', some)).toThrow('d1 is mocked already')
    keep(mockRemote('d2', { x: () => 1 }))
    await mock[Symbol.asyncDispose]()
    keep(mockRemote<Which>('d1', { which: () => 'two' }))
    expect(await remote<Which>('d1', from).which()).toBe('two')
  })

  it('a call that never ends does not hold up the end of the mock', async () => {
    const mock = mockRemote<{ never(): Promise<void> }>('d1', { never: () => new Promise(() => undefined) })
    const pending = remote<{ never(): Promise<void> }>('d1', from).never()
    const ended = expect(pending).rejects.toMatchObject({ code: 'DS_CLOSED' })
    await vi.waitFor(() => expect(mock.calls).toHaveLength(1))
    const begun = performance.now()
    await mock[Symbol.asyncDispose]()
    await ended
    expect(performance.now() - begun).toBeLessThan(5_000)
  })
})

it('mock - timers of the system may stand still, as long as setImmediate does not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  try {
    const mock = mockRemote('mocked-d1', { transform: (text) => text.toUpperCase() })
    expect(await remote('mocked-d1', from).transform('beep')).toBe('BEEP')
    await mock[Symbol.asyncDispose]()
  } finally {
    vi.useRealTimers()
  }
})

describe('mock - in the mesh memory:', () => {
  it('clients and services find it, in the declared range of the folder', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(folder)
    keep(mockRemote('d1', { ping: () => 'pong' }))
    const app = keep(dservice('app', { ask: () => d1.ping() }))
    const d1 = app.rely<{ ping(): string }>('d1', '^1.4.0')
    await app.start()
    const client = keep(dservice())
    const remoteApp = await client.dnodeFor<{ ask(): Promise<string> }>('app')
    expect(await remoteApp.ask()).toBe('pong')
    const { instances } = await client.inspect({ name: 'd1' })
    expect(instances).toMatchObject([{ version: '1.4.0' }])
  })

  it('its version and its mesh may be given; without a declaration the version is 0.0.0', async () => {
    keep(mockRemote('d3', { v: () => 3 }, { version: '3.1.0', mesh: 'mock-test' }))
    keep(mockRemote('d4', { v: () => 4 }))
    const inspect = async (mesh: string): Promise<string[]> => {
      const { instances } = await keep(dservice({ mesh })).inspect()
      return instances.map(({ name, version }) => `${name}@${version}`)
    }
    expect(await inspect('mock-test')).toEqual(['d3@3.1.0'])
    expect(await inspect('default')).toEqual(['d4@0.0.0'])
  })
})

describe('mock - what is refused', () => {
  it.each([
    ['a name', () => mockRemote('../x', some), 'is no service name'],
    ['an api', () => mockRemote('d1', 7 as unknown as object), 'api'],
    ['nothing', () => mockRemote('d1', {}), 'the api has no function'],
    ['a name of ours', () => mockRemote('d1', { $x: () => 1 }), '$x'],
    ['an option', () => mockRemote('d1', some, { versoin: '1' } as object), 'did you mean version?'.slice(1)],
    ['a version', () => mockRemote('d1', some, { version: 'x' }), '"x" is no version'],
    ['a mesh', () => mockRemote('d1', some, { mesh: '../x' }), 'is no mesh name'],
  ])('%s', (_what, make, says) => {
    expect(make).toThrow(says)
    // what was refused mocks nothing
    keep(mockRemote('d1', some))
  })
})

it('mock - it is typed by the name, by a type argument, or not at all', () => {
  void (() => {
    mockRemote('mocked-d1', { later: (text) => text, users: { find: () => null } })
    // @ts-expect-error it answers with text
    mockRemote('mocked-d1', { transform: () => 3 })
    // @ts-expect-error it takes text
    mockRemote('mocked-d1', { transform: (text: number) => String(text) })
    // @ts-expect-error there is no such method
    mockRemote('mocked-d1', { trasnform: (text: string) => text })
    mockRemote<Api>('other', { transform: (text) => (expectTypeOf(text).toBeString(), text) })
    mockRemote('other', { whatever: () => 1 })
  })
})
