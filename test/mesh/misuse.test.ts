/** What programs give us by mistake is refused with DS_INVALID, in words, wherever it is given. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DServiceError, withOptions, type CallHook, type HandleOptions, type Hooks } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

type D1 = { f(): Promise<unknown>; boom(): Promise<never>; hang(): Promise<never> }

const EVIL = '\u001b[31mred\u202e'
const api = {
  f: () => 'ok',
  hang: () => new Promise<never>(() => undefined),
  boom: () => {
    throw new Error(EVIL)
  },
}

async function handle(call?: CallHook): Promise<D1> {
  await mesh.until(mesh.service('d1@1.0.0', api).start())
  const client = mesh.client('client', 'default', call ? { hooks: [{ call }] } : {})
  return mesh.until(client.dnodeFor<D1>('d1')) as Promise<D1>
}

/** Awaits as a program does, so that its line is in the stack. */
async function caught(run: () => Promise<unknown>): Promise<Error> {
  try {
    throw new Error(`nothing failed: ${String(await run())}`)
  } catch (error) {
    return error as Error
  }
}

const circular = (): object => {
  const value: { me?: object } = {}
  value.me = value
  return value
}

describe('misuse - of options and hooks', () => {
  it.each([10n, Number.NaN, circular(), Symbol('s'), () => 1])(
    'misuse - a timeout that is none is refused in words',
    async (timeout) => {
      const d1 = await handle()
      const given = { timeout } as unknown as HandleOptions
      expect(() => withOptions(d1, given)).toThrow(/is no timeout/)
    },
  )

  it.each([[5], [null], [[]], ['2s']])(
    'misuse - options that are no object are refused: %j',
    async (given) => {
      const d1 = await handle()
      const refused = expect(() => withOptions(d1, given as unknown as HandleOptions))
      refused.toThrow(DServiceError)
      refused.toThrow(/no options of a handle/)
    },
  )

  it('misuse - a call that is given no time says so, and does not speak of another call', async () => {
    const d1 = await handle()
    const failed = mesh.until(withOptions(d1, { timeout: 0 }).f())
    await expect(failed).rejects.toMatchObject({ code: 'DS_TIMEOUT', ran: 'no' })
    await expect(failed).rejects.toThrow('the deadline of d1 f had passed')
  })

  it.each([[null], [7], [{ traceparent: 10n }], [{ traceparent: circular() }]])(
    'misuse - a call hook that gives next what it cannot take is told so',
    async (given) => {
      const d1 = await handle((_call, next) => next(given as never))
      await expect(mesh.until(d1.f())).rejects.toMatchObject({ code: 'DS_INVALID', ran: 'no' })
    },
  )

  it('misuse - the stack that a caller prints has nothing that a terminal obeys', async () => {
    const d1 = await handle()
    const error = await mesh.until(caught(() => d1.boom()))
    expect(error.message).toBe(EVIL)
    expect(error.stack).toMatch(/red .*misuse\.test\.ts/s)
    expect(error.stack).not.toMatch(/[\u001b\u202e]/)
  })
})

describe('misuse - of the power switch', () => {
  it("calls that are lost together each show the line that made them, and Node's limit of lines stays", async () => {
    const before = Error.stackTraceLimit
    const d1 = await handle()
    const lost = [1, 2].map(() => caught(() => d1.hang()))
    await mesh.settle()
    mesh.network.crash('d1-1.0.0')
    const errors = await mesh.until(Promise.all(lost))
    expect(errors).toMatchObject([{ code: 'DS_DISCONNECTED' }, { code: 'DS_DISCONNECTED' }])
    for (const { stack } of errors) expect(stack).toContain('misuse.test.ts')
    expect(Error.stackTraceLimit).toBe(before)
  })
})

describe('misuse - of one instance by many', () => {
  it('a call that one instance has no room for is made on another', async () => {
    const full: Hooks = {
      serve: () => {
        throw new DServiceError('DS_LIMIT', { summary: 'no more today', ran: 'no' })
      },
    }
    await mesh.until(mesh.service('d1@1.0.0', api, 'full', { hooks: [full] }).start())
    const d1 = await handle()
    const calls = Array.from({ length: 20 }, () => d1.f())
    expect(new Set(await mesh.until(Promise.all(calls)))).toEqual(new Set(['ok']))
  })
})
