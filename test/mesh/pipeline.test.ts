/** Several calls in one flight. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { byReference, pipeline } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

class Account {
  readonly #owner: string
  secret = 'a secret'
  constructor(owner: string) {
    this.#owner = owner
  }
  profile(): { name: string } {
    return { name: this.#owner }
  }
}

let logins = 0

const api = {
  login: async (key: string) => ({
    profile: () => ({ name: key, tags: { list: () => ['a', key] } }),
    fails: (): never => {
      throw new RangeError(`not for ${key}`)
    },
    logins: ++logins,
  }),
  account: (owner: string) => byReference(new Account(owner)),
  users: { find: (id: number) => ({ id, rename: (name: string) => ({ id, name }) }) },
}

type Api = typeof api

const handle = async () => {
  await mesh.until(mesh.service('d1@1.0.0', api, 'd1').start())
  return mesh.until(mesh.client('client').dnodeFor<Api>('d1'))
}

describe('pipeline', () => {
  it('calls functions of results, at any depth, and gives what the last returns', async () => {
    const d1 = await handle()
    expect(await mesh.until(pipeline(d1, (r) => r.login('ann').profile()))).toMatchObject({ name: 'ann' })
    expect(await mesh.until(pipeline(d1, (r) => r.login('ann').profile().tags.list()))).toEqual(['a', 'ann'])
    expect(await mesh.until(pipeline(d1, (r) => r.users.find(7).rename('bo')))).toEqual({ id: 7, name: 'bo' })
    expect(await mesh.until(pipeline(d1, (r) => r.account('cy').profile()))).toEqual({ name: 'cy' })
  })

  it('what cannot be a chain is refused before anything is sent', async () => {
    const d1 = await handle()
    const within = pipeline(d1, (r) => r.users.find(r.login('ann') as unknown as number))
    await expect(within).rejects.toMatchObject({
      code: 'DS_INVALID',
      message: expect.stringContaining('arguments[0] of users.find is a part of the chain itself'),
    })
    const long = pipeline(d1, (r) => {
      let at = r.users.find(1).rename('a') as unknown as { a(): typeof at }
      for (let i = 0; i < 31; i++) at = at.a()
      return at
    })
    await expect(long).rejects.toMatchObject({
      code: 'DS_LIMIT',
      message: expect.stringContaining('more than 32 calls'),
    })
  })

  it('a step that fails fails the whole, which has run', async () => {
    const d1 = await handle()
    const failing = pipeline(d1, (r) => r.login('ann').fails())
    await expect(mesh.until(failing)).rejects.toMatchObject({
      name: 'RangeError',
      message: 'not for ann',
      ran: 'yes',
    })
    const missing = pipeline(d1, (r) => (r.login('ann') as never as { nope(): never }).nope())
    await expect(mesh.until(missing)).rejects.toMatchObject({ code: 'DS_NO_METHOD', ran: 'yes' })
  })

  it.each(['constructor', '__proto__', 'hasOwnProperty', 'toString', 'logins'])(
    'reaches nothing that would not have been sent: %s',
    async (name) => {
      const d1 = await handle()
      const reaching = pipeline(
        d1,
        (r) => (r.login('ann') as never as Record<string, () => never>)[name]?.() as never,
      )
      await expect(mesh.until(reaching)).rejects.toMatchObject({ code: 'DS_NO_METHOD' })
    },
  )

  it('what is no chain of calls is refused', async () => {
    const d1 = await handle()
    const bad = [() => undefined, (r: { login: unknown }) => r.login, (r: unknown) => r]
    for (const build of bad)
      await expect(pipeline(d1, build as never)).rejects.toMatchObject({ code: 'DS_INVALID' })
    await expect(pipeline({} as typeof d1, (r) => r.users.find(1))).rejects.toMatchObject({
      code: 'DS_INVALID',
    })
  })

  it('a method that is not there did not run', async () => {
    const d1 = await handle()
    const missing = pipeline(d1, (r) => (r as never as { nope(): { f(): never } }).nope().f())
    await expect(mesh.until(missing)).rejects.toMatchObject({ code: 'DS_NO_METHOD', ran: 'no' })
  })
})
