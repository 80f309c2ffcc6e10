/** The types of a remote object: what a caller sees of an api on the other side. */

/** A function, whatever it takes. */
type AnyFunction = (...args: never[]) => unknown

/** An awaited method: the same arguments, and a promise of what it answers. */
type RemoteMethod<F extends AnyFunction> = (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>

/**
 * An api in its awaited form: every method returns a promise, nested objects are kept, values that are no
 * functions are left out. `Remote` without a type argument lets every method be called with anything.
 */
export type Remote<T = unknown> = unknown extends T
  ? UntypedRemote
  : {
      readonly [K in keyof T as T[K] extends AnyFunction | object ? K : never]: T[K] extends AnyFunction
        ? RemoteMethod<T[K]>
        : T[K] extends object
          ? Remote<T[K]>
          : never
    }

/** A remote object of which nothing is known: any path of names can be called. */
export interface UntypedRemote {
  (...args: unknown[]): Promise<unknown>
  readonly [name: string]: UntypedRemote
}

/**
 * An api in dnode's classic form: methods return undefined and answer through callbacks.
 * Without a type argument every method can be called with anything.
 */
export type ClassicRemote<T = unknown> = unknown extends T
  ? Record<string, (...args: unknown[]) => void>
  : {
      readonly [K in keyof T as T[K] extends AnyFunction | object ? K : never]: T[K] extends AnyFunction
        ? (...args: Parameters<T[K]>) => void
        : T[K] extends object
          ? ClassicRemote<T[K]>
          : never
    }
