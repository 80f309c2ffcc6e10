/** What a service says of a method of its, beside the function itself. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { invalid, type DServiceError } from '../base/errors.js'
import { checkKeys, shown } from '../base/names.js'
import { walkApi } from './api.js'
import { Checks, type Said } from './checks.js'
import { LONGEST_DESCRIPTION } from './contract-read.js'

/** What is said of a method to its callers. */
export interface MethodAbout {
  /** Running twice does no more than running once: handles call it again where they cannot know whether it ran. */
  readonly idempotent?: boolean
  /** A sentence for people; `$describe` and the contract tell it. */
  readonly description?: string
}

type AnyFunction = (...args: never[]) => unknown

/** A schema for each argument. */
type SchemasOf<P extends readonly unknown[]> = { readonly [I in keyof P]: StandardSchemaV1<unknown, P[I]> }

/** Without a callback in last place, which has no schema. */
type WithoutCallback<P extends readonly unknown[]> = P extends readonly [...infer Rest, infer Last]
  ? Last extends AnyFunction
    ? Rest
    : never
  : never

/** One schema for the only argument. */
type OnlySchema<P extends readonly unknown[]> = [P[0]] extends P ? StandardSchemaV1<unknown, P[0]> : never

/** Schemas that fit the parameters of a function: what they give back is what it takes. */
export type InputOf<F extends AnyFunction> =
  | SchemasOf<Parameters<F>>
  | SchemasOf<WithoutCallback<Parameters<F>>>
  | OnlySchema<Parameters<F>>
  | OnlySchema<WithoutCallback<Parameters<F>>>

/** A schema that fits what a function returns: what it gives back is what callers were promised. A stream has none. */
export type OutputOf<F extends AnyFunction> =
  Awaited<ReturnType<F>> extends infer R
    ? [R] extends [AsyncIterable<unknown>]
      ? never
      : StandardSchemaV1<unknown, [R] extends [void] ? unknown : R>
    : never

/** What can be said of a method. */
export interface MethodOptions<F extends AnyFunction = AnyFunction> extends MethodAbout {
  /**
   * Standard Schemas (zod, valibot, arktype, …), one for each argument, or one of the only argument. The function gets what they give
   * back; what does not fit is refused with DS_INVALID, and nothing has run. So is an argument without a schema, but for a function
   * in last place, which is a caller's callback.
   */
  readonly input?: InputOf<F>
  /** One of what the function answers. What does not fit is the service's error, of which its logger hears. Streams are not looked into. */
  readonly output?: OutputOf<F>
}

/** Two copies of the package understand each other. */
const SAID = Symbol.for('dservice.method')

/**
 * A method of an api with what is to be said of it; is called as `fn` is. `fn` itself stays as it was. Errors: DS_INVALID.
 *
 *   dservice('users', { find: method(find, { idempotent: true, input: z.string(), output: User }) })
 */
export function method<F extends AnyFunction>(fn: F, options: MethodOptions<NoInfer<F>>): F {
  if (typeof fn !== 'function') {
    throw invalid({
      summary: `method() takes a function, not ${typeof fn}`,
      hint: 'give it as method(fn, { … })',
    })
  }
  const said = checked(options as MethodOptions)
  const wrapped = said.input || said.output ? new Checks(said, fn).wrapped : plain(fn)
  return Object.defineProperties(wrapped, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
    [SAID]: { value: said },
  }) as unknown as F
}

function plain(fn: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    return Reflect.apply(fn, this, args)
  }
}

/** What the methods of an api say, by dotted path; those that say nothing are left out. */
export function saidOf(api: object): Record<string, Said> {
  const said: Record<string, Said> = {}
  for (const [path, fn] of walkApi(api)) {
    const own = (fn as { readonly [SAID]?: Said })[SAID]
    if (own) said[path] = own
  }
  return said
}

function checked(options: MethodOptions): Said {
  if (typeof options !== 'object' || options === null) {
    throw invalid({ summary: `the options of a method are ${shown(options)}`, hint: 'give an object' })
  }
  const { idempotent, description, input, output } = options
  checkKeys(options, ['idempotent', 'description', 'input', 'output'], 'a method')
  if (idempotent !== undefined && typeof idempotent !== 'boolean') {
    throw invalid({ summary: `idempotent is ${typeof idempotent}`, hint: 'give true or false' })
  }
  if (
    description !== undefined &&
    (typeof description !== 'string' || description.length > LONGEST_DESCRIPTION)
  ) {
    throw invalid({ summary: `a description is a text of at most ${LONGEST_DESCRIPTION} characters` })
  }
  return Object.freeze({
    ...(idempotent === undefined ? {} : { idempotent }),
    ...(description === undefined ? {} : { description }),
    ...(input === undefined ? {} : { input: schemasOf(input) }),
    ...(output === undefined ? {} : { output: schemaOf(output, 'output') }),
  })
}

function schemasOf(input: unknown): readonly StandardSchemaV1[] {
  const list = Array.isArray(input) ? (input as unknown[]) : [input]
  return Object.freeze(list.map((schema, i) => schemaOf(schema, `input[${i}]`)))
}

/** Some libraries' schemas are functions. */
function schemaOf(value: unknown, at: string): StandardSchemaV1 {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  const props: unknown = isObject ? (value as { '~standard'?: unknown })['~standard'] : undefined
  const { validate } = (props ?? {}) as { validate?: unknown }
  if (typeof validate === 'function') return value as StandardSchemaV1
  throw noSchema(at, value)
}

function noSchema(at: string, value: unknown): DServiceError {
  return invalid({
    summary: `${at} of a method is ${shown(value)}, which is no Standard Schema`,
    hint: 'give a schema of zod, valibot, arktype or another library of https://standardschema.dev',
  })
}
