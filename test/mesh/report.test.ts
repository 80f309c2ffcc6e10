import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dservice, type DServiceOptions } from '../../lib/index.js'

const open: AsyncDisposable[] = []
let warnings: Error[]
const note = (warning: Error): void => void warnings.push(warning)

beforeEach(() => {
  warnings = []
  process.on('warning', note)
})

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  process.off('warning', note)
})

type Method = (...args: unknown[]) => unknown
type Api = { each(run: (n: number) => unknown): Promise<void>; fails(): void }

let made = 0

/** A service with a client. It calls functions of its client, and waits for no answer; nobody waits for what `fails` does. */
async function pair(options: DServiceOptions = {}) {
  const where = { engine: 'memory:', mesh: `report-${made++}` }
  const api = {
    each: (run: (n: number) => unknown) => void run(1),
    fails: () => {
      throw new Error('in my method')
    },
  }
  const service = dservice('s@1.0.0', api, { ...where, ...options })
  const client = dservice(where)
  open.push(client, service)
  await service.start()
  return { client, service, s: await client.dnodeFor<Api>('s') }
}

const ours = (): string[] =>
  warnings.filter(({ name }) => name === 'DServiceWarning').map(({ message }) => message)

const throws = (): never => {
  throw new Error('in a callback')
}

/** Until what is told at the end of a turn has gone and come. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}

describe('report - an error that nobody waits for', () => {
  it('is a warning once where nobody listens, with the line that threw', async () => {
    const { client } = await pair()
    const remote = await new Promise<Record<string, Method>>((resolve) =>
      client.dnodeFor('s', (_error: unknown, found: unknown) => resolve(found as Record<string, Method>)),
    )
    remote['fails']?.()
    remote['fails']?.()
    await turns()
    expect(ours()).toEqual(['a one-way call failed: in my method'])
    expect((warnings[0] as { detail?: string }).detail).toMatch(/report\.test\.ts[^]*'error' event/)
  })

  it('of a function of the other side is a warning too: it was our call', async () => {
    const { s } = await pair()
    await s.each(throws)
    await s.each(async () => throws())
    await turns()
    expect(ours()).toEqual(['a one-way call failed: in a callback'])
  })

  it('is an event where somebody listens, and no warning', async () => {
    const { service, s } = await pair()
    const heard: string[] = []
    service.on('error', ({ message }) => heard.push(message))
    await s.each(throws)
    await turns()
    expect([heard, ours()]).toEqual([['in a callback'], []])
  })

  it('goes to a logger, and is no warning', async () => {
    const told: unknown[] = []
    const quiet = (): void => undefined
    const logger = {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (fields: object) => void told.push(fields),
    }
    const { s } = await pair({ logger })
    await s.each(throws)
    await turns()
    expect([told, ours()]).toEqual([[{ reason: 'in a callback' }], []])
  })
})
