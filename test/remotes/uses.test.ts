import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { usesIn } from '../../lib/remotes/uses/uses-in.js'
import { concerns, usesOf } from '../../lib/remotes/uses/uses.js'

/** `line remote.method`, and `line remote` for a look-up. */
const told = (source: string): string[] => [
  ...new Set(
    usesIn(source).map(({ line, remote, method }) => `${line} ${remote}${method ? `.${method}` : ''}`),
  ),
]

const SOURCES: readonly (readonly [what: string, source: string, uses: readonly string[]])[] = [
  ['an import', `import d1 from '#remote/d1'\nawait d1.transform('x')`, ['1 d1', '2 d1.transform']],
  ['another name', `import x from "#remote/@acme/img"\nx.a.b(1)`, ['1 @acme/img', '2 @acme/img.a.b']],
  ['a namespace', `import * as m from '#remote/d1'\nm.default.f()\nm.other`, ['1 d1', '2 d1.f']],
  ['default as', `import { default as x, type Api } from '#remote/d1'\nx.f()\nApi.f()`, ['1 d1', '2 d1.f']],
  ['default and names', `import x, { type Api } from '#remote/d1'\nx.f()`, ['1 d1', '2 d1.f']],
  ['types alone', `import type { Api } from '#remote/d1'\nlet a: Api`, ['1 d1']],
  ['an import for its effect', `import '#remote/d1'`, ['1 d1']],
  ['an export', `export { default } from '#remote/d1'\nexport * from '#remote/d2'`, ['1 d1', '2 d2']],
  ['over lines', `import\n  d1\nfrom\n  '#remote/d1'\nd1\n  .users\n  .find(1)`, ['1 d1', '7 d1.users.find']],
  ['require', `const d1 = require('#remote/d1')\nd1.f()`, ['1 d1', '2 d1.f']],
  ['require of TypeScript', `import d1 = require('#remote/d1')\nd1.f()`, ['1 d1', '2 d1.f']],
  ['require at once', `require('#remote/d1').f()`, ['1 d1', '1 d1.f']],
  ['import()', `const m = await import('#remote/d1')\nm.default.f()`, ['1 d1', '2 d1.f']],
  ['import() taken apart', `const { default: d1 } = await import('#remote/d1')\nd1.f()`, ['1 d1', '2 d1.f']],
  ['import() at once', `(await import('#remote/d1')).default.f()`, ['1 d1', '1 d1.f']],
  ['import() and then', `import('#remote/d1').then(({ default: d }) => d.f())`, ['1 d1']],
  ['dnodeFor', `const d1 = await mesh.dnodeFor('d1', '^1')\nd1.f()`, ['1 d1', '2 d1.f']],
  ['dnodeFor with types', `const d1: Remote<A> = await mesh.dnodeFor<Map<A, B>>('d1')\nd1.f()`, ['1 d1', '2 d1.f']],
  ['dnodeFor at once', `await (await dservice().dnodeFor('d1')).f()`, ['1 d1', '1 d1.f']],
  ['dnodeFor, classic', `dservice().dnodeFor('d1', function (err, r, d) {\n r.f('x', cb) })`, ['1 d1', '2 d1.f']],
  ['dnodeFor with an arrow', `m.dnodeFor('d1', '^1', (err: Error, r) => {\n r.f() })`, ['1 d1', '2 d1.f']],
  ['a name that is not known', `const x = await mesh.dnodeFor(name)\nx.f()`, []],
  ['rely as a property', `const deps = { d1: d2.rely<A>('d1', '^1') }\ndeps.d1.f()`, ['1 d1', '2 d1.f']],
  ['rely as a field', `class A { #d1 = mesh.rely('d1')\n f() { return this.#d1.f() } }`, ['1 d1', '2 d1.f']],
  ['rely set later', `this.users = mesh.rely('d1')\nthis.users.f()`, ['1 d1', '2 d1.f']],
  ['a property in short', `import d1 from '#remote/d1'\nconst deps = { d1, x }\ndeps.d1.f()`, ['1 d1', '3 d1.f']],
  ['a second name', `import d1 from '#remote/d1'\nconst y = d1\ny.f()`, ['1 d1', '3 d1.f']],
  ['withOptions', `import d1 from '#remote/d1'\nwithOptions(d1, { timeout: 1 }).f()\nconst q = all(d1)\nq.g()`, ['1 d1', '2 d1.f', '4 d1.g']],
  ['taken apart', `import d1 from '#remote/d1'\nconst { a, b: c, d: { e }, ...rest } = d1`, ['1 d1', '2 d1.a', '2 d1.b', '2 d1.d.e']],
  ['optional and brackets', `import d1 from '#remote/d1'\nd1?.a!.b?.()\nd1['c']['d-e'](1)`, ['1 d1', '2 d1.a.b', '3 d1.c.d-e']],
  ['a cast', `const d1 = (await mesh.dnodeFor('d1')) as Remote<A>\n;(d1 as B).f()`, ['1 d1', '2 d1.f']],
  ['not called', `import d1 from '#remote/d1'\nrun(d1.f)\nlet t: typeof d1.g`, ['1 d1', '2 d1.f', '3 d1.g']],
  ['in a template', 'import d1 from "#remote/d1"\nconst s = `a ${await d1.f(`${d1.g({})}`)} d1.no()`', ['1 d1', '2 d1.f', '2 d1.g']],
  ['comments', `import d1 from '#remote/d1' // d1.no()\n/* d1.no()\n*/ d1 /* . */ . /* x */ f()`, ['1 d1', '3 d1.f']],
  ['strings', `import d1 from '#remote/d1'\nx = 'd1.no()' + "\\"d1.no()" + \`d1.no()\``, ['1 d1']],
  ['an import in a string', `const s = "import d1 from '#remote/d1'"; d1.f()`, []],
  ['regular expressions', `import d1 from '#remote/d1'\nx = /d1.no()['"]/.test(y) / 2 / d1.f()`, ['1 d1', '2 d1.f']],
  ['JSX', `import d1 from '#remote/d1'\nreturn <p a={d1.f()}>don't</p>\nd1.g()`, ['1 d1', '2 d1.f', '3 d1.g']],
  ['two under one name', `r = await m.dnodeFor('a')\nr.f()\nr = await m.dnodeFor('b')\nr.g()`, ['1 a', '2 a.f', '3 b', '4 b.g']],
  ['a function above', `function go() { return d1.f() }\nconst d1 = m.rely('d1')`, ['2 d1', '1 d1.f']],
  ['keys and members of others', `import d1 from '#remote/d1'\nx = { d1: 5 }; y.d1.no(); z = a ? d1 : b`, ['1 d1']],
  ['another package', `import d1 from '#remotes/d1'\nimport e from './#remote/d1'\nd1.f()`, []],
  ['import.meta', `import.meta.url\nimport d1 from '#remote/d1'\nd1.f(import.meta.url)`, ['2 d1', '3 d1.f']],
  ['a promise', `const p = m.dnodeFor('d1').then((d) => d.f())\np.g()`, ['1 d1']],
  ['a script', `#!/usr/bin/env node it's\nrequire('#remote/d1').f()`, ['2 d1', '2 d1.f']],
] // prettier-ignore

