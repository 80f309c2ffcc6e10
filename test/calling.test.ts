import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { context, dservice, instances, withOptions, type DService } from 'dservice'
import { remote } from 'dservice/remote'

let folder: string
const open: AsyncDisposable[] = []

beforeEach(() => {
  vi.stubEnv('DSERVICE_ENGINE', 'memory:')
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dservice-calling-')))
})

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** A package in the folder, and the place of a file in it. */
function place(declares: string, name = 'app'): string {
  mkdirSync(path.join(folder, name, '.dservice'), { recursive: true })
  writeFileSync(path.join(folder, name, 'package.json'), `{\n  "remoteDependencies": ${declares} }`)
  return pathToFileURL(path.join(folder, name, '.dservice', 'd1.mjs')).href
}

interface Api {
  version(): string
  slow(): Promise<void>
}

async function serve(nameAt: string): Promise<DService<Api>> {
  const slow = (): Promise<void> =>
    new Promise((resolve) => context()?.signal.addEventListener('abort', () => resolve()))
  const service = dservice<Api>(nameAt, { version: () => nameAt, slow })
  open.push(service)
  await service.start()
  return service
}

describe('calling - a remote by the declaration above a file', () => {
  it('calls by the range of that package, each package by its own', async () => {
    const [one, two] = [place('{ "d1": "^1" }', 'one'), place('{ "d1": "^2" }', 'two')]
    await serve('d1@1.0.0')
    await serve('d1@2.0.0')
    expect(await remote<Api>('d1', one).version()).toBe('d1@1.0.0')
    expect(await remote<Api>('d1', new URL(two)).version()).toBe('d1@2.0.0')
    expect(await remote<Api>('d1', path.join(folder, 'one', 'any.cjs')).version()).toBe('d1@1.0.0')
  })

  it('a call waits for an instance, as that of any handle does', async () => {
    const late = remote<Api>('late', place('{ "late": "*" }')).version()
    await serve('late@1.0.0')
    expect(await late).toBe('late@1.0.0')
  })

  it('the same name and package give the same handle, another declaration gives another', () => {
    const one = remote('d1', place('{ "d1": "^1" }'))
    expect(remote('d1', place('{ "d1": "^1" }'))).toBe(one)
    expect(remote('d1', place('{ "d1": "^1" }', 'other'))).not.toBe(one)
    expect(remote('d1', place('{ "d1": "^2" }'))).not.toBe(one)
  })

  it('its calls have the declared timeout', async () => {
    await serve('d5@1.0.0')
    // it is known before the time begins that is too short for anything but the call
    await remote<Api>('d5', place('{ "d5": "*" }')).version()
    const d5 = remote<Api>('d5', place('{ "d5": { "timeout": 50 } }'))
    await expect(d5.slow()).rejects.toMatchObject({ code: 'DS_TIMEOUT' })
  })

  it('gives a handle like any other', async () => {
    const service = await serve('d6@1.0.0')
    const d6 = remote<Api>('d6', place('{ "d6": "^1" }'))
    expect(await instances(d6)).toMatchObject([{ id: service.id }])
    expect(await withOptions(d6, { timeout: 5_000 }).version()).toBe('d6@1.0.0')
    expect(inspect(d6)).toBe('RemoteService d6@1.0.0 { version, slow }')
  })

  it('nothing is made before the first call, which says what is wrong with the environment', async () => {
    vi.resetModules()
    vi.stubEnv('DSERVICE_ENGINE', 'nonsense:')
    const fresh = await import('dservice/remote')
    const d1 = fresh.remote('d1', place('{ "d1": "^1" }'))
    await expect(d1['x']?.()).rejects.toMatchObject({
      code: 'DS_INVALID',
      summary: '"nonsense:" is no engine',
    })
    vi.stubEnv('DSERVICE_ENGINE', 'memory:')
    await expect(
      withOptions(remote('d1', place('{ "d1": "^1" }')), { timeout: 1 })['x']?.(),
    ).rejects.toMatchObject({
      code: 'DS_NO_INSTANCE',
    })
  })
})

describe('calling - what cannot be called', () => {
  it('a name that is not declared says how to declare it', () => {
    const from = place('{ "d1": "^1" }')
    expect(() => remote('d2', from)).toThrow(
      `${path.join(folder, 'app', 'package.json')} declares no remote "d2". Run: dservice add d2`,
    )
    writeFileSync(path.join(folder, 'app', 'package.json'), '{}')
    expect(() => remote('d1', from)).toThrow('declares no remote "d1". Run: dservice add d1')
  })

  it('without a package.json', () => {
    expect(() => remote('d1', '/d1.mjs')).toThrow('there is no package.json above /')
  })

  it('an error in the package.json is told with its place', () => {
    expect(() => remote('d1', place('{ "d1": "nonsense" }'))).toThrow(
      `${path.join(folder, 'app', 'package.json')}:2:33: "nonsense" is no semver range`,
    )
  })

  it.each([[undefined], [7], ['d1.mjs'], ['https://a.example/d1.mjs'], ['data:text/javascript,0'], ['']])(
    '%s is no place',
    (from) => {
      expect(() => remote('d1', from as string)).toThrow('remote() needs the place of a file')
    },
  )

  it.each(['../x', '__proto__', 'D1', ''])('%s is no name', (name) => {
    expect(() => remote(name, place('{}'))).toThrow('is no service name')
  })
})
