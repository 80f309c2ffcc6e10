/** Calls that wait for an instance are bounded, and all of them end. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import type { DServiceError } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

const codeOf = (error: unknown): string => `${(error as DServiceError).code} ${(error as DServiceError).ran}`

it('waiting - so many calls wait for an instance, more are refused at once, and who has waited makes room', async () => {
  const service = mesh.service('d1@1.0.0', { run: () => 'ran' }, 'a')
  await mesh.until(service.start())
  const d1 = await mesh.until(mesh.client().dnodeFor<{ run(): string }>('d1'))
  const crowd = (count: number): Promise<string>[] =>
    Array.from({ length: count }, () => d1.run().catch(codeOf))
  await mesh.until(service.stop())
  const [waiting, more] = [crowd(LIMITS.waiting), crowd(10)]
  const before = mesh.clock.monotonic()
  expect(new Set(await mesh.until(Promise.all(more)))).toEqual(new Set(['DS_LIMIT no']))
  expect(mesh.clock.monotonic() - before).toBeLessThan(20)
  expect(new Set(await mesh.until(Promise.all(waiting)))).toEqual(new Set(['DS_NO_INSTANCE no']))
  const next = crowd(LIMITS.waiting)
  await mesh.advance(1_000)
  await mesh.until(service.start())
  expect(new Set(await mesh.until(Promise.all(next)))).toEqual(new Set(['ran']))
})