it.each(SOURCES)('uses - %s', (_, source, uses) => {
  expect(told(source).toSorted()).toEqual([...uses].toSorted())
})

it('uses - ends at once for whatever is written', () => {
  const word = fc.constantFrom(
    ...`import|export|from|d1|=|(|)|{|}|[|]|.|?.|:|,|;|\`|\${|'|"|/|//|/*|*/|\n|<|>|as|await|dnodeFor|'d1'|'#remote/d1'|\\|default|type|*`.split(
      '|',
    ),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), fc.constantFrom('', ' '), (words, glue) => {
      const lines = words.join(glue).split('\n').length
      for (const { line, remote } of usesIn(words.join(glue))) {
        expect([remote, line >= 1 && line <= lines]).toEqual(['d1', true])
      }
    }),
    { numRuns: 2_000 },
  )
})

it('uses - reads what is long, too', () => {
  const parts = [
    '(',
    '{',
    '`${',
    'import ',
    "d1 = d1['a']",
    '/*',
    'a<',
    "rely('d1').",
    '/',
    "'",
    ' ',
    '\n',
    'x',
    '`',
    '"\\',
  ]
  for (const part of parts) usesIn(`import d1 from '#remote/d1';${part.repeat(3_000)}`)
  for (const mark of ['', "'", '`', '/*', '//', '/']) {
    for (const fill of ['x', ' ', '1']) usesIn(`${mark}${fill.repeat(1024 * 1024)}${mark}`)
  }
})

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dservice-uses-'))
  folders.push(folder)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), text)
  }
  return folder
}

const USE = `import d1 from '#remote/d1'\nd1.f(d1.f())\n`

it('usesOf - tells file and line, in order, of all kinds of sources', async () => {
  const kinds = ['a.js', 'b.mjs', 'c.cjs', 'd.jsx', 'src/e.ts', 'src/f.mts', 'src/g.cts', 'src/h/i.tsx']
  const folder = project({
    ...Object.fromEntries(kinds.map((file) => [file, USE])),
    'package.json': '{}',
    'x.json': USE,
    'y.d.ts': USE,
    'z.txt': USE,
  })
  const found = await usesOf(folder, ['d1', 'other'])
  expect(found.get('other')).toEqual([])
  expect(found.get('d1')).toEqual(
    kinds.flatMap((file) => [
      { file, line: 1, method: null },
      { file, line: 2, method: 'f' },
    ]),
  )
  expect(await usesOf(`${folder}/nowhere`, [])).toEqual(new Map())
})

it('usesOf - stays within the package, and leaves out what is made, linked or too large', async () => {
  const folder = project({
    'node_modules/x/index.js': USE,
    'src/node_modules/x.js': USE,
    '.dservice/d1.mjs': USE,
    '.gitignore': 'dist/\n/out\nsrc/made\n*.log\n!x\n# y\n',
    'dist/a.js': USE,
    'src/dist/a.js': USE,
    'out/a.js': USE,
    'src/out/a.js': USE,
    'src/made/a.js': USE,
    'packages/other/package.json': '{}',
    'packages/other/a.js': USE,
    'large.js': USE + ' '.repeat(1024 * 1024),
  })
  symlinkSync(path.join(folder, 'src'), path.join(folder, 'link'))
  symlinkSync(path.join(folder, 'large.js'), path.join(folder, 'link.js'))
  const uses = (await usesOf(folder, ['d1'])).get('d1') ?? []
  expect([...new Set(uses.map(({ file }) => file))]).toEqual(['src/out/a.js'])
  await expect(usesOf(`${folder}/nowhere`, ['d1'])).rejects.toMatchObject({ code: 'DS_INVALID' })
})

it.each([
  ['users.find', true],
  ['users', true],
  ['users.find.bind', true],
  ['users.finder', false],
  ['user', false],
  [null, false],
])('concerns - a use of %s and users.find: %s', (method, does) => {
  expect(concerns({ file: 'a.ts', line: 1, method }, 'users.find')).toBe(does)
})
