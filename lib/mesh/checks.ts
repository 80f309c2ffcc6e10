/** Arguments and answers of a method against its schemas, where the method is. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { invalid, toError, type DServiceError } from '../base/errors.js'
import { isHandle, isThenable } from '../dnode/answers.js'
import { runningCall, type RunningCall } from '../dnode/context.js'
import { isIterator } from '../dnode/streams/source.js'

type AnyFunction = (...args: never[]) => unknown
type Issue = StandardSchemaV1.Issue
type Result = StandardSchemaV1.Result<unknown>

/** What is said of a method, looked through. */
export interface Said {
  readonly idempotent?: boolean
  readonly description?: string
  readonly input?: readonly StandardSchemaV1[]
  readonly output?: StandardSchemaV1
}

/** Issues that an error tells, those that its message names, and characters of each. */
const MOST_ISSUES = 20
const NAMED = 3
const LONGEST = 200

/** A value with the way that led to it, for errors. */
interface Found {
  readonly path: string
  readonly message: string
}

/** What a method is called with. */
interface Entry {
  readonly values: readonly unknown[]
  /** The caller's, behind all arguments. */
  readonly callback: AnyFunction | null
}

/** Owned by the wrapped method. */
export class Checks {
  /** Answers as `fn` does: at once, unless a schema makes it wait. */
  readonly wrapped: AnyFunction
  readonly #fn: AnyFunction
  readonly #input: readonly StandardSchemaV1[] | undefined
  readonly #output: StandardSchemaV1 | undefined

  constructor({ input, output }: Said, fn: AnyFunction) {
    this.#fn = fn
    this.#input = input
    this.#output = output
    const run = (self: unknown, args: unknown[]): unknown => this.#run(self, args)
    this.wrapped = function (this: unknown, ...args: never[]): unknown {
      return run(this, args)
    }
  }

  #run(self: unknown, args: readonly unknown[]): unknown {
    const call = runningCall()
    const enter = (entry: Entry): unknown => this.#enter(self, entry, call)
    const refuse = (error: unknown): never => {
      call?.refuse(this.wrapped, toError(error))
      throw error
    }
    let entry: Entry | Promise<Entry>
    try {
      entry = this.#input ? checkArguments(this.#input, args) : { values: args, callback: lastOf(args) }
    } catch (error) {
      return refuse(error)
    }
    return entry instanceof Promise
      ? entry.then((late) => this.#late(enter(late), late, call), refuse)
      : enter(entry)
  }

