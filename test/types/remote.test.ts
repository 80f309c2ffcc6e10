/** Types, held by the compiler: `tsc` fails where one of these is wrong. */
import { describe, expectTypeOf, it } from 'vitest'
import {
  isRemoteError,
  type ClassicRemote,
  type DService,
  type Remote,
  type RemoteError,
  type UntypedRemote,
} from 'dservice'

interface Users {
  find(id: number): { name: string } | null
  remove?(id: number): Promise<void>
}

interface Overloaded {
  (text: string): number
  (count: number, on: (tick: number) => void): Promise<string>
}

class Counter {
  #count = 0
  readonly label = 'counter'
  add(by: number): number {
    return (this.#count += by)
  }
}

interface Api {
  transform: (text: string) => string
  later(text: string): Promise<{ text: string }>
  watch(on: (error: Error | null, value?: number) => void): void
  size: Overloaded
  same<T>(value: T): T
  users: Users
  version: string
  list: string[]
  since: Date
}

describe('types - an api in its awaited form', () => {
  it('every method returns a promise of what it answers', () => {
    expectTypeOf<Remote<Api>['transform']>().toEqualTypeOf<(text: string) => Promise<string>>()
    expectTypeOf<Remote<Api>['later']>().toEqualTypeOf<(text: string) => Promise<{ text: string }>>()
  })

  it('callback parameters keep their types', () => {
    expectTypeOf<Parameters<Remote<Api>['watch']>[0]>().toEqualTypeOf<
      (error: Error | null, value?: number) => void
    >()
  })

  it('overloads are kept, each awaited', () => {
    const use = (size: Remote<Api>['size']): void => {
      expectTypeOf(size('text')).toEqualTypeOf<Promise<number>>()
      expectTypeOf(size(7, () => undefined)).toEqualTypeOf<Promise<string>>()
      // @ts-expect-error a boolean is in no overload
      void size(true)
    }
    expectTypeOf(use).toBeFunction()
  })

  it('nested objects are kept, with their optional methods; data is left out', () => {
    expectTypeOf<Remote<Api>['users']['find']>().toEqualTypeOf<
      (id: number) => Promise<{ name: string } | null>
    >()
    expectTypeOf<NonNullable<Remote<Api>['users']['remove']>>().toEqualTypeOf<(id: number) => Promise<void>>()
    expectTypeOf<keyof Remote<Api>>().toEqualTypeOf<
      'transform' | 'later' | 'watch' | 'size' | 'same' | 'users'
    >()
  })

  it('of a class the methods', () => {
    expectTypeOf<keyof Remote<Counter>>().toEqualTypeOf<'add'>()
    expectTypeOf<Remote<Counter>['add']>().toEqualTypeOf<(by: number) => Promise<number>>()
  })

  it('wrong calls do not compile', () => {
    const wrong = (remote: Remote<Api>): void => {
      // @ts-expect-error a number is no text
      void remote.transform(7)
      // @ts-expect-error no such method
      void remote.transfrom('x')
      // @ts-expect-error one argument too many
      void remote.transform('x', 'y')
      // @ts-expect-error the answer is a promise
      void remote.transform('x').length
      // @ts-expect-error data is not there
      void remote.version
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('a handle is no promise', () => {
    expectTypeOf<Remote<Api>>().not.toHaveProperty('then')
  })

  it('of an unknown api everything can be called, also under noUncheckedIndexedAccess', () => {
    expectTypeOf<Remote>().toEqualTypeOf<UntypedRemote>()
    const use = async (d: DService): Promise<void> => {
      const d1 = await d.dnodeFor('d1', '^1')
      await d1.transform('beep')
      await d1.users.admin.count(1, 'x')
      const any = await d.dnodeFor<ReturnType<typeof JSON.parse>>('d1')
      await any.transform('beep')
      await d.rely('d1').transform('beep')
      d.dnodeFor('d1', (_err, remote) => remote.transform('beep', (s: string) => s))
    }
    expectTypeOf(use).toBeFunction()
  })
})

describe('types - an api in its classic form', () => {
  it('methods return nothing', () => {
    expectTypeOf<ClassicRemote<Api>['transform']>().toEqualTypeOf<(text: string) => void>()
    expectTypeOf<ClassicRemote<Api>['users']['find']>().toEqualTypeOf<(id: number) => void>()
  })
})

describe('types - an error of a remote method', () => {
  it('has the fields that a call gives it', () => {
    const read = (error: unknown): unknown => {
      if (!isRemoteError(error)) return null
      expectTypeOf(error).toEqualTypeOf<RemoteError>()
      expectTypeOf(error.code).toEqualTypeOf<string | number | undefined>()
      return [error.ran, error.remoteStack]
    }
    expectTypeOf(read).toBeFunction()
  })
})

describe('types - dservice', () => {
  it('dnodeFor and rely give the awaited form', () => {
    const use = (d: DService): void => {
      expectTypeOf(d.dnodeFor<Api>('d1')).resolves.toEqualTypeOf<Remote<Api>>()
      expectTypeOf(d.rely<Api>('d1')).toEqualTypeOf<Remote<Api>>()
      d.dnodeFor<Api>('d1', '^1', (_err, remote) => expectTypeOf(remote).toEqualTypeOf<ClassicRemote<Api>>())
    }
    expectTypeOf(use).toBeFunction()
  })
})
