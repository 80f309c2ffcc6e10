import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { dservice, type DService } from '../../../lib/index.js'
import { runCli, type Written } from '../../support/cli.js'

// each look waits a second for what may still come
vi.setConfig({ testTimeout: 60_000 })

const where = { engine: 'memory:', mesh: 'graph-check' }
const make = (nameAt: string): DService => dservice(nameAt, { ping: () => 'pong' }, where) as DService
const [a, b, next, waits] = ['a@1.0.0', 'b@1.0.0', 'b@1.1.0', 'c@1.0.0'].map(make) as [
  DService,
  DService,
  DService,
  DService,
]

const check = (...argv: string[]): Promise<Written & { exit: number }> =>
  runCli(['graph', '--check', ...argv, '--engine', where.engine, '--mesh', where.mesh, '--timeout', '1s'])

beforeAll(async () => {
  a.rely('b', '^1')
  a.rely('nobody', '*', { optional: true })
  next.rely('a')
  waits.rely('b', '^2')
  await Promise.all([a.start(), b.start()])
})

afterAll(() => Promise.all([a, b, next, waits].map((service) => service.stop())))

it('graph --check - says nothing where all is well, and draws nothing', async () => {
  expect(await check()).toEqual({ exit: 0, out: '', err: '' })
  const json = await check('--json')
  expect([json.exit, JSON.parse(json.out)]).toMatchObject([
    0,
    {
      cycles: [],
      edges: [
        { from: 'a@1.0.0', name: 'b', range: '^1', met: true, declaredIn: 'rely()', to: ['b@1.0.0'] },
        { from: 'a@1.0.0', name: 'nobody', optional: true, met: false, to: [] },
      ],
    },
  ])
})

it('graph --check - ends with 1 at a required edge that is unmet, and with 8 at a cycle', async () => {
  const waiting = waits.start()
  const unmet = await check()
  expect([unmet.exit, unmet.out]).toEqual([1, ''])
  expect(unmet.err).toContain('c@1.0.0 -> b@^2')
  await next.start()
  const cycle = await check()
  expect([cycle.exit, cycle.out]).toEqual([8, ''])
  expect(cycle.err).toContain('a@1.0.0 → b@1.1.0 → a@1.0.0')
  const json = await check('--json')
  expect([json.exit, JSON.parse(json.out)]).toMatchObject([
    8,
    { cycles: [['a@1.0.0', 'b@1.1.0', 'a@1.0.0']], error: { code: 'DS_CYCLE', exit: 8 } },
  ])
  await Promise.all([waits.stop(), waiting])
})

it('graph --check - is no picture', async () => {
  expect((await check('--dot')).exit).toBe(2)
})