  /** The promise of a callback method is ours: what it resolves to is nobody's answer. */
  #late(result: unknown, { callback }: Entry, call: RunningCall | undefined): unknown {
    if (!callback || !answersLater(result)) return result
    call?.leaveToCallback()
    return undefined
  }

  #enter(self: unknown, { values, callback }: Entry, call: RunningCall | undefined): unknown {
    call?.letIn(this.wrapped)
    const args = this.#input && callback ? [...values, callback] : values
    const result: unknown = Reflect.apply(this.#fn, self, args as never[])
    if (!this.#output) return result
    const checked = (value: unknown): unknown => this.#answer(value, call)
    if (isThenable(result)) return Promise.resolve(result).then(checked)
    // it answers through its callback, in its own time
    if (callback && answersLater(result)) return result
    return checked(result)
  }

  /** What the schema gives back for an answer. Streams go as they are. */
  #answer(value: unknown, call: RunningCall | undefined): unknown {
    if (!this.#output || isStream(value)) return value
    const take = (result: Result): unknown => {
      if (!result.issues) return result.value
      const error = refusal('the answer', foundIn('answer', result.issues), 'yes')
      call?.fault(error)
      throw error
    }
    const result = validated(this.#output, value)
    return result instanceof Promise ? result.then(take) : take(result)
  }
}

/** A schema that waits makes all of it wait. Errors: DS_INVALID; what a schema throws. */
function checkArguments(
  schemas: readonly StandardSchemaV1[],
  args: readonly unknown[],
): Entry | Promise<Entry> {
  const last = lastOf(args)
  const callback = args.length === schemas.length + 1 ? last : null
  const given = callback ? args.slice(0, -1) : args
  if (given.length > schemas.length) throw tooMany(given.length, schemas.length)
  const results = schemas.map((schema, i) => validate(schema, given[i]))
  const judge = (all: readonly Result[]): Entry | Promise<Entry> => {
    if (!last || callback || !all[given.length - 1]?.issues) return entryOf(all, { given, callback })
    // a function where none fits: a caller that leaves out what may be left out, and puts its callback in last place
    const at = given.length - 1
    const schema = schemas[at]
    const without = schema && validated(schema, undefined)
    const rejudge = (result: Result | undefined): Entry => {
      if (!result || result.issues) return entryOf(all, { given, callback: null })
      return entryOf(all.with(at, result), { given: given.slice(0, -1), callback: last })
    }
    return without instanceof Promise ? without.then(rejudge) : rejudge(without)
  }
  return results.some((result) => result instanceof Promise)
    ? Promise.all(results.map(async (result) => result)).then(judge)
    : judge(results as Result[])
}

/** A promise of another make is one too: taken for a result it would have no issues. */
function validated(schema: StandardSchemaV1, value: unknown): Result | Promise<Result> {
  const result = schema['~standard'].validate(value)
  return isThenable(result) ? Promise.resolve(result) : result
}

/** What a schema throws is waited for as well: another may be on its way. */
function validate(schema: StandardSchemaV1, value: unknown): Result | Promise<Result> {
  try {
    return validated(schema, value)
  } catch (error) {
    return Promise.reject(toError(error))
  }
}

/** Arguments that were not given and got no value are left out, so that the method can count them. */
function entryOf(
  results: readonly Result[],
  { given, callback }: { readonly given: readonly unknown[]; readonly callback: AnyFunction | null },
): Entry {
  const issues = results.flatMap(({ issues: found }, i) => (found ? foundIn(`arguments[${i}]`, found) : []))
  if (issues.length > 0) throw refusal('the arguments', issues, 'no')
  const values = results.map((result) => (result.issues ? undefined : result.value))
  while (!callback && values.length > given.length && values.at(-1) === undefined) values.pop()
  return { values, callback }
}

function lastOf(args: readonly unknown[]): AnyFunction | null {
  const last = args.at(-1)
  return typeof last === 'function' ? (last as AnyFunction) : null
}

/** What a callback method returns. */
function answersLater(result: unknown): boolean {
  return result === undefined || isHandle(result)
}

/** As it is sent: item by item. */
function isStream(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || isIterator(value))
}

function tooMany(count: number, most: number): DServiceError {
  return invalid({
    summary: `${count} arguments came, and the method takes ${most}`,
    hint: 'leave the others out',
    details: { issues: [{ path: `arguments[${most}]`, message: 'no such argument' }] },
  })
}

function refusal(what: string, issues: readonly Found[], ran: 'no' | 'yes'): DServiceError {
  const named = issues.slice(0, NAMED).map(({ path, message }) => `${path}: ${message}`)
  const rest = issues.length > NAMED ? `; and ${issues.length - NAMED} more` : ''
  const verb = what === 'the answer' ? 'does' : 'do'
  return invalid({
    summary: `${what} of the method ${verb} not fit: ${named.join('; ')}${rest}`,
    hint:
      ran === 'no'
        ? 'its contract says what it takes'
        : 'the service breaks its own contract: tell its owner',
    ran,
    details: { issues: issues.slice(0, MOST_ISSUES) },
  })
}

function foundIn(root: string, issues: readonly Issue[]): Found[] {
  return issues.map(({ path = [], message }) => ({
    path: short(`${root}${path.map(stepOf).join('')}`),
    message: short(String(message)),
  }))
}

function stepOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof segment === 'object' ? segment.key : segment
  if (typeof key === 'number') return `[${key}]`
  const name = String(key)
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
