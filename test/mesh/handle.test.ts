import { format, inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Remote } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh
let unheard: unknown[]
const note = (reason: unknown): void => void unheard.push(reason)

beforeEach(() => {
  mesh = new TestMesh()
  unheard = []
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  const ended = await mesh.end()
  // a rejection is told of when the turn of the microtasks is over
  await new Promise(setImmediate)
  process.off('unhandledRejection', note)
  expect(unheard).toEqual([])
  expect(ended).toEqual({ announced: 0, watched: 0, connections: 0 })
})

let calls: string[]

async function handleOf(more: Record<string, () => unknown> = {}): Promise<Remote> {
  calls = []
  const admit = (call: { method: string }, next: () => unknown): unknown => (calls.push(call.method), next())
  const api = { hi: () => 'hi', users: { find: () => 7 }, ...more }
  await mesh.until(mesh.service('s@1.0.0', api, 's', { hooks: [{ serve: admit }] }).start())
  return mesh.until(mesh.client('client').dnodeFor('s'))
}

const TEXT = '[object RemoteService s@1.0.0]'

/** What the language does to any object, without a word of the program's. */
const asked: readonly (readonly [string, (handle: never) => unknown, unknown])[] = [
  ['a template', (h) => `${h as string}`, TEXT],
  ['String()', (h) => String(h), TEXT],
  ['+', (h) => h + '', TEXT],
  ['sort', (h) => String(['a', h].sort()), `${TEXT},a`],
  ['Number()', (h) => Number(h), NaN],
  ['the message of an error', (h) => new Error(h).message, TEXT],
  ['join', (h) => [h, 1].join(), `${TEXT},1`],
  ['toLocaleString', (h) => [h].toLocaleString(), TEXT],
  ['JSON.stringify', (h) => JSON.stringify({ level: 'info', h }), '{"level":"info","h":{}}'],
  ['%j', (h) => format('%j', h), '{}'],
  ['%s', (h) => format('%s', h), 'RemoteService s@1.0.0 { hi, users }'],
  ['%d', (h) => format('%d', h), 'NaN'],
  ['toString()', (h: { toString(): string }) => h.toString(), TEXT],
  ['valueOf()', (h: { valueOf(): unknown }) => h.valueOf() === h, true],
  ['a comparison', (h) => h > 1, false],
]

describe('handle - what the language asks of any object is no call', () => {
  it.each(asked)('%s', async (_what, ask, answer) => {
    const handle = await handleOf()
    expect(ask(handle as never)).toEqual(answer)
    await mesh.settle()
    expect(calls).toEqual([])
  })

  it('nor of a method', async () => {
    const { hi, users } = await handleOf()
    expect([`${hi}`, `${users.find}`]).toEqual([
      '[object RemoteMethod hi]',
      '[object RemoteMethod users.find]',
    ])
    expect(JSON.stringify([hi, users])).toBe('[null,null]')
    await mesh.settle()
    expect(calls).toEqual([])
  })

  it('a handle that is thrown is told as what it is', async () => {
    const handle: unknown = await handleOf()
    const failing = async (): Promise<never> => {
      throw handle
    }
    const shown = await failing().catch((thrown: unknown) => `${String(thrown)} ${inspect(thrown)}`)
    expect(shown).toBe(`${TEXT} RemoteService s@1.0.0 { hi, users }`)
  })

  it('the text says so while there is no instance', async () => {
    const d2 = mesh.service('d2@1.0.0', { f: () => 1 })
    expect(`${d2.rely('d1', '^1') as string}`).toBe('[object RemoteService d1@^1 (no instance)]')
  })

  it('a method of such a name is called where the service has it', async () => {
    const handle = await handleOf({ toString: () => 'theirs', valueOf: () => 7 })
    expect(await mesh.until(handle.toString())).toBe('theirs')
    expect(await mesh.until(handle.valueOf())).toBe(7)
    expect(`${handle}`).toBe(TEXT)
    expect(calls).toEqual(['toString', 'valueOf'])
  })
})
