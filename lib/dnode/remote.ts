/** The types of a remote object: what a caller sees of an api on the other side. */

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

/** One signature in the form that a caller sees: `Awaits` true gives a promise, false gives nothing. */
type Signature<Args extends unknown[], Result, Awaits extends boolean> = Awaits extends true
  ? (...args: Args) => Promise<Awaited<Result>>
  : (...args: Args) => void

/** Up to four overloads are kept. Of a generic method the type parameters become what they are bound by. */
type Mapped<F extends AnyFunction, Awaits extends boolean> = F extends {
  (...args: infer A1): infer R1
  (...args: infer A2): infer R2
  (...args: infer A3): infer R3
  (...args: infer A4): infer R4
}
  ? [A1, R1] extends [A4, R4]
    ? Signature<A4, R4, Awaits>
    : Signature<A1, R1, Awaits> &
        Signature<A2, R2, Awaits> &
        Signature<A3, R3, Awaits> &
        Signature<A4, R4, Awaits>
  : never

type Form<T, Awaits extends boolean> = {
  readonly [K in keyof T as K extends MethodNames<T> ? K : never]: NonNullable<T[K]> extends AnyFunction
    ? Mapped<NonNullable<T[K]>, Awaits>
    : Form<Nested<NonNullable<T[K]>>, Awaits>
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
