/** Contracts as types: they compile in a strict project, they say what the schemas say, and nothing of a peer escapes from them. */
import { toJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import fc from 'fast-check'
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { apiModule, lockOf, openProject } from '../../lib/remotes/index.js'
import type { Contract, JsonSchema } from '../../lib/mesh/contract.js'
import { compileProject, type Compiled } from '../support/compile.js'

/** The type that a schema becomes as the result of a method `m`, and what it needs besides. */
function typed(output: JsonSchema): string {
  const { text } = apiModule({ methods: { m: { output } } })
  return text
    .replace('export interface Api {\n  "m"(...args: unknown[]): ', '')
    .replace(/\n\}\n/, '')
    .replaceAll(/\n */g, ' ')
    .trim()
}

it.each<[JsonSchema, string]>([
  [true, 'unknown'],
  [{}, 'unknown'],
  [false, 'never'],
  [{ type: 'integer' }, 'number'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ type: 'string', nullable: true }, 'string | null'],
  [{ type: 'string', format: 'date-time', pattern: '^x' }, 'string'],
  [{ type: 'bigint' }, 'unknown'],
  [{ const: 'a"b' }, '"a\\"b"'],
  [{ enum: [1, 'a', null, true, { a: [1] }, 1] }, '1 | "a" | null | true | { "a": [1] }'],
  [{ enum: [] }, 'never'],
  [{ type: 'array', items: { type: ['string', 'number'] } }, '(string | number)[]'],
  [{ type: 'array' }, 'unknown[]'],
  [{ type: 'array', items: false }, '[]'],
  [{ type: 'array', prefixItems: [{ type: 'string' }, {}], items: false }, '[string, unknown]'],
  [
    { type: 'array', prefixItems: [{ type: 'string' }, {}], minItems: 1, items: { type: 'null' } },
    '[string, unknown?, ...null[]]',
  ],
  [
    { type: 'array', items: [{ type: 'string' }], additionalItems: { type: 'number' } },
    '[string, ...number[]]',
  ],
  [{ type: 'object' }, '{ [name: string]: unknown }'],
  [{ type: 'object', additionalProperties: false }, '{ [name: string]: never }'],
  [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [name: string]: number }'],
  [
    { type: 'object', patternProperties: { '^a': { type: 'number' } }, additionalProperties: false },
    '{ [name: string]: number }',
  ],
  [
    { properties: { 'a b': { type: 'number' }, c: true }, required: ['c'] },
    '{ "a b"?: number "c": unknown }',
  ],
  [
    { type: 'object', properties: { a: { type: 'number' } }, additionalProperties: { type: 'string' } },
    '{ "a"?: number [name: string]: unknown }',
  ],
  [
    { type: 'object', required: ['a'], additionalProperties: { type: 'string' } },
    '{ "a": string [name: string]: string }',
  ],
  [{ anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'string' }] }, 'string | number'],
  [{ oneOf: [{ type: 'string' }, {}] }, 'unknown'],
  [
    {
      allOf: [{ $ref: '#/$defs/a' }, { anyOf: [{ type: 'string' }, { type: 'null' }] }],
      $defs: { a: { type: 'string' } },
    },
    'A & (string | null) export type A = string',
  ],
  [{ not: { type: 'string' } }, 'unknown'],
  [{ if: {}, then: {}, else: {} }, 'unknown'],
  [{ $ref: 'https://example.com/schema' }, 'unknown'],
  [{ $ref: '#/nowhere' }, 'unknown'],
  [{ $ref: '#/$defs/__proto__' }, 'unknown'],
  [{ $ref: '#' }, 'unknown'],
  [
    {
      $ref: '#/$defs/a',
      $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }, { type: 'null' }] }, b: { $ref: '#/$defs/a' } },
    },
    'unknown',
  ],
  [{ $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'null' } } }, 'A1b20c export type A1b20c = null'],
  [{ $ref: '#/$defs/0', $defs: { 0: { type: 'null' } } }, 'MResult0 export type MResult0 = null'],
  [{ $ref: '#/$defs/api', $defs: { api: { type: 'null' } } }, 'Api2 export type Api2 = null'],
])('declarations - %j is %s', (schema, text) => {
  expect(typed(schema)).toBe(text)
})

