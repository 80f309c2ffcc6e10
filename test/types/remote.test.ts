/** Types, held by the compiler: `tsc` fails where one of these is wrong. */
import { describe, expectTypeOf, it } from 'vitest'
import {
  all,
  instances,
  isRemoteError,
  monitor,
  withOptions,
  type All,
  type ClassicRemote,
  type DService,
  type Instance,
  type InstanceOutcome,
  type MonitorEvent,
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

describe('types - an api in the form of all its instances', () => {
  type Each<T> = Promise<readonly InstanceOutcome<T>[]>

  it('every method returns an outcome of each, of an api as of its handle', () => {
    expectTypeOf<All<Api>['transform']>().toEqualTypeOf<(text: string) => Each<string>>()
    expectTypeOf<All<Api>['later']>().toEqualTypeOf<(text: string) => Each<{ text: string }>>()
    expectTypeOf<All<Remote<Api>>['later']>().toEqualTypeOf<All<Api>['later']>()
    expectTypeOf<All<Api>['users']['find']>().toEqualTypeOf<(id: number) => Each<{ name: string } | null>>()
    expectTypeOf<NonNullable<All<Remote<Api>>['users']['remove']>>().toEqualTypeOf<
      (id: number) => Each<void>
    >()
    expectTypeOf<keyof All<Api>>().toEqualTypeOf<keyof Remote<Api>>()
  })

  it('overloads are kept, and wrong calls do not compile', () => {
    const use = (remote: Remote<Api>): void => {
      const each = all(remote)
      expectTypeOf(each.size('text')).toEqualTypeOf<Each<number>>()
      expectTypeOf(each.size(7, () => undefined)).toEqualTypeOf<Each<string>>()
      // @ts-expect-error a boolean is in no overload
      void each.size(true)
      // @ts-expect-error no such method
      void each.transfrom('x')
      // @ts-expect-error a text is no handle
      void all('d1')
    }
    expectTypeOf(use).toBeFunction()
  })

  it('of an unknown api everything can be called', () => {
    expectTypeOf<All>().toEqualTypeOf<UntypedRemote>()
    const use = async (d: DService): Promise<void> => {
      await all(await d.dnodeFor('d1')).users.admin.count(1)
    }
    expectTypeOf(use).toBeFunction()
  })

  it('an outcome has a value or a reason, and events tell by their type what they have', () => {
    const use = async (remote: Remote<Api>): Promise<void> => {
      for (const outcome of await all(remote).transform('x')) {
        expectTypeOf(outcome.instance).toEqualTypeOf<Instance>()
        if (outcome.status === 'fulfilled') expectTypeOf(outcome.value).toEqualTypeOf<string>()
        // @ts-expect-error one that was rejected has no value
        else void outcome.value
      }
      expectTypeOf(instances(remote)).resolves.toEqualTypeOf<readonly Instance[]>()
      for await (const event of monitor(remote)) {
        expectTypeOf(event).toEqualTypeOf<MonitorEvent>()
        if (event.type === 'down') expectTypeOf(event.reason).toEqualTypeOf<'stopped' | 'lost'>()
        // @ts-expect-error one that is up has no reason to be down
        else void event.reason
      }
      withOptions(remote, { instance: 'id' })
      // @ts-expect-error a dependency is of a range, not of one instance
      const wrong = (d: DService): unknown => d.rely('d1', '^1', { instance: 'id' })
      expectTypeOf(wrong).toBeFunction()
    }
    expectTypeOf(use).toBeFunction()
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
