/** The types of a remote object: what a caller sees of an api on the other side. */

import type { ByReference } from './values/by-reference.js'

/** A function, whatever it takes. */
type AnyFunction = (...args: never[]) => unknown

/** An object that stands between methods, as `users` in `users.find`; lists and the like are data. */
type Nested<T> = T extends
  readonly unknown[] | Date | RegExp | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
  ? never
  : T extends object
    ? T
    : never

/** The names that lead to a method, at once or further down. */
type MethodNames<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends AnyFunction
    ? K
    : [Nested<NonNullable<T[K]>>] extends [never]
      ? never
      : K
}[keyof T]

/**
 * What a method of a handle gives where it is called in another way: a type function. One that extends this says what `answer` is, of
 * `this['result']`, which is what the method gives.
 */
export interface Answer {
  readonly result: unknown
  readonly answer: unknown
}

/** How a caller sees a method: true gives a promise, false gives nothing, and of a handle's there are other ways. */
type View = boolean | Answer

/** One signature in the form that a caller sees. */
type Signature<Args extends unknown[], Result, By extends View> = By extends Answer
  ? (...args: Args) => (By & { readonly result: Result })['answer']
  : By extends true
    ? (...args: { [I in keyof Args]: Given<Args[I]> }) => Promise<Arrived<Awaited<Result>>>
    : (...args: Args) => void

/** Up to four overloads are kept. Of a generic method the type parameters become what they are bound by. */
type Mapped<F extends AnyFunction, By extends View> = F extends {
  (...args: infer A1): infer R1
  (...args: infer A2): infer R2
  (...args: infer A3): infer R3
  (...args: infer A4): infer R4
}
  ? [A1, R1] extends [A4, R4]
    ? Signature<A4, R4, By>
    : Signature<A1, R1, By> & Signature<A2, R2, By> & Signature<A3, R3, By> & Signature<A4, R4, By>
  : never

/** What arrives as it is, whatever functions its type has. The last three: a Node stream, a Web stream, a URL. */
type Whole =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | ArrayBuffer
  | ArrayBufferView
  | AbortSignal
  | { pipe: AnyFunction; read: AnyFunction }
  | { getReader: AnyFunction; tee: AnyFunction }
  | { readonly href: string; readonly searchParams: unknown }

/** A class with private members: only the class itself fits such a type. */
type IsClass<T> = Pick<T, keyof T> extends T ? false : true

/** Levels of an object that are searched for functions: a type may be without end. */
type Levels = [1, 2, 3, 4]

/** Whether something in it arrives as something else: true in a union of its parts. */
type Changes<T, Left extends unknown[]> = 0 extends 1 & T
  ? false
  : T extends ByReference | AnyFunction
    ? true
    : T extends Whole
      ? false
      : T extends AsyncIterable<unknown>
        ? true
        : Left extends [unknown, ...infer Less]
          ? ChangesInside<T, Less>
          : false

type ChangesInside<T, Left extends unknown[]> =
  T extends ReadonlyMap<infer Key, infer Value>
    ? Changes<Key | Value, Left>
    : T extends ReadonlySet<infer Item>
      ? Changes<Item, Left>
      : T extends readonly unknown[]
        ? Changes<T[number], Left>
        : T extends object
          ? IsClass<T> extends true
            ? false
            : { [K in keyof T]-?: Changes<T[K], Left> }[keyof T]
          : false

/**
 * A value of the other side as it arrives here: its functions, at any depth, are `RemoteFunction`s, and what is marked by `byReference`
 * has its methods alone. Objects of classes with private members are taken for custom types, which arrive whole.
 */
export type Arrived<T> = true extends Changes<T, Levels> ? Changed<T> : T

type Changed<T> =
  T extends ByReference<infer Home>
    ? { readonly [K in keyof Home as Home[K] extends AnyFunction ? K : never]: Arrived<Home[K]> }
    : T extends AnyFunction
      ? RemoteFunction<T>
      : T extends Whole
        ? T
        : ChangedObject<T>

type ChangedObject<T> =
  T extends AsyncIterable<infer Item>
    ? AsyncGenerator<Arrived<Item>, undefined, void>
    : T extends ReadonlyMap<infer Key, infer Value>
      ? Map<Arrived<Key>, Arrived<Value>>
      : T extends ReadonlySet<infer Item>
        ? Set<Arrived<Item>>
        : T extends object
          ? IsClass<T> extends true
            ? T
            : { [K in keyof T]: Arrived<T[K]> }
          : T

/**
 * A function that came from the other side: a call of it answers with a promise. Disposing of it (`using`, `f[Symbol.dispose]()`)
 * lets the other side forget it at once, not only when it is collected here.
 */
export type RemoteFunction<F extends AnyFunction = AnyFunction> = Mapped<F, true> & Disposable

/** An argument as it may be given: a callback may answer with a promise or not, since the other side awaits it anyway. */
type Given<T> = T extends (...args: infer Args) => infer Result
  ? [Result] extends [void]
    ? T
    : (...args: Args) => Awaited<Result> | Promise<Awaited<Result>>
  : T

/** The methods, nested as they are, each as a caller sees it. */
export type Form<T, By extends View> = {
  readonly [K in keyof T as K extends MethodNames<T> ? K : never]: NonNullable<T[K]> extends AnyFunction
    ? Mapped<NonNullable<T[K]>, By>
    : Form<Nested<NonNullable<T[K]>>, By>
}

/**
 * An api in its awaited form: every method returns a promise, nested objects and overloads are kept, callback
 * parameters too; values that are no functions are left out. Without a type argument any path of names can be called
 * with anything.
 */
export type Remote<T = unknown> = unknown extends T ? UntypedRemote : Form<T, true>

/**
 * A remote object of which nothing is known: any path of names can be called with anything, and gives a promise. There is one type
 * that lets that pass under every flag of the compiler (an index signature may be `undefined`), the one that JSON.parse gives.
 */
export type UntypedRemote = ReturnType<typeof JSON.parse>

/** An api in dnode's classic form: methods return nothing and answer through callbacks. */
export type ClassicRemote<T = unknown> = unknown extends T ? UntypedRemote : Form<T, false>
