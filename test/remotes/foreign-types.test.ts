/** Declarations of a peer: what is an api passes, and nothing that reaches for another file, another module or the compiler. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkTypes } from '../../lib/remotes/index.js'
import { compileProject } from '../support/compile.js'

const API = 'export interface Api { a(): void }\n'
const check = (text: string, root = 'Api'): void => checkTypes({ root, text })

const FINE: readonly (readonly [string, string])[] = [
  ['an interface', API],
  ['a type', 'export type Api = { a(): void }\n'],
  ['a class', 'export declare abstract class Api { #secret; a(): void }\n'],
  ['one that is exported at the end', 'interface Api { a(): void }\nexport { type Api }\n'],
  ['one of another name', 'interface Own { a(): void }\nexport type { Own as Api, Own }\n'],
  [
    'words in comments and texts',
    `// import 'x' from 'y'\n/* declare global {} */\n${API}export type T = "import('x')" | 'it\\'s' | "declare module 'x' {}"\n`,
  ],
  [
    'members with such names',
    'export interface Api { import(a: string): void; import<T>(a: T): T; from: string; module(): void; global: 1; require(x: string): void; export: 1; declare?: 2 }\n',
  ],
  ['templates', 'export type T<A extends string> = `a${A}b${`c${A}`}d`\n' + API],
  ['a template with quotes in it', 'export type T = `it\'s "so" // not /* a comment`\n' + API],
  [
    'overloads, mapped and conditional types',
    `${API}export type M<T> = { readonly [K in keyof T]-?: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never }\n`,
  ],
  ['numbers', `${API}export type N = 0xff | 1_000 | 1.5e-3 | 10n | -1\n`],
  ['a namespace', `${API}export declare namespace Inner { interface A { b: string } }\n`],
  ['other scripts', `${API}/** Grüße,\u3000世界 */ export type T = "ümlaut\u3000世界"\n`],
  ['words of other scripts', `${API}export interface Größe { größe: 大きさ }\nexport type 大きさ = number\n`],
]

it.each(FINE)('types - %s may be', (_, text) => {
  check(text)
})

it('types - what may be compiles', () => {
  const main = FINE.map((_, i) => `export type { Api as Api${i} } from './a${i}.mjs'\n`).join('')
  const files = FINE.map(([, text], i) => [`a${i}.d.mts`, text])
  using project = compileProject({ 'main.mts': main, ...Object.fromEntries(files) } as Record<string, string>)
  expect(project.errors()).toEqual([])
})

