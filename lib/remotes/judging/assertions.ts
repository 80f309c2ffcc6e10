/** Two apis as questions to TypeScript: a file with six lines for each method, and what the lines that it complains of say. */
import type { MethodChange } from '../types.js'

/**
 * What is asked with. An api becomes what its callers see of it over the wire, in a form in which TypeScript is strict:
 *
 * - A method of the service is a function of one thing, the tuple of its arguments, so that an argument that is no longer taken is a
 *   loss too. What the caller gives (`Side` `theirs`) is a function as TypeScript knows it, that may ignore arguments.
 * - Methods are compared both ways by TypeScript; function types are not. So every method becomes a function type, at any depth.
 * - `any` fits everything; here it is `unknown`, which promises nothing.
 * - Overloads, up to four as in `Remote`; of a generic method the type parameters become what they are bound by.
 * - Brands, symbols, `readonly` and the names of enums do not travel; what is awaited is what counts.
 */
export const HELPERS = `
type IsAny<T> = 0 extends 1 & T ? true : false
type Fn = (...args: never[]) => unknown
export type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
type Side = 'ours' | 'theirs'

type Value<T, S extends Side> = IsAny<T> extends true ? unknown : unknown extends T ? unknown : Part<T, S>

type Part<T, S extends Side> = T extends string
  ? T extends object ? string : \`\${T}\`
  : T extends number
    ? T extends object ? number : \`\${T}\` extends \`\${infer N extends number}\` ? N : T
  : T extends bigint | boolean | symbol | null | undefined | void ? T
  : T extends Fn ? Call<T, S>
  : T extends Date | RegExp | URL | AbortSignal | ArrayBuffer | ArrayBufferView ? T
  : T extends PromiseLike<infer V> ? Value<V, S>
  : T extends ReadonlyMap<infer K, infer V> ? Map<Value<K, S>, Value<V, S>>
  : T extends readonly unknown[] ? List<T, S>
  : T extends ReadonlySet<infer V> ? Set<Value<V, S>>
  : T extends { getReader(): { read(): Promise<{ value?: infer V }> }; tee(): unknown } ? { webStreamOf: Value<V, S> }
  : T extends AsyncIterable<infer V> ? { streamOf: Value<V, S> }
  : [keyof T] extends [never] ? T
  : { -readonly [K in keyof T as K extends symbol ? never : K]: Value<T[K], S> }

type List<T extends readonly unknown[], S extends Side> = number extends T['length']
  ? T extends readonly [unknown, ...unknown[]] | readonly [...unknown[], unknown]
    ? { -readonly [I in keyof T]: Value<T[I], S> }
    : Value<T[number], S>[]
  : { -readonly [I in keyof T]: Value<T[I], S> }

type Args<A, S extends Side> = { -readonly [I in keyof A]: Value<A[I], S> }
type Result<R, S extends Side> = IsAny<R> extends true ? unknown : [R] extends [void] ? void : Value<Awaited<R>, S>

type Signature<A, R, S extends Side> = S extends 'ours'
  ? (args: Args<A, 'theirs'>) => Result<R, 'ours'>
  : (...args: Extract<Args<A, 'ours'>, unknown[]>) => Result<R, 'theirs'>

type Call<F, S extends Side> = F extends {
  (...args: infer A1): infer R1
  (...args: infer A2): infer R2
  (...args: infer A3): infer R3
  (...args: infer A4): infer R4
}
  ? Same<[A1, R1], [A4, R4]> extends true
    ? Signature<A4, R4, S>
    : Signature<A1, R1, S> & Signature<A2, R2, S> & Signature<A3, R3, S> & Signature<A4, R4, S>
  : never

/** The method at a path; never where the type has none. */
export type At<T, P> = P extends [infer K, ...infer Rest]
  ? K extends keyof NonNullable<T> ? At<NonNullable<T>[K], Rest> : never
  : IsAny<T> extends true ? never : NonNullable<T> extends Fn ? NonNullable<T> : never

/** Where nothing is said of the arguments they are any, which fits what the other side says, and differs from it. */
type Blind<F, Told> = [F] extends [never] ? true : Told extends true ? false : true
export type Takes<F, Told> = Blind<F, Told> extends true ? any
  : F extends (...args: infer A) => unknown ? Args<A, 'theirs'> : never
export type Gives<F> = [F] extends [never] ? unknown : F extends (...args: never) => infer R ? Result<R, 'ours'> : never
export type Method<F, Told> = Blind<F, Told> extends true ? (args: any) => Gives<F> : Call<F, 'ours'>
`

/** One method in two contracts. */
export interface Question {
  readonly method: string
  /** Whether each contract says what it takes. */
  readonly told: readonly [before: boolean, after: boolean]
}

/** What the compiler said, by line. */
export type Complaints = ReadonlyMap<number, readonly string[]>

/** The lines before the first question. */
const HEAD = 3
/** The lines of a question. */
const LINES = 7

/** A type that a module exports. */
interface Exported {
  readonly module: string
  readonly root: string
}

