/** Whether callers written against one contract can go on with another: judged by the project's own TypeScript. */
import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { invalid, summaryOf, toError } from '../../base/errors.js'
import { hashOfContract, hashOfMethod, type Contract, type MethodContract } from '../../mesh/contract.js'
import { apiModule, type ApiModule } from '../declarations/declarations.js'
import type { MethodChange, Step, Verdict } from '../types.js'
import { answerOf, assertionsOf, HELPERS, type Complaints, type Question } from './assertions.js'
import {
  atExit,
  compile,
  findCompiler,
  resolveFrom,
  type Bounds,
  type Compiler,
  type Diagnostic,
} from './compiler.js'

/** What judging needs. */
export interface JudgeOptions extends Bounds {
  /** The project whose TypeScript judges: it is looked for from here upwards. */
  readonly folder: string
}

/** Two contracts of one service. */
export interface Pair {
  readonly before: Contract
  readonly after: Contract
}

type Side = keyof Pair

/** A pair of which only the compiler can tell. */
interface Case {
  readonly before: ApiModule
  readonly after: ApiModule
  readonly questions: readonly Question[]
}

const STEPS: readonly Step[] = ['patch', 'minor', 'major']

/**
 * Tells how `after` differs from `before`. Equal hashes are a patch, and removed and added methods are seen, without a compiler; it is
 * needed where the types, or the schemas of a method that has no types, differ.
 * Errors: DS_INVALID without TypeScript 5.8 or newer (`changesByName` needs none), or where the types of one side do not compile
 * (`details.side`: `before` or `after`); DS_TIMEOUT after 20 s of it; DS_CANCELLED; DS_LIMIT.
 */
export async function judge(before: Contract, after: Contract, options: JudgeOptions): Promise<Verdict> {
  const [verdict] = await judgeAll([{ before, after }], options)
  if (verdict instanceof Error) throw verdict
  return verdict ?? { step: 'patch', changes: [] }
}

/**
 * As `judge`, of many pairs by one run of the compiler: an answer for each pair, in their order. An Error where that pair cannot be
 * judged; the others are. Errors: DS_CANCELLED.
 */
export async function judgeAll(pairs: readonly Pair[], options: JudgeOptions): Promise<(Verdict | Error)[]> {
  const cases = pairs.map(caseOf)
  const open = cases.filter((one): one is Case => one !== null && !(one instanceof Error))
  const answers = open.length > 0 ? await askAll(open, options) : []
  const judged = new Map(open.map((one, n) => [one, answers[n] ?? []]))
  return pairs.map((pair, n) => {
    const one = cases[n] ?? null
    const answer = one instanceof Error || one === null ? (one ?? []) : (judged.get(one) ?? [])
    return answer instanceof Error ? answer : verdictOf(pair, answer)
  })
}

/** The methods that only one of two contracts has; needs no compiler. */
export function changesByName({ before, after }: Pair): MethodChange[] {
  const removed = Object.keys(before.methods)
    .filter((method) => !Object.hasOwn(after.methods, method))
    .map((method) => ({ method, step: 'major', kind: 'removed', text: 'is not there any more' }) as const)
  const added = Object.keys(after.methods)
    .filter((method) => !Object.hasOwn(before.methods, method))
    .map((method) => ({ method, step: 'minor', kind: 'added', text: 'is new' }) as const)
  return [...removed, ...added].sort(byName)
}

function byName(a: MethodChange, b: MethodChange): number {
  return a.method < b.method ? -1 : 1
}

function verdictOf(pair: Pair, judged: readonly MethodChange[]): Verdict {
  const changes = new Map([...changesByName(pair), ...judged].map((change) => [change.method, change]))
  for (const change of promisesIn(pair)) {
    const known = changes.get(change.method)
    if (!known || rank(change) > rank(known)) changes.set(change.method, change)
  }
  const sorted = [...changes.values()].sort(byName)
  return { step: STEPS[Math.max(0, ...sorted.map(rank))] ?? 'patch', changes: sorted }
}

function rank({ step }: MethodChange): number {
  return STEPS.indexOf(step)
}

/** What differs of a method that no type says. */
function promisesIn({ before, after }: Pair): MethodChange[] {
  return Object.keys(before.methods).flatMap((method): MethodChange[] => {
    const [old, next] = [before.methods[method], after.methods[method]]
    if (!old || !next || hashOfMethod(old) === hashOfMethod(next)) return []
    const kind = 'changed'
    if (old.idempotent && !next.idempotent) {
      return [{ method, kind, step: 'major', text: 'is not idempotent any more' }]
    }
    if (!old.idempotent && next.idempotent)
      return [{ method, kind, step: 'minor', text: 'is idempotent now' }]
    return [{ method, kind, step: 'patch', text: 'its schemas differ in what no type says' }]
  })
}

/** The methods that only the compiler can compare. */
function questionsOf({ before, after }: Pair): Question[] {
  if (hashOfContract(before) === hashOfContract(after)) return []
  const isTyped = before.types !== undefined || after.types !== undefined
  const isSame =
    isTyped && before.types?.text === after.types?.text && before.types?.root === after.types?.root
  if (isSame) return []
  return Object.entries(before.methods).flatMap(([method, old]) => {
    const next = Object.hasOwn(after.methods, method) ? after.methods[method] : undefined
    if (!next || (!isTyped && schemasOf(old) === schemasOf(next))) return []
    return [{ method, told: [tells(before, old), tells(after, next)] as const }]
  })
}

