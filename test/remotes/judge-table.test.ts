/** Pairs of apis, and what TypeScript says of going from one to the other: all in one run of the compiler. */
import { beforeAll, expect, it } from 'vitest'
import { systemClock } from '../../lib/base/clock.js'
import type { Contract } from '../../lib/mesh/contract.js'
import { judgeAll } from '../../lib/remotes/judging/judge.js'
import type { Step, Verdict } from '../../lib/remotes/types.js'
import { ROOT } from '../support/build.js'

/** The members of an api, or its whole text. */
function contract(text: string): Contract {
  const whole = /\bApi\b/.test(text) ? text : `export interface Api { ${text} }`
  return { methods: { f: {} }, types: { root: 'Api', text: whole } }
}

const TREE = 'interface Tree { name: string; sub: Tree[]; up?: Tree }'
const JSON_TYPE = 'type Json = string | number | null | Json[] | { [key: string]: Json }'

// prettier-ignore
const PAIRS: readonly (readonly [what: string, before: string, after: string, step: Step, text?: RegExp])[] = [
  // the same
  ['another name of a parameter', 'f(a: string): string', 'f(b: string): string', 'patch'],
  ['a promise of the same', 'f(a: string): string', 'f(a: string): Promise<string>', 'patch'],
  ['a property instead of a method', 'f(a: string): string', 'f: (a: string) => string', 'patch'],
  ['the order of a union', 'f(a: 1 | 2): 1 | 2', 'f(a: 2 | 1): 2 | 1', 'patch'],
  ['a name for a type', 'f(): { a: 1 }', 'interface R { a: 1 } export interface Api { f(): R }', 'patch'],
  ['an intersection written out', 'f(): { a: 1 } & { b: 2 }', 'f(): { a: 1; b: 2 }', 'patch'],
  ['readonly', 'f(a: string[]): { a: 1 }', 'f(a: readonly string[]): { readonly a: 1 }', 'patch'],
  ['a generator for a stream', 'f(): AsyncIterable<string>', 'f(): AsyncGenerator<string>', 'patch'],
  ['a recursive type', `${TREE} export interface Api { f(t: Tree): Tree }`, `${TREE} export interface Api { f(t: Tree): Tree; }`, 'patch'],
  ['a recursive union', `${JSON_TYPE}; export interface Api { f(j: Json): Json }`, `${JSON_TYPE}; export interface Api { f(j: Json): Json; }`, 'patch'],
  ['a function of itself', 'type F = (f: F) => F; export type Api = { f: F }', 'type G = (f: G) => G; export type Api = { f: G }', 'patch'],
  ['an enum for its values', 'f(): "r" | "b"', 'declare enum C { R = "r", B = "b" } export interface Api { f(): C }', 'patch'],
  ['an enum of numbers', 'f(): 0 | 1', 'declare enum C { R = 0, B = 1 } export interface Api { f(): C }', 'patch'],
  ['a brand', 'f(id: string): string', 'declare const b: unique symbol; type Id = string & { [b]: 1 }; export interface Api { f(id: Id): Id }', 'patch'],
  ['a class with private members', 'export declare class Api { #x: 1; f(): Api }', 'export declare class Api { #y: 1; f(): Api }', 'patch'],
  ['any and unknown', 'f(a: any): any', 'f(a: unknown): unknown', 'patch'],
  ['a list of what is exported', 'interface A { f(): 1 } export { A as Api }', 'export type Api = { f(): 1 }', 'patch'],
  // more
  ['an optional parameter', 'f(a: string): void', 'f(a: string, b?: number): void', 'minor', /^takes more$/],
  ['a wider parameter', 'f(a: string): void', 'f(a: string | number): void', 'minor'],
  ['an optional property to give', 'f(a: { x: 1 }): void', 'f(a: { x: 1; y?: 2 }): void', 'minor'],
  ['a property that need not be given', 'f(a: { x: 1 }): void', 'f(a: { x?: 1 }): void', 'minor'],
  ['a narrower answer', 'f(): string | number', 'f(): string', 'minor', /^says more of what it answers$/],
  ['a property more in the answer', 'f(): { x: 1 }', 'f(): { x: 1; y: 2 }', 'minor'],
  ['an optional property in the answer', 'f(): { x: 1 }', 'f(): { x: 1; y?: 2 }', 'minor'],
  ['an answer where there was none', 'f(): void', 'f(): string', 'minor'],
  ['an answer that is known now', 'f(): any', 'f(): string', 'minor'],
  ['anything for a parameter', 'f(a: string): void', 'f(a: any): void', 'minor'],
  ['an argument more for a callback', 'f(cb: (a: 1) => void): void', 'f(cb: (a: 1, b: 2) => void): void', 'minor'],
  ['a callback that gets less wide', 'f(cb: (a: string | number) => void): void', 'f(cb: (a: string) => void): void', 'minor'],
  ['an overload', 'f(a: string): 1', 'f(a: string): 1; f(a: number): 2', 'minor'],
  ['one for two overloads', 'f(a: string): 1; f(a: number): 1', 'f(a: string | number): 1', 'minor'],
  ['a rest', 'f(a: string): void', 'f(a: string, ...b: string[]): void', 'minor'],
  ['a stream of less', 'f(): AsyncIterable<string | number>', 'f(): AsyncIterable<string>', 'minor'],
  ['a method more in an answer', 'f(): { a(): 1 }', 'f(): { a(): 1; b(): 2 }', 'minor'],
  // less
  ['another parameter', 'f(a: string): void', 'f(a: number): void', 'major', /^takes other arguments: .*'string' is not assignable to type 'number'/],
  ['another parameter of a property', 'f: (a: string | 1) => void', 'f: (a: string) => void', 'major'],
  ['a narrower parameter of a method', 'f(a: string | 1): void', 'f(a: string): void', 'major'],
  ['a parameter more', 'f(a: string): void', 'f(a: string, b: number): void', 'major', /needs 2, and had enough with 1/],
  ['a parameter less', 'f(a: string, b: number): void', 'f(a: string): void', 'major', /takes 1 at most, and took 2/],
  ['a parameter that must be given', 'f(a?: string): void', 'f(a: string): void', 'major'],
  ['a property that must be given', 'f(a: { x: 1 }): void', 'f(a: { x: 1; y: 2 }): void', 'major', /property 'y' is required now/],
  ['another answer', 'f(): string', 'f(): number', 'major', /^answers otherwise: .*'number' is not assignable to type 'string'/],
  ['a wider answer', 'f(): Promise<string>', 'f(): Promise<string | null>', 'major'],
  ['a property less in the answer', 'f(): { x: 1; y: 2 }', 'f(): { x: 1 }', 'major', /property 'y' may be missing now/],
  ['deep in the answer', 'f(): { a: { b: { c: 1 }[] } }', 'f(): { a: { b: { c: 2 }[] } }', 'major', /: a.*c: .*2.*1/],
  ['no answer', 'f(): string', 'f(): void', 'major'],
  ['anything for an answer', 'f(): string', 'f(): any', 'major', /'unknown' is not assignable to type 'string'/],
  ['any was taken', 'f(a: any): void', 'f(a: string): void', 'major'],
  ['any deep inside was taken', 'f(a: { x: any[] }): void', 'f(a: { x: string[] }): void', 'major'],
  ['an argument less for a callback', 'f(cb: (a: 1, b: 2) => void): void', 'f(cb: (a: 1) => void): void', 'major'],
  ['a callback that gets more', 'f(cb: (a: string) => void): void', 'f(cb: (a: string | number) => void): void', 'major'],
  ['a callback that must answer', 'f(cb: () => void): void', 'f(cb: () => string): void', 'major'],
  ['a method of an object that is given', 'f(o: { on(a: string): void }): void', 'f(o: { on(a: string | number): void }): void', 'major'],
  ['a method of an object in the answer', 'f(): { a(x: string | 1): void }', 'f(): { a(x: string): void }', 'major'],
  ['one overload less', 'f(a: string): 1; f(a: number): 2', 'f(a: string): 1', 'major'],
  ['one overload that answers otherwise', 'f(a: string): string; f(a: number): number', 'f(a: string): string; f(a: number): string', 'major'],
  ['two overloads for a union', 'f(a: string | number): 1', 'f(a: string): 1; f(a: number): 1', 'major'],
  ['the first overload, which is a case of the last', 'f(a: "a"): "b"; f(a: string): string', 'f(a: "a"): "c"; f(a: string): string', 'major'],
  ['a bound of a type parameter', 'f<T>(a: T): T', 'f<T extends string>(a: T): T', 'major'],
  ['a stream of more', 'f(): AsyncIterable<string>', 'f(): AsyncIterable<string | 1>', 'major'],
  ['a stream that is taken', 'f(a: AsyncIterable<string | 1>): void', 'f(a: AsyncIterable<string>): void', 'major'],
  ['a Web stream of more', 'f(): ReadableStream<string>', 'f(): ReadableStream<string | 1>', 'major'],
  ['a value for a stream', 'f(): AsyncIterable<string>', 'f(): string[]', 'major'],
  ['a recursive type with more', `${TREE} export interface Api { f(t: Tree): 1 }`, `${TREE.replace('up?', 'up')} export interface Api { f(t: Tree): 1 }`, 'major'],
  ['values of an enum', 'declare enum C { R = "r" } export interface Api { f(): C }', 'declare enum C { R = "r", B = "b" } export interface Api { f(): C }', 'major'],
  ['a Map of others', 'f(): Map<string, number>', 'f(): Map<string, string>', 'major'],
  ['a tuple that is longer', 'f(): [1]', 'f(): [1, 2]', 'major'],
  ['a number where there was none', 'f(): Date', 'f(): number', 'major'],
  ['no method in the types', 'f(): 1', 'g(): 1', 'major'],
  ['a number in its place', 'f(): 1', 'f: number', 'major'],
]

let verdicts: (Verdict | Error)[]

beforeAll(async () => {
  const pairs = PAIRS.map(([, before, after]) => ({ before: contract(before), after: contract(after) }))
  verdicts = await judgeAll(pairs, { folder: ROOT, clock: systemClock })
})

it.each(PAIRS.map(([what, , , step, text], at) => ({ what, step, text, at })))(
  'judge - $what: $step',
  ({ step, text, at }) => {
    const verdict = verdicts[at]
    expect(verdict).toMatchObject({ step })
    const changes = (verdict as Verdict).changes
    expect(changes.map(({ method }) => method)).toEqual(step === 'patch' ? [] : ['f'])
    expect(changes[0]?.text ?? '').toMatch(text ?? /^[^\n]{0,200}$/)
  },
)
