import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as face from 'dservice'

let folder: string
const open: AsyncDisposable[] = []

/** dservice as a process of a package has it that says this. */
async function processOf(json: string): Promise<typeof face.dservice> {
  writeFileSync(path.join(folder, 'package.json'), json)
  vi.stubEnv('DSERVICE_DIR', path.join(folder, 'src'))
  vi.stubEnv('DSERVICE_ENGINE', 'memory:')
  vi.resetModules()
  const { dservice } = await import('dservice')
  return ((...given: Parameters<typeof dservice>) => {
    const made = dservice(...given)
    open.push(made)
    return made
  }) as typeof dservice
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dservice-declaring-')))
  mkdirSync(path.join(folder, 'src'))
})

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const ping = { ping: () => 'pong' }
const edgesOf = (service: face.DService<object>): string[] => {
  return service.snapshot().edges.map(({ name, range }) => `${name}@${range}`)
}

it('declaring - a package.json that is no JSON says where', async () => {
  const dservice = await processOf('{\n  "name": "app",\n  "version" "1.0.0"\n}')
  expect(() => dservice()).toThrow(/package\.json:3:13: this is no JSON \(colon expected\)/)
})

describe('declaring - a process relies on what its package declares', () => {
  it('each of its services, but for what the process serves itself in that mesh', async () => {
    const dservice = await processOf(
      '{ "remoteDependencies": { "d1": "^1", "d2": { "optional": true }, "d0": "~2" } }',
    )
    const d1 = dservice('d1', ping)
    expect(edgesOf(d1)).toEqual(['d0@~2', 'd2@*'])
    const d2 = dservice('d2@1.0.0', ping)
    expect([edgesOf(d1), edgesOf(d2)]).toEqual([['d0@~2'], ['d0@~2']])
    expect(edgesOf(dservice('d3', ping, { mesh: 'other' }))).toEqual(['d0@~2', 'd1@^1', 'd2@*'])
    expect(edgesOf(dservice() as face.DService<object>)).toEqual([])
  })

  it('an error in it is an error of dservice(), so that nothing starts half', async () => {
    const dservice = await processOf('{\n  "remoteDependencies": { "d1": "^1", "d2": "nonsense" } }')
    for (const make of [() => dservice(), () => dservice('d3', ping)]) {
      expect(make).toThrow(`${path.join(folder, 'package.json')}:2:45: "nonsense" is no semver range`)
    }
  })

  it('a hint is told to the logger, once', async () => {
    const dservice = await processOf('{ "RemoteDependency": { "d1": "^1" } }')
    const warn = vi.fn<face.Logger['warn']>()
    const logger: face.Logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
    dservice({ logger })
    dservice({ logger })
    expect(warn.mock.calls).toEqual([
      [{ file: path.join(folder, 'package.json') }, expect.stringContaining('Write remoteDependencies')],
    ])
  })

  it('types alone declare nothing, yet are read', async () => {
    const dservice = await processOf('{ "dservice": { "types": { "d1": "./api.d.ts#Api" } } }')
    expect(edgesOf(dservice('d3', ping))).toEqual([])
    const wrong = await processOf('{ "dservice": { "types": { "d1": "../api.d.ts#Api" } } }')
    expect(() => wrong()).toThrow('names no types of d1')
  })
})