/** What the compiler is asked of a pair: null where nothing is, an Error where one side has no types that may be compiled. */
function caseOf(pair: Pair): Case | Error | null {
  const questions = questionsOf(pair)
  if (questions.length === 0) return null
  const [before, after] = [moduleOf(pair, 'before'), moduleOf(pair, 'after')]
  if (before instanceof Error) return before
  return after instanceof Error ? after : { before, after, questions }
}

function moduleOf(pair: Pair, side: Side): ApiModule | Error {
  try {
    return apiModule(pair[side])
  } catch (error) {
    return unfit(side, summaryOf(error))
  }
}

function tells({ types }: Contract, { input }: MethodContract): boolean {
  return types !== undefined || input !== undefined
}

function schemasOf({ input, output }: MethodContract): string {
  return hashOfMethod({ ...(input ? { input } : {}), ...(output === undefined ? {} : { output }) })
}

type Answers = (readonly MethodChange[] | Error)[]

async function askAll(cases: readonly Case[], options: JudgeOptions): Promise<Answers> {
  try {
    return await ask(findCompiler(options.folder), cases, options)
  } catch (error) {
    if (options.signal?.aborted) throw error
    return cases.map(() => toError(error))
  }
}

async function ask(compiler: Compiler, cases: readonly Case[], options: JudgeOptions): Promise<Answers> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dservice-judge-'))
  const atEnd = atExit(() => rmSync(folder, { recursive: true, force: true }))
  try {
    await writeProject(folder, cases, options)
    const diagnostics = ofOurs(await compile(compiler, folder, options), secretOf(folder))
    return cases.map((one, n) => answersOf(one, n, diagnostics))
  } finally {
    atEnd[Symbol.dispose]()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Text of a project without the types of Node: what of them an api may name. */
const STAND_IN = `
interface Buffer extends Uint8Array {}
declare namespace NodeJS {
  interface ReadableStream extends AsyncIterable<string | Buffer> { pipe: unknown; read: unknown }
  interface WritableStream { write: unknown; end: unknown }
}
`

/** What files are called by: a type that is shown may have lines that look like complaints, but it cannot know this. */
function secretOf(folder: string): string {
  return `${path.basename(folder)}-`
}

/** The complaints of our files, by the names that these have without the secret. */
function ofOurs(diagnostics: readonly Diagnostic[], secret: string): Diagnostic[] {
  return diagnostics
    .filter(({ file }) => file?.startsWith(secret))
    .map((diagnostic) => ({ ...diagnostic, file: diagnostic.file?.slice(secret.length) ?? null }))
}

async function writeProject(
  folder: string,
  cases: readonly Case[],
  { folder: project }: JudgeOptions,
): Promise<void> {
  const files: Record<string, string> = { 'helpers.d.mts': HELPERS }
  const secret = secretOf(folder)
  cases.forEach(({ before, after, questions }, n) => {
    files[`${secret}before-${n}.d.mts`] = before.text
    files[`${secret}after-${n}.d.mts`] = after.text
    files[`${secret}assert-${n}.mts`] = assertionsOf(questions, {
      helpers: './helpers.mjs',
      before: { module: `./${secret}before-${n}.mjs`, root: before.root },
      after: { module: `./${secret}after-${n}.mjs`, root: after.root },
    })
  })
  // the types of Node are some hundred files: only for those who name them
  const needsNode = Object.entries(files).some(
    ([file, text]) => file !== 'helpers.d.mts' && /\b(Buffer|NodeJS)\b/.test(text),
  )
  const node = needsNode ? resolveFrom(project, '@types/node/package.json') : null
  if (needsNode && node === null) files['globals.d.ts'] = STAND_IN
  files['tsconfig.json'] = JSON.stringify(configOf(node, Object.keys(files)))
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text)
}

function configOf(node: string | null, files: readonly string[]): object {
  return {
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable', 'dom', 'dom.asynciterable'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      // what was declared is checked, and what TypeScript brings along is not
      skipDefaultLibCheck: true,
      types: node === null ? [] : ['node'],
      ...(node === null ? {} : { typeRoots: [path.dirname(path.dirname(node))] }),
    },
    files,
  }
}

function answersOf(
  { questions }: Case,
  n: number,
  diagnostics: readonly Diagnostic[],
): readonly MethodChange[] | Error {
  for (const side of ['before', 'after'] as const) {
    const wrong = diagnostics.find(({ file }) => file === `${side}-${n}.d.mts`)
    if (wrong) return unfit(side, `line ${wrong.line}: ${wrong.lines[0] ?? ''}`)
  }
  const complaints: Complaints = new Map(
    diagnostics.filter(({ file }) => file === `assert-${n}.mts`).map(({ line, lines }) => [line, lines]),
  )
  return questions.flatMap((question, at) => answerOf(question, at, complaints) ?? [])
}

function unfit(side: Side, why: string): Error {
  const which = side === 'before' ? 'earlier' : 'later'
  return invalid({
    summary: `the types of the ${which} contract do not compile: ${why.slice(0, 300)}`,
    hint: 'whoever serves it mends the declaration file that `dservice.types` of its package.json names',
    details: { side },
  })
}
