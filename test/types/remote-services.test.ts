/** Types of remotes by name, as a generated file tells them, held by the compiler. */
import { describe, expectTypeOf, it } from 'vitest'
import type { ClassicRemote, DService, Remote, RemoteServices, UntypedRemote } from 'dservice'
import type { remote } from 'dservice/remote'

interface Api {
  transform(text: string): string
  users: { find(id: number): { name: string } | null }
}

interface Other {
  ping(): 'pong'
}

declare module 'dservice' {
  interface RemoteServices {
    'types-d1': Api
    '@types/d2': Other
  }
}

declare const mesh: DService

describe('types - remotes by name', () => {
  it('a generated file adds to what is known', () => {
    expectTypeOf<RemoteServices['types-d1']>().toEqualTypeOf<Api>()
  })

  it('dnodeFor and rely are typed by the name', () => {
    expectTypeOf(() => mesh.dnodeFor('types-d1')).returns.resolves.toEqualTypeOf<Remote<Api>>()
    expectTypeOf(() => mesh.dnodeFor('types-d1', '^1', { timeout: 1 })).returns.resolves.toEqualTypeOf<
      Remote<Api>
    >()
    expectTypeOf(() => mesh.rely('@types/d2')).returns.toEqualTypeOf<Remote<Other>>()
    expectTypeOf(() => mesh.rely('@types/d2', '^1', { lazy: true })).returns.toEqualTypeOf<Remote<Other>>()
    expectTypeOf(() => mesh.rely('types-d1').users.find(1)).returns.resolves.toEqualTypeOf<{
      name: string
    } | null>()
    // @ts-expect-error it takes text
    void (() => mesh.rely('types-d1').transform(3))
    // @ts-expect-error there is no such method
    void (() => mesh.rely('types-d1').trasnform('x'))
  })

  it('the callbacks of dnode too', () => {
    void (() => {
      mesh.dnodeFor('types-d1', (_err, d1) => expectTypeOf(d1).toEqualTypeOf<ClassicRemote<Api>>())
      mesh.dnodeFor('types-d1', '^1', (_err, d1) => expectTypeOf(d1).toEqualTypeOf<ClassicRemote<Api>>())
      mesh.dnodeFor('x', '^1', {}, (_err, x) => expectTypeOf(x).toEqualTypeOf<UntypedRemote>())
    })
  })

  it('a type argument says more than the name, a name that nobody knows says nothing', () => {
    expectTypeOf(() => mesh.dnodeFor<Other>('types-d1')).returns.resolves.toEqualTypeOf<Remote<Other>>()
    expectTypeOf(() => mesh.rely<Other>('unknown')).returns.toEqualTypeOf<Remote<Other>>()
    expectTypeOf(() => mesh.rely('unknown')).returns.toEqualTypeOf<UntypedRemote>()
    expectTypeOf(() => mesh.rely<unknown>('types-d1')).returns.toEqualTypeOf<UntypedRemote>()
    const name = 'types-d1' as string
    expectTypeOf(() => mesh.rely(name)).returns.toEqualTypeOf<UntypedRemote>()
  })

  it('remote() is typed in the same way', () => {
    type Of = typeof remote
    const call = null as unknown as Of
    expectTypeOf(() => call('types-d1', import.meta.url)).returns.toEqualTypeOf<Remote<Api>>()
    expectTypeOf(() => call<Other>('types-d1', '/x')).returns.toEqualTypeOf<Remote<Other>>()
    expectTypeOf(() => call('unknown', new URL('file:///x'))).returns.toEqualTypeOf<UntypedRemote>()
  })
})