/** The file of assertions. */
export function assertionsOf(
  questions: readonly Question[],
  {
    helpers,
    before,
    after,
  }: { readonly helpers: string; readonly before: Exported; readonly after: Exported },
): string {
  const lines = [
    `import type { At, Gives, Method, Same, Takes } from ${JSON.stringify(helpers)}`,
    `import type { ${before.root} as Before } from ${JSON.stringify(before.module)}`,
    `import type { ${after.root} as After } from ${JSON.stringify(after.module)}`,
    ...questions.flatMap(linesOf),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf({ method, told }: Question, n: number): string[] {
  const path = `[${method
    .split('.')
    .map((name) => JSON.stringify(name))
    .join(', ')}]`
  const takes = (side: 'B' | 'A'): string => `Takes<${side}${n}, ${told[side === 'B' ? 0 : 1]}>`
  const whole = (side: 'B' | 'A'): string => `Method<${side}${n}, ${told[side === 'B' ? 0 : 1]}>`
  const gives = (side: 'B' | 'A'): string => `Gives<${side}${n}>`
  return [
    `type B${n} = At<Before, ${path}>; type A${n} = At<After, ${path}>`,
    `export const fits${n}: ${whole('B')} = null! as ${whole('A')}`,
    `export const takes${n}: ${takes('A')} = null! as ${takes('B')}`,
    `export const gives${n}: ${gives('B')} = null! as ${gives('A')}`,
    `export const same${n}: Same<${whole('B')}, ${whole('A')}> = true`,
    `export const sameTakes${n}: Same<${takes('B')}, ${takes('A')}> = true`,
    `export const sameGives${n}: Same<${gives('B')}, ${gives('A')}> = true`,
  ]
}

/** What the complaints say of the `n`th question; null: nothing differs. */
export function answerOf(question: Question, n: number, complaints: Complaints): MethodChange | null {
  const first = HEAD + n * LINES + 1
  const [path, fits, takes, gives, same, sameTakes, sameGives] = Array.from({ length: LINES }, (_, line) =>
    complaints.get(first + line),
  )
  const { method } = question
  const broken = path ?? fits
  if (broken) {
    return {
      method,
      step: 'major',
      kind: 'changed',
      text: lossOf({ broken, takes, gives: path ? undefined : gives }),
    }
  }
  if (!same) return null
  return {
    method,
    step: 'minor',
    kind: 'changed',
    text: gainOf(question, Boolean(sameTakes), Boolean(sameGives)),
  }
}

function gainOf({ told: [before, after] }: Question, takes: boolean, gives: boolean): string {
  const taken =
    !before && after
      ? 'says now what it takes'
      : before && !after
        ? 'says no more what it takes'
        : 'takes more'
  const parts = [...(takes ? [taken] : []), ...(gives ? ['says more of what it answers'] : [])]
  return parts.join(', and ') || 'can be called in more ways'
}

interface Loss {
  readonly broken: readonly string[]
  readonly takes: readonly string[] | undefined
  readonly gives: readonly string[] | undefined
}

/** Both may have changed; the first is told, since mending it shows the second. */
function lossOf({ broken, takes, gives }: Loss): string {
  if (takes) return bounded(`takes other arguments: ${takesText(takes)}`)
  if (gives) return bounded(`answers otherwise: ${givesText(gives)}`)
  return bounded(`cannot be called as before: ${reasonIn(broken)}`)
}

const COUNT = /Source has (\d+) element\(s\) but target (allows only|requires) (\d+)/
const MISSING = /^Property '(.+?)' is missing in type/

function takesText(chain: readonly string[]): string {
  const [, had, kind, needs] = COUNT.exec(chain.at(-1) ?? '') ?? []
  if (kind === 'requires') return `it needs ${needs}, and had enough with ${had}`
  if (kind !== undefined) return `it takes ${needs} at most, and took ${had}`
  const [, missing] = MISSING.exec(chain.at(-1) ?? '') ?? []
  return missing === undefined ? reasonIn(chain) : `${placeIn(chain)}property '${missing}' is required now`
}

function givesText(chain: readonly string[]): string {
  const [, missing] = MISSING.exec(chain.at(-1) ?? '') ?? []
  return missing === undefined ? reasonIn(chain) : `${placeIn(chain)}property '${missing}' may be missing now`
}

/** The last line of a chain says what does not fit; those before it, where. */
function reasonIn(chain: readonly string[]): string {
  return `${placeIn(chain)}${(chain.at(-1) ?? '').replace(/\.$/, '')}`
}

const PLACE = /(?:property|types of|returned by) '([^']+)'|at position (\d+) in source/

function placeIn(chain: readonly string[]): string {
  const places = chain.slice(0, -1).flatMap((line) => {
    const [, name, position] = PLACE.exec(line) ?? []
    return name ?? (position === undefined ? [] : `[${position}]`)
  })
  return places.length > 0 ? `${places.join('.')}: ` : ''
}

/** Characters of what is told of a method. */
const LONGEST = 200

function bounded(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line
}