it('declarations - an argument is optional where its schema says so and all behind it are', () => {
  const types = (...input: JsonSchema[]): string =>
    /\((.*)\)/.exec(apiModule({ methods: { m: { input } } }).text)?.[1] ?? ''
  const number = { type: 'number' }
  const optional = { ...number, optional: true }
  expect(types(number, { ...number, default: 1 }, optional)).toBe(
    'arg0: number, arg1?: number, arg2?: number',
  )
  expect(types(optional, number, {})).toBe('arg0: number, arg1: number, arg2: unknown')
  expect(types({ optional: true })).toBe('arg0?: unknown')
  expect(types()).toBe('')
})

it('declarations - a definition that refers to itself is a type with a name', () => {
  const Node = z.object({
    name: z.string(),
    get kids() {
      return z.array(Node)
    },
  })
  const output = z.toJSONSchema(Node) as JsonSchema
  expect(typed(output)).toBe(
    '{ "kids": MResult[] "name": string } export type MResult = { "kids": MResult[] "name": string }'.replace(
      /"kids": MResult\[\] "name": string/g,
      '"name": string "kids": MResult[]',
    ),
  )
})

it('declarations - schemas that double with each definition stay small, as deep ones do', () => {
  const $defs = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `d${i}`,
      { type: 'array', prefixItems: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  )
  expect(typed({ $ref: '#/$defs/d0', $defs }).length).toBeLessThan(4_000)
  let deep: JsonSchema = { type: 'string' }
  for (let i = 0; i < 200; i++) deep = { type: 'object', properties: { a: deep } }
  expect(typed(deep)).toContain('"a"?: unknown')
})

it('declarations - what a schema says again and again is told so often, and no more', () => {
  const long = { enum: Array.from({ length: 5_000 }, (_, i) => `value ${i}`) }
  const names = Array.from({ length: 2_000 }, (_, i) => `name${i}`)
  const once = typed({ type: 'object', properties: { a: long } }).length
  const types = Array.from({ length: 10_000 }, () => 'object')
  expect(typed({ type: types, properties: { a: long } })).toHaveLength(once)
  const each = typed({ type: 'object', required: names, additionalProperties: long })
  expect(each.length).toBeLessThan(10 * once)
  expect(each).toContain('"name1": "value 0" |')
  expect(each).toContain('"name1999": unknown')
})

it('declarations - of a way from reference to reference that is far too long no end is looked for', () => {
  const names = Array.from({ length: 5_000 }, (_, i) => `d${i}`)
  const $defs = Object.fromEntries(names.map((name, i) => [name, { $ref: `#/$defs/d${i + 1}` }]))
  const before = process.cpuUsage()
  expect(typed({ $ref: '#/$defs/d0', $defs })).toContain('unknown')
  // it took a minute
  expect(process.cpuUsage(before).user).toBeLessThan(10_000_000)
})

// --- in a project

const User = z
  .object({
    id: z.int().describe('ends */ import("x") here\n@ts-nocheck'),
    tag: z.enum(['a', 'b']).nullable(),
    when: z.string().optional(),
    by: z.record(z.string(), z.number()),
    pair: z.tuple([z.string(), z.number()]),
    left: z.number().default(3),
  })
  .meta({ id: 'User' })
const input = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
const output = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema) as JsonSchema

