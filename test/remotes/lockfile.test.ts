/** dservice-lock.json: the same lock is the same text, branches merge as text does, and what was edited by hand is seen. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import {
  contractOf,
  EMPTY_LOCK,
  formatLock,
  lockedIn,
  lockOf,
  readLock,
  salvageLock,
} from '../../lib/remotes/index.js'
import type { Contract, JsonSchema } from '../../lib/mesh/contract.js'
import { canonical } from '../../lib/mesh/contract.js'
import type { Lock } from '../../lib/remotes/index.js'
import { need } from '../support/need.js'

const folder = mkdtempSync(path.join(tmpdir(), 'dservice-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const entry = (contract: Contract, version = '1.2.0'): Lock['remotes'][string] =>
  lockOf({ declaration: { range: '^1' }, version, contract, rely: { d0: '^1' } })
const lock = (remotes: Record<string, Contract>): Lock => ({
  lockfileVersion: 1,
  remotes: Object.fromEntries(Object.entries(remotes).map(([name, contract]) => [name, entry(contract)])),
})

const D1: Contract = {
  methods: {
    'users.find': {
      description: 'Finds.',
      idempotent: true,
      input: [{ type: 'string' }, true],
      output: { type: 'object' },
    },
    transform: {},
  },
  types: { root: 'Api', text: 'export interface Api {\n  transform(s: string): string\n}\n' },
}

it('lock - shows what a service says, and does not obey it', () => {
  const evil = 'a\u202eb\u009b31m\u2066\ufeff'
  const d1: Contract = { methods: { f: { description: evil, output: { const: evil } } } }
  const text = formatLock(lock({ d1 }))
  expect(text).toContain('"description": "a\\u202eb\\u009b31m\\u2066\\ufeff"')
  expect(text).not.toMatch(/[^\n -~]/)
  expect(readLock('/web/dservice-lock.json', text)).toEqual(lock({ d1 }))
})

// --- what is written is what is read

const name = fc
  .stringMatching(/^(@[a-z0-9][a-z0-9._~-]{0,5}\/)?[a-z0-9][a-z0-9._~-]{0,8}$/)
  // objects have whole numbers first, whatever the order: so has the lock
  .filter((text) => text !== 'node_modules' && !/^\d+$/.test(text))
const methodPath = fc
  .array(fc.stringMatching(/^[a-zäß_][\w -]{0,6}$/), { minLength: 1, maxLength: 3 })
  .map((names) => names.map((each) => `m${each}`).join('.'))
const schema: fc.Arbitrary<JsonSchema> = fc
  .oneof(
    fc.boolean(),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 3 }),
    ) as fc.Arbitrary<JsonSchema>,
  )
  .filter((value) => !canonical(value).includes('"__proto__"'))
const method = fc.record(
  {
    description: fc.string(),
    idempotent: fc.constant(true as const),
    input: fc.array(schema, { maxLength: 3 }),
    output: schema,
  },
  { requiredKeys: [] },
)
const types = fc.record({
  root: fc.constant('Api'),
  text: fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\r', '')),
})
const contract: fc.Arbitrary<Contract> = fc.record(
  { methods: fc.dictionary(methodPath, method, { maxKeys: 5 }), types },
  { requiredKeys: ['methods'] },
)

it('lock - what was written is read, and written again as it was', () => {
  fc.assert(
    fc.property(fc.dictionary(name, contract, { maxKeys: 4 }), (remotes) => {
      const text = formatLock(lock(remotes))
      const read = readLock('dservice-lock.json', text)
      expect(formatLock(read)).toBe(text)
      for (const [of, promised] of Object.entries(remotes)) {
        const locked = lockedIn(read, of)
        expect(canonical(locked && contractOf(locked))).toBe(canonical(promised))
      }
    }),
    { numRuns: 300 },
  )
})

it('lock - its text is sorted, whatever the order was in which it was made', () => {
  const text = formatLock(lock({ b: D1, '@a/c': D1, a: { methods: {} } }))
  expect(
    formatLock(
      lock({
        a: { methods: {} },
        '@a/c': D1,
        b: { ...D1, methods: Object.fromEntries(Object.entries(D1.methods).reverse()) },
      }),
    ),
  ).toBe(text)
  expect(Object.keys(readLock('l', text).remotes)).toEqual(['@a/c', 'a', 'b'])
  expect(text).toMatch(/^\{\n {2}"lockfileVersion": 1,\n[^\r]*\}\n$/)
  expect(text).toContain(
    '\n          "export interface Api {",\n          "  transform(s: string): string",\n',
  )
})

it('lock - sorted by hand or not, it is read', () => {
  const { remotes } = lock({ a: D1, b: D1 })
  const text = JSON.stringify({ remotes: { b: remotes['b'], a: remotes['a'] }, lockfileVersion: 1 })
  expect(formatLock(readLock('l', text))).toBe(formatLock(lock({ a: D1, b: D1 })))
})

it('lock - a service may be called as what objects have', () => {
  expect(lockedIn(EMPTY_LOCK, 'constructor')).toBeNull()
  const read = readLock('l', formatLock(lock({ constructor: D1 } as unknown as Record<string, Contract>)))
  expect(lockedIn(read, 'constructor')?.version).toBe('1.2.0')
})

// --- branches

/** What `git merge` makes of three texts; null: it leaves the decision to people. */
function merged(ours: string, base: string, theirs: string): { text: string; isClean: boolean } {
  const files = { ours, base, theirs }
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text)
  const { stdout, status } = spawnSync('git', ['merge-file', '-p', 'ours', 'base', 'theirs'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { text: stdout, isClean: status === 0 }
}

it.skipIf(!need.git().ok)('lock - two branches that add remotes in different places merge', () => {
  const remotes = fc.record({
    common: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    ours: name,
    theirs: name,
    contracts: fc.tuple(contract, contract, contract),
  })
  let clean = 0
  fc.assert(
    fc.property(remotes, ({ common, ours, theirs, contracts: [a, b, c] }) => {
      const place = (of: string): number => common.filter((other) => other < of).length
      fc.pre(place(ours) !== place(theirs) && !common.includes(ours) && !common.includes(theirs))
      const base = Object.fromEntries(common.map((of) => [of, a]))
      const text = (more: Record<string, Contract>): string => formatLock(lock({ ...base, ...more }))
      const result = merged(text({ [ours]: b }), text({}), text({ [theirs]: c }))
      expect(result).toEqual({ isClean: true, text: text({ [ours]: b, [theirs]: c }) })
      clean++
    }),
    { numRuns: 60 },
  )
  expect(clean).toBeGreaterThan(30)
})

it.skipIf(!need.git().ok)(
  'lock - two branches that add remotes in one place are left to people, and the reader says so',
  () => {
    const text = (more: Record<string, Contract>): string => formatLock(lock({ a: D1, ...more }))
    const result = merged(text({ b: D1 }), text({}), text({ c: D1 }))
    expect(result.isClean).toBe(false)
    expect(() => readLock('dservice-lock.json', result.text)).toThrow(
      /^dservice-lock\.json:\d+:1: a merge left both sides here\. Resolve it, or run dservice install$/,
    )
  },
)

it.skipIf(!need.git().ok)(
  'lock - two branches that change different methods, or lines of types, of one remote differ in its hashes alone',
  () => {
    const change = (path: string): string =>
      formatLock(lock({ a: { methods: { ...D1.methods, [path]: { idempotent: true } } } }))
    const result = merged(change('aa'), formatLock(lock({ a: { methods: D1.methods } })), change('zz'))
    expect(result.text.match(/^<{7}/gm)).toHaveLength(1)
    const resolved = result.text.replaceAll(/^(<{7}.*\n)|^={7}\n[^]*?^>{7}.*\n/gm, '')
    // whoever picks one of the two hashes is told that it is of something else
    expect(() => readLock('l', resolved)).toThrow(/the hash of the contract of a is of something else/)
  },
)

it.skipIf(!need.git().ok)(
  'lock - of what a merge left undecided both sides are saved, of one remote the higher version',
  () => {
    const of = (versions: Record<string, string>): string =>
      formatLock({
        lockfileVersion: 1,
        remotes: Object.fromEntries(
          Object.entries(versions).map(([each, version]) => [each, entry(D1, version)]),
        ),
      })
    const base = of({ a: '1.0.0' })
    for (const [ours, theirs] of [
      [of({ a: '1.2.0', b: '1.0.0' }), of({ a: '1.10.0', c: '1.0.0' })],
      [of({ a: '1.10.0', c: '1.0.0' }), of({ a: '1.2.0', b: '1.0.0' })],
    ] as const) {
      const { text, isClean } = merged(ours, base, theirs)
      expect(isClean).toBe(false)
      expect(salvageLock('l', text)).toEqual({
        lock: readLock('l', of({ a: '1.10.0', b: '1.0.0', c: '1.0.0' })),
        lost: [],
      })
      expect(salvageLock('l', text.replaceAll('\n', '\r\n')).lost).toEqual([])
    }
  },
)

it('lock - of one that was edited by hand the rest is saved; a newer one is not ours', () => {
  const text = formatLock(lock({ a: D1, b: { methods: { x: { idempotent: true } } } }))
  const edited = text.replace('"transform": {', '"transform": { "idempotent": true,')
  expect(salvageLock('l', edited)).toEqual({
    lock: lock({ b: { methods: { x: { idempotent: true } } } }),
    lost: ['a'],
  })
  for (const broken of ['', '{', '[]', '{ "remotes": 5 }'])
    expect(salvageLock('l', broken)).toEqual({ lock: EMPTY_LOCK, lost: [] })
  expect(() => salvageLock('l', '{ "lockfileVersion": 2, "more": 1 }')).toThrow(/Update dservice$/)
})

// --- edits by hand

const TEXT = formatLock(lock({ d1: D1 }))
const HASH = `sha256-${'0'.repeat(64)}`

it.each<[string, (text: string) => string, RegExp]>([
  [
    'a newer one',
    (text) => text.replace('"lockfileVersion": 1', '"lockfileVersion": 2'),
    /^lock:2:22: this lock is of version 2, and this dservice reads version 1\. Update dservice$/,
  ],
  [
    'of no version',
    (text) => text.replace('  "lockfileVersion": 1,\n', ''),
    /^lock:1:1: lockfileVersion is missing/,
  ],
  [
    'a field that nobody knows',
    (text) => text.replace('"range"', '"resolvedFrom": "mdns:", "range"'),
    /^lock:5:7: d1 has a field "resolvedFrom"/,
  ],
  [
    'a field of a method that nobody knows',
    (text) => text.replace('"idempotent"', '"idempotant"'),
    /^lock:\d+:\d+: d1\.users\.find has a field "idempotant"/,
  ],
  ['a field that is missing', (text) => text.replace(/ +"version".*\n/, ''), /^lock:4:11: d1 has no version/],
  ['another description', (text) => text.replace('Finds.', 'Finds it.'), /^$/],
  [
    'another method',
    (text) => text.replace('"type": "object"', '"type": "array"'),
    /^lock:\d+:\d+: the hash of d1\.users\.find is of something else: it was edited by hand\. Take the file back .*dservice install d1/,
  ],
  [
    'a method less',
    (text) => text.replace(/ +"transform": \{[^}]*\},\n/, ''),
    /the hash of the contract of d1 is of something else/,
  ],
  [
    'other types',
    (text) => text.replace('(s: string)', '(s: number)'),
    /^lock:\d+:\d+: the hash of the types of d1 is/,
  ],
  [
    'another root',
    (text) => text.replace('"root": "Api"', '"root": "Other"'),
    /the hash of the contract of d1 is/,
  ],
  [
    'another hash',
    (text) => text.replace(/("contract": )"[^"]*"/, `$1"${HASH}"`),
    /^lock:7:19: the hash of the contract of d1/,
  ],
  [
    'a line that is two',
    (text) => text.replace('"export interface Api {",', '"export interface Api {\\n",'),
    /the text of the types of d1 is no list of lines/,
  ],
  ['a text that is no list', (text) => text.replace(/"text": \[[^\]]*\]/, '"text": "x"'), /no list of lines/],
  ['a path as a name', (text) => text.replace('"d1"', '"../x"'), /^lock:4:5: "\.\.\/x" is no service name/],
  [
    '__proto__ as a name',
    (text) => text.replace('"d1"', '"__proto__"'),
    /^lock:4:5: remotes names "__proto__"/,
  ],
  ['__proto__ as a method', (text) => text.replace('"transform"', '"__proto__"'), /names "__proto__"/],
  [
    'a reserved method',
    (text) => text.replace('"transform"', '"then"'),
    /"then" cannot be the name of a method/,
  ],
  ['a hostile edge', (text) => text.replace('"d0"', '"../d0"'), /is no service name/],
  [
    'an edge without a range',
    (text) => text.replace('"d0": "^1"', '"d0": "soon"'),
    /"soon" is no semver range/,
  ],
  [
    'a version that is none',
    (text) => text.replace('"1.2.0"', '"v1.2"'),
    /^lock:6:18: "v1\.2" is no version/,
  ],
  [
    'a version in other words',
    (text) => text.replace('"1.2.0"', '"v1.2.0"'),
    /"v1\.2\.0" is not written as 1\.2\.0/,
  ],
  ['a range that is none', (text) => text.replace('"^1"', '"^^1"'), /is no semver range/],
  [
    'the same remote twice',
    (text) => text.replace('"remotes": {', '"remotes": { "d1": {},'),
    /remotes names "d1" twice/,
  ],
  ['a remote that is no object', (text) => text.replace('"remotes": {', '"remotes": { "d0": 5,'), /d0 is 5/],
  ['a list', () => '[]', /lockfileVersion is missing/],
  ['nothing', () => '', /^lock:1:1: this is no JSON .*Resolve it, or run dservice install/],
  ['half of it', (text) => text.slice(0, 300), /^lock:\d+:\d+: this is no JSON/],
  ['far too deep', () => '['.repeat(50_000), /deep|no JSON/],
])('lock - %s', (_, change, why) => {
  const text = change(TEXT)
  expect(text).not.toBe(TEXT)
  const read = (): string => {
    readLock('lock', text)
    return ''
  }
  const said = ((): string => {
    try {
      return read()
    } catch (error) {
      expect(error).toMatchObject({ code: 'DS_INVALID', details: { file: 'lock' } })
      return (error as Error).message
    }
  })()
  expect(said).toMatch(why)
})

it('lock - whatever becomes of its characters, it is read or refused with a place', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length), fc.nat(40), fc.string(), (at, many, text) => {
      try {
        readLock('lock', TEXT.slice(0, at) + text + TEXT.slice(at + many))
      } catch (error) {
        expect(error).toMatchObject({ code: 'DS_INVALID', details: { line: expect.any(Number) as number } })
      }
    }),
    { numRuns: 1000 },
  )
})
