/** Types of what travels, held by the compiler: `tsc` fails where one of these is wrong. */
import { describe, expectTypeOf, it } from 'vitest'
import { byReference, pipeline, type Arrived, type Remote, type RemoteFunction } from 'dservice'

class Account {
  #balance = 0
  readonly owner = 'ada'
  deposit(by: number): number {
    return (this.#balance += by)
  }
  child(): ReturnType<typeof open> {
    return open()
  }
}

const open = () => byReference(new Account())

interface User {
  name: string
  parent?: User
  friends: Map<string, User[]>
  since: Date
  place: [number, 'x']
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

interface Api {
  open: typeof open
  adder(a: number): (b: number) => number
  tools(): { inc: (n: number) => number; lists: [(text: string) => string[]] }
  items(): AsyncGenerator<{ more: () => number }, string, boolean>
  map(count: number, f: (n: number) => Promise<number>): number[]
  watch(on: (n: number) => void): void
}

describe('types - a result as it arrives', () => {
  it('data keeps the type that it has, without end and by any name', () => {
    expectTypeOf<Arrived<User | null>>().toEqualTypeOf<User | null>()
    expectTypeOf<Arrived<Json>>().toEqualTypeOf<Json>()
    expectTypeOf<Arrived<Buffer>>().toEqualTypeOf<Buffer>()
    expectTypeOf<Arrived<ReadableStream<string>>>().toEqualTypeOf<ReadableStream<string>>()
    expectTypeOf<Arrived<unknown>>().toEqualTypeOf<unknown>()
  })

  it('functions at any depth answer with a promise, and can be disposed of', () => {
    const use = async (remote: Remote<Api>): Promise<void> => {
      const add = await remote.adder(1)
      expectTypeOf(add).toEqualTypeOf<RemoteFunction<(b: number) => number>>()
      expectTypeOf(add(2)).toEqualTypeOf<Promise<number>>()
      add[Symbol.dispose]()
      const tools = await remote.tools()
      expectTypeOf(tools.inc(1)).toEqualTypeOf<Promise<number>>()
      expectTypeOf(tools.lists[0]('x')).toEqualTypeOf<Promise<string[]>>()
    }
    expectTypeOf(use).toBeFunction()
  })

  it('what goes by reference has its methods, and no data', () => {
    const use = async (remote: Remote<Api>): Promise<void> => {
      const account = await remote.open()
      expectTypeOf<keyof typeof account>().toEqualTypeOf<'deposit' | 'child'>()
      expectTypeOf(account.deposit(5)).toEqualTypeOf<Promise<number>>()
      expectTypeOf((await account.child()).deposit(5)).toEqualTypeOf<Promise<number>>()
    }
    expectTypeOf(use).toBeFunction()
  })

  it('a class with private members is taken for a custom type', () => {
    expectTypeOf<Arrived<Account>>().toEqualTypeOf<Account>()
  })

  it('a generator gives its items as they arrive, and no value at its end', () => {
    const use = async (remote: Remote<Api>): Promise<void> => {
      const items = await remote.items()
      expectTypeOf(items.return).toBeFunction()
      for await (const { more } of items) expectTypeOf(more()).toEqualTypeOf<Promise<number>>()
      const last = await items.next()
      if (last.done) expectTypeOf(last.value).toEqualTypeOf<undefined>()
    }
    expectTypeOf(use).toBeFunction()
  })
})

describe('types - what is given', () => {
  it('a callback may answer at once where its type says that it is awaited', () => {
    const use = async (remote: Remote<Api>): Promise<void> => {
      await remote.map(3, (n) => n * 2)
      await remote.map(3, async (n) => n * 2)
      await remote.watch((n) => void n)
      // @ts-expect-error a text is no number
      await remote.map(3, (n) => `${n}`)
    }
    expectTypeOf(use).toBeFunction()
  })

  it('a pipeline goes on with what would have arrived', () => {
    const use = (remote: Remote<Api>): void => {
      expectTypeOf(pipeline(remote, (r) => r.open().child().deposit(2))).toEqualTypeOf<Promise<number>>()
      expectTypeOf(pipeline(remote, (r) => r.adder(1)(2))).toEqualTypeOf<Promise<number>>()
    }
    expectTypeOf(use).toBeFunction()
  })
})