const SCHEMAS: Contract = {
  methods: {
    'users.find': {
      description: 'Finds one.',
      idempotent: true,
      input: [input(z.string()), input(z.number().default(1))],
      output: output(User),
    },
    'users.save': { input: [input(User)], output: true },
    json: { input: [], output: output(z.json()) },
    valibot: {
      output: toJsonSchema(
        v.object({ a: v.nullable(v.picklist(['x', 'y'])), t: v.tuple([v.string(), v.number()]) }),
      ) as JsonSchema,
    },
    arktype: {
      output: type({ name: 'string', 'age?': 'number', tags: 'string[]' }).toJsonSchema() as JsonSchema,
    },
    'new.constructor-like': {},
    transform: { input: [{ type: 'string' }], output: { type: 'string' } },
  },
}
const NAMES: Contract = { methods: { transform: {}, 'users.find': {} } }
const OWN: Contract = {
  methods: { transform: {} },
  types: {
    root: 'Images',
    text: [
      '/** Said by the service: "import" and from \'x\' in a text are words. */',
      'export interface Size { readonly width: number }',
      'export declare class Hidden { #secret: string }',
      'export type Kind = `image/${"png" | "jpeg"}`',
      'export interface Images {',
      '  scale(image: Uint8Array, size: Size): Promise<Kind>',
      '  import(from: string): void',
      '  readonly module: { list(): AsyncIterable<Size> }',
      '}',
      '',
    ].join('\n'),
  },
}

const MAIN = `
import d1, { type Api } from '#remote/d1'
import names from '#remote/names'
import img, { type Size } from '#remote/@acme/img'
import absent from '#remote/absent'
import type { RemoteServices } from 'dservice'

const user = await d1.users.find('a')
const id: number = user.id
const tag: 'a' | 'b' | null = user.tag
const pair: [string, number] = user.pair
await d1.users.find('a', 2)
await d1.users.save({ id, tag, by: {}, pair })
const text: string = await d1.transform('beep')
const t: [string, number] = (await d1.valibot()).t
const tags: string[] = (await d1.arktype()).tags
await d1.new['constructor-like'](1, 'a', () => 5)
const some: unknown = await names.users.find(1, 2, {})
const size: Size = { width: 5 }
const kind: 'image/png' | 'image/jpeg' = await img.scale(new Uint8Array(), size)
for await (const each of await img.module.list()) each.width.toFixed()
absent.anything.at.all(1)
type Same<A, B> = [A, B] extends [B, A] ? true : false
const same: Same<RemoteServices['d1'], Api> = true
const scoped: ReturnType<RemoteServices['@acme/img']['import']> = undefined
export { id, text, t, tags, some, kind, same, scoped }
`

const COMMON = `
import d1 = require('#remote/d1')
import type { Api } from '#remote/d1'
const text: Promise<string> = d1.transform('beep')
const api: Api['transform'] = (s) => s
export = { text, api }
`

const PLAIN = `
const d1 = require('#remote/d1')
/** @type {Promise<string>} */
const text = d1.transform('beep')
module.exports = { text }
`

/** A project with these contracts. */
function consumer(files: Readonly<Record<string, string>>, kind: 'module' | 'commonjs' = 'module'): Compiled {
  const compiled = compileProject({ 'package.json': `{ "type": "${kind}" }\n`, ...files })
  const project = openProject(compiled.folder)
  const found = { d1: SCHEMAS, names: NAMES, '@acme/img': OWN }
  project.addImports()
  for (const name of [...Object.keys(found), 'absent']) project.declare(name, '^1')
  const remotes = Object.entries(found).map(([name, contract]) => [
    name,
    lockOf({ declaration: { range: '^1' }, version: '1.0.0', contract, rely: {} }),
  ])
  project.writeLock({ lockfileVersion: 1, remotes: Object.fromEntries(remotes) as never })
  expect(project.generate().remotes).toEqual([
    { name: '@acme/img', from: 'types', problem: null },
    { name: 'absent', from: 'nothing', problem: null },
    { name: 'd1', from: 'schemas', problem: null },
    { name: 'names', from: 'names', problem: null },
  ])
  return compiled
}

it('declarations - a strict project compiles against them, as a module and from CommonJS', () => {
  using project = consumer({ 'main.mts': MAIN, 'common.cts': COMMON })
  expect(project.errors()).toEqual([])
})

