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

type Api = { each(run: (n: number) => unknown): Promise<void> }

let made = 0

/** A client whose callbacks a service calls, and that knows when the service has called them. */
async function pair(options: DServiceOptions = {}) {
  const where = { engine: 'memory:', mesh: `report-${made++}` }
  const service = dservice('s@1.0.0', { each: (run: (n: number) => unknown) => void run(1) }, where)
  const client = dservice({ ...where, ...options })
  open.push(client, service)
  await service.start()
  return { client, s: await client.dnodeFor<Api>('s') }
}

const ours = (): string[] =>
  warnings.filter(({ name }) => name === 'DServiceWarning').map(({ message }) => message)

describe('report - an error thrown in a callback of the program', () => {
  it('is a warning once where nobody listens, with the line that threw', async () => {
    const { s } = await pair()
    await s.each(() => {
      throw new Error('in my callback')
    })
    await s.each(async () => {
      throw new Error('and again')
    })
    await new Promise(setImmediate)
    expect(ours()).toEqual(['a one-way call failed: in my callback'])
    expect((warnings[0] as { detail?: string }).detail).toMatch(/report\.test\.ts[^]*'error' event/)
  })

  it('is an event where somebody listens, and no warning', async () => {
    const { client, s } = await pair()
    const heard: string[] = []
    client.on('error', ({ message }) => heard.push(message))
    await s.each(() => {
      throw new Error('in my callback')
    })
    await new Promise(setImmediate)
    expect([heard, ours()]).toEqual([['in my callback'], []])
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
    await s.each(() => {
      throw new Error('in my callback')
    })
    await new Promise(setImmediate)
    expect([told, ours()]).toEqual([[{ reason: 'in my callback' }], []])
  })
})
