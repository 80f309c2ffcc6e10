/** A new version comes, goes and comes again under load: no call is lost, and each goes where the guide says. */
import { expect, it } from 'vitest'
import type { DService } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

interface D1 {
  version(): Promise<string>
}

/** Answers after 0 to 30 ms. */
function d1(mesh: TestMesh, version: string, at: string): DService {
  const answer = async (): Promise<string> => {
    await mesh.clock.sleep(mesh.clock.random() * 30)
    return version
  }
  return mesh.service(`d1@${version}`, { version: answer }, at) as DService
}

/** Calls made and how they ended, by what was there when they were made. */
class Load {
  readonly failed: unknown[] = []
  readonly #mesh: TestMesh
  readonly #d1: D1
  #pending: Promise<unknown>[] = []

  constructor(mesh: TestMesh, handle: D1) {
    this.#mesh = mesh
    this.#d1 = handle
  }

  /** Two calls a millisecond for so long; answers which versions answered them. */
  async for(ms: number): Promise<string[]> {
    const seen = new Set<string>()
    const note = (version: string): void => void seen.add(version)
    const fail = (error: unknown): void => void this.failed.push(error)
    for (let passed = 0; passed < ms; passed++) {
      for (let i = 0; i < 2; i++) this.#pending.push(this.#d1.version().then(note, fail))
      await this.#mesh.advance(1)
    }
    await this.#mesh.until(Promise.all(this.#pending.splice(0)))
    return [...seen].sort()
  }
}

it.each([
  { seed: 1, way: 0 },
  { seed: 2, way: 2 },
  { seed: 3, way: 25 },
])(
  'rollout - beside ten 1.9.9 a 1.10.0 that comes, drains and comes again costs no call (seed $seed, $way ms away)',
  { timeout: 60_000 },
  async ({ seed, way }) => {
    const mesh = new TestMesh(seed)
    const old = Array.from({ length: 10 }, (_, i) => d1(mesh, '1.9.9', `old${i}`))
    await mesh.until(Promise.all(old.map((service) => service.start())))
    const client = mesh.client()
    const load = new Load(mesh, await mesh.until(client.dnodeFor<D1>('d1', '^1')))
    mesh.network.delay(way)
    expect(await load.for(100)).toEqual(['1.9.9'])
    const next = d1(mesh, '1.10.0', 'next')
    for (let round = 0; round < 2; round++) {
      const started = next.start()
      expect(await load.for(200)).toEqual(['1.10.0', '1.9.9'])
      await started
      // the first one of the highest version gets every call
      expect(await load.for(100)).toEqual(['1.10.0'])
      const stopped = next.stop()
      expect(await load.for(300)).toContain('1.9.9')
      await mesh.until(stopped)
      expect(await load.for(100)).toEqual(['1.9.9'])
    }
    expect(load.failed).toEqual([])
    mesh.network.delay(0)
    await mesh.advance(100)
    expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
  },
)