it('declarations - so does a package that is CommonJS, with types and without', () => {
  using project = consumer({ 'main.mts': MAIN, 'common.ts': COMMON, 'plain.cjs': PLAIN }, 'commonjs')
  expect(project.errors()).toEqual([])
})

it('declarations - what the contract does not promise does not compile', () => {
  const wrong = [
    `await d1.transform(3)`,
    `await d1.transfrom('beep')`,
    `await d1.users.find()`,
    `await d1.users.save({ id: 1 })`,
    `const s: number = await d1.transform('beep')`,
    `await names.nothing()`,
    `const n: number = await names.transform()`,
    `await d1.json(1)`,
  ]
  const head = `import d1 from '#remote/d1'\nimport names from '#remote/names'\n`
  using project = consumer({
    'main.mts': head + wrong.map((line, i) => line.replace('const ', `export const x${i}`)).join('\n'),
  })
  const lines = project.errors().map((line) => Number(/^main\.mts\((\d+),/.exec(line)?.[1]))
  expect([...new Set(lines)]).toEqual(wrong.map((_, i) => i + 3))
})

it('declarations - whatever a schema says, it compiles, and what a peer says stays data', () => {
  const nasty = fc.constantFrom(
    '*/',
    '"',
    "'",
    '`',
    '${',
    '\\',
    '\n',
    '\u2028',
    '};',
    '/*',
    'import("x")',
    '// @ts-nocheck',
    '__proto__',
    'constructor',
    ' ',
  )
  const text = fc
    .array(fc.oneof(nasty, fc.string({ unit: 'grapheme' })), { maxLength: 5 })
    .map((parts) => parts.join(''))
  const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      fc.boolean(),
      fc.record({ type: fc.constantFrom('string', 'integer', 'null', 'odd') }),
      fc.record({ const: fc.jsonValue({ maxDepth: 2 }) }),
      fc.record({
        enum: fc.array(fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true })), { maxLength: 3 }),
      }),
      fc.record({ $ref: fc.constantFrom('#', '#/$defs/a', '#/properties/x', '#/anyOf/0', '#/allOf/1') }),
      fc.record(
        {
          type: fc.constant('object'),
          description: text,
          properties: fc.dictionary(text, tie('schema')),
          required: fc.array(text),
          additionalProperties: tie('schema'),
        },
        { requiredKeys: ['type'] },
      ),
      fc.record(
        {
          type: fc.constant('array'),
          prefixItems: fc.array(tie('schema'), { maxLength: 3 }),
          items: tie('schema'),
          minItems: fc.nat(4),
        },
        { requiredKeys: ['type'] },
      ),
      fc.record(
        { anyOf: fc.array(tie('schema'), { maxLength: 3 }), $defs: fc.record({ a: tie('schema') }) },
        { requiredKeys: ['anyOf'] },
      ),
      fc.record(
        { allOf: fc.array(tie('schema'), { maxLength: 3 }), nullable: fc.boolean() },
        { requiredKeys: ['allOf'] },
      ),
    ) as fc.Arbitrary<JsonSchema>,
  }))
  const contracts = fc.sample(
    fc.record({
      methods: fc.dictionary(
        text,
        fc.record({ description: text, input: fc.array(schema, { maxLength: 3 }), output: schema }),
        { maxKeys: 4 },
      ),
    }),
    { numRuns: 150, seed: 11 },
  )
  // with a mistake of ours at its end: a file that the compiler passes over would have none
  const files = contracts.map((contract, i) => [
    `a${i}.d.mts`,
    `${apiModule(contract).text}export type Odd = Nowhere\n`,
  ])
  using project = compileProject(Object.fromEntries(files) as Record<string, string>)
  const errors = project.errors().map((line) => line.replace(/\(.*error /, ': '))
  expect(errors.sort()).toEqual(files.map(([file]) => `${file}: TS2304: Cannot find name 'Nowhere'.`).sort())
})