it.each<[string, string, RegExp]>([
  [
    'an import',
    `import { x } from 'x'\n${API}`,
    /^line 1 of the types imports another module\. The types of a service are declarations alone/,
  ],
  ['an import for its effect', `import 'x'\n${API}`, /line 1 .* imports another module/],
  ['an import of types', `\nimport type X from 'x'\n${API}`, /line 2 .* imports another module/],
  ['an import by require', `import x = require('x')\n${API}`, /imports another module/],
  ['an import of a type', `export type Api = import('x').Api\n`, /imports another module/],
  ['one behind a comment', `export type Api = import/* */(/* */"x").Api\n`, /imports another module/],
  ['one in a template', 'export type Api = { a: `${import("x").A}` }\n', /imports another module/],
  ['one with a template', 'export type Api = import(`x`)\n', /imports another module/],
  ['one that is escaped', `export type Api = \\u0069mport('x').Api\n`, /has a \\ that begins nothing/],
  ['one behind a number', `export type Api = 0ximport('x').Api\n`, /has a number that is none/],
  ['import.meta', `${API}export declare const m: typeof import.meta\n`, /imports another module/],
  [
    'an export of a module',
    `${API}export * from 'x'\n`,
    /line 2 of the types exports what is no declaration of its own/,
  ],
  [
    'an export of some of a module',
    `${API}export { x } from 'x'\n`,
    /line 2 of the types takes something from another module/,
  ],
  ['an export of a whole', `${API}declare const x: Api\nexport = x\n`, /exports what is no declaration/],
  ['an export as a global', `${API}export as namespace Evil\n`, /exports what is no declaration/],
  [
    'declare global',
    `${API}declare global { interface Array<T> { evil: T } }\n`,
    /declares something for all files/,
  ],
  [
    'declare global on two lines',
    `${API}declare // really\nglobal { }\n`,
    /line 3 of the types declares something for all files/,
  ],
  ['a module', `${API}declare module 'fs' { }\n`, /declares another module/],
  ['a module without declare', `${API}module "fs" { }\n`, /declares another module/],
  ['an old namespace', `${API}declare module fs { }\n`, /declares another module/],
  ['require', `${API}declare const x: typeof require('x')\n`, /requires another module/],
  [
    'a reference',
    `/// <reference path="../../secret.d.ts" />\n${API}`,
    /line 1 of the types gives orders to a compiler/,
  ],
  ['a reference to types', `${API}///<reference types="node"/>\n`, /line 2 .* gives orders/],
  ['no check', `// @ts-nocheck\n${API}`, /gives orders/],
  ['an ignored line', `/* @ts-ignore */ ${API}`, /gives orders/],
  ['a pragma', `/** @jsxImportSource x */ ${API}`, /gives orders/],
  [
    'an end of a comment in a merge',
    `${API}<<<<<<< /*\nimport 'x'\n*/`,
    /line 2 of the types has a character or a mark/,
  ],
  ['another one', `${API}======= '\nimport 'x'\n`, /has a character or a mark/],
  ['a line end of some', `${API}// \u2028 import 'x'\n`, /line 2 .* has a character or a mark/],
  ['blanks of some', `${API}declare\u3000module\u3000'dservice' { }\n`, /line 2 .* has a character that no/],
  ['others of them', `${API}export\u2003*\u2003from\u2003'x'\n`, /has a character that no declaration/],
  ['a letter between', `${API}٣import 'x'\n`, /line 2 .* imports another module/],
  ['a program', `#!/*\n declare global { } /**/\n${API}`, /line 1 .* has a character or a mark/],
  ['one behind a mark', `\uFEFF#!/*\n declare global { } /**/\n${API}`, /has a character or a mark/],
  ['text that runs backwards', `${API}// \u202e evil\n`, /has a character or a mark/],
  ['a regular expression', `${API}export const x = /'/; import 'x' // '\n`, /has a \/ that begins nothing/],
  ['a comment that does not end', `${API}/* `, /has a \/ that begins nothing/],
  [
    'a text that does not end',
    `${API}export type T = 'a\n`,
    /line 2 of the types has a ' that begins nothing/,
  ],
  ['a template that does not end', `${API}export type T = \`a\${'b'}\n`, /template that does not end/],
  ['a bracket that does not end', `${API}export type T = {\n`, /brackets are still open/],
  ['a bracket that closes nothing', `${API}}\n`, /has a } that closes nothing/],
  ['brackets that cross', `${API}export type T = { ( } )\n`, /has a } that closes nothing/],
  ['far too many brackets', `${API}export type T = ${'['.repeat(50_000)}`, /more than 100 brackets/],
  ['far too many angles', `${API}export type T = ${'A<'.repeat(50_000)}`, /more than 100 brackets/],
  [
    'no root',
    `export interface Other { a(): void }\n`,
    /^the types do not export Api\. Declare it there: export interface Api/,
  ],
  ['a root that is not exported', `interface Api { a(): void }\nexport {}\n`, /do not export Api/],
  ['a root that is a default', `export default interface Api { a(): void }\n`, /do not export Api/],
  [
    'a root within',
    `export declare namespace N { export interface Api { a(): void } }\n`,
    /do not export Api/,
  ],
  ['a root that is a value', `export declare const Api: { a(): void }\n`, /do not export Api/],
  ['a root with parameters', `export interface Api<T> { a(): T }\n`, /gives parameters to Api/],
  ['nothing', '', /do not export Api/],
])('types - %s may not be', (_, text, why) => {
  expect(() => check(text)).toThrow(why)
})

it('types - what passes makes no compiler look for another file', () => {
  const seed = 5
  const part = fc.constantFrom(
    ...[
      'import',
      'export',
      'from',
      'require',
      'declare',
      'module',
      'namespace',
      'global',
      'type',
      'typeof',
      'as',
      'default',
    ],
    ...[
      "'x'",
      '"x"',
      '`x`',
      "'",
      '"',
      '`',
      '${',
      '}',
      '{',
      '(',
      ')',
      '<',
      '>',
      '[',
      ']',
      '*',
      '=',
      ':',
      ';',
      ',',
      '.',
      '|',
      '=>',
    ],
    ...[
      '/*',
      '*/',
      '//',
      '///',
      '/',
      '\\',
      '\n',
      '\n',
      ' ',
      ' ',
      '\u0085',
      '\uFEFF',
      '\u00a0',
      '0',
      '1e',
      '0x',
      'A',
      'é',
      '#',
    ],
    ...[
      '\\u0069mport',
      '<reference path="x" />',
      '=======',
      '<<<<<<< ',
      '|||||||',
      "import('x')",
      "import 'x'",
      "from 'x'",
      'Api',
    ],
  )
  const texts = fc
    .sample(fc.array(part, { minLength: 1, maxLength: 12 }), { numRuns: 20_000, seed })
    .map((parts) => parts.join(''))
  const passed = texts
    .map((text) => API + text)
    .filter((text) => {
      try {
        check(text)
        return /import|from|module|require|reference/.test(text)
      } catch {
        return false
      }
    })
  expect(passed.length).toBeGreaterThan(200)
  const files = passed.map((text, i) => [`a${i}.d.mts`, text] as const)
  using project = compileProject(Object.fromEntries(files))
  const looked = project
    .trace()
    .filter(
      (line) =>
        /Resolving (module|type)|TS6053|TS2307/.test(line) &&
        !/\/node_modules\/|typeRoots|__inferred/.test(line),
    )
  expect(looked).toEqual([])
})
