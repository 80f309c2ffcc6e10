import { describe, expect, it } from 'vitest'
import type { DServiceError } from '../../lib/base/errors.js'
import { Document } from '../../lib/remotes/files/document.js'
import { readManifest } from '../../lib/remotes/manifest.js'
import type { Manifest } from '../../lib/remotes/types.js'

const read = (text: string): Manifest => readManifest(new Document('/away/package.json', text))
const remotes = (json: string): string => `{\n  "remoteDependencies": ${json} }`

function failure(text: string): DServiceError {
  try {
    read(text)
  } catch (error) {
    return error as DServiceError
  }
  throw new Error('nothing was wrong with it')
}

it('manifest - remotes come in the order of their names, with their defaults', () => {
  const {
    file,
    remotes: found,
    hints,
  } = read(
    remotes(
      `{
      "d1": "^1.4.0",
      "audit": { "range": "~3.1", "lazy": true, "timeout": "2s" },
      "@acme/img": { "optional": true, "timeout": 250 },
      "any": "",
      "latest": "latest"
    }`,
    ),
  )
  const none = { range: '*', optional: false, lazy: false, timeout: null }
  expect(file).toBe('/away/package.json')
  expect(hints).toEqual([])
  expect(found).toEqual([
    { ...none, name: '@acme/img', optional: true, timeout: 250 },
    { ...none, name: 'any' },
    { ...none, name: 'audit', range: '~3.1', lazy: true, timeout: 2_000 },
    { ...none, name: 'd1', range: '^1.4.0' },
    { ...none, name: 'latest' },
  ])
})

it('manifest - a package that declares nothing has an empty one', () => {
  for (const text of ['{}', '{ "dservice": { "mesh": "m" } }', '{ "dservice": "x" }', remotes('{}')]) {
    expect(read(text)).toEqual({ file: '/away/package.json', remotes: [], types: new Map(), hints: [] })
  }
})

describe('manifest - what it may be spelt like', () => {
  it('the old spelling is read, with a hint', () => {
    const { remotes: found, hints } = read('{\n  "RemoteDependency": { "d1": "^1" } }')
    expect(found).toMatchObject([{ name: 'd1', range: '^1' }])
    expect(hints).toEqual([
      '/away/package.json:2:3: RemoteDependency is the old spelling. Write remoteDependencies',
    ])
  })

  it('one that is nearly right is not read, and says so', () => {
    const { remotes: found, hints } = read('{ "remoteDependancies": { "d1": "^1" } }')
    expect(found).toEqual([])
    expect(hints).toEqual([
      '/away/package.json:1:3: nothing reads "remoteDependancies". Did you mean remoteDependencies?',
    ])
    expect(
      read('{ "peerDependencies": {}, "devDependencies": {}, "optionalDependencies": {} }').hints,
    ).toEqual([])
  })
})

describe('manifest - what is wrong is said with file, line and column', () => {
  it.each([
    ['{ "d1": "nonsense" }', '2:33: "nonsense" is no semver range'],
    ['{ "d1": { "range": 1 } }', '2:44: 1 is no semver range'],
    ['{ "d1": { "range": null } }', '2:44: null is no semver range'],
    ['{ "d1": 1 }', '2:33: d1 is declared as 1'],
    ['{ "d1": null }', '2:33: d1 is declared as null'],
    ['{ "d1": ["^1"] }', '2:33: d1 is declared as a list'],
    ['{\n "D1": "^1" }', '3:2: "D1" is no service name'],
    ['{\n "../x": "^1" }', '3:2: "../x" is no service name'],
    ['{\n "": "^1" }', '3:2: "" is no service name'],
    ['{\n "__proto__": "^1" }', '3:2: remoteDependencies names "__proto__"'],
    [`{\n "${'x'.repeat(65)}": "^1" }`, `3:2: "${'x'.repeat(65)}" is no service name`],
    ['{ "d1": "^1",\n "d1": "^2" }', '3:2: remoteDependencies names "d1" twice'],
    ['{ "d1": { "range": "^1", "range": "^2" } }', '2:50: d1 names "range" twice'],
    ['{ "d1": {\n "ragne": "^1" } }', '3:2: d1 has no option "ragne"'],
    ['{ "d1": {\n "__proto__": {} } }', '3:2: d1 names "__proto__"'],
    ['{ "d1": { "optional": "yes" } }', '2:47: optional of d1 is "yes"'],
    ['{ "d1": { "lazy": 1 } }', '2:43: lazy of d1 is 1'],
    ['{ "d1": { "timeout": "soon" } }', '2:46: "soon" is no timeout'],
    ['{ "d1": { "timeout": -1 } }', '2:46: -1 is no timeout'],
    ['"^1"', '2:25: remoteDependencies is "^1"'],
    ['["d1"]', '2:25: remoteDependencies is a list'],
    [
      '{}, "RemoteDependency": {}',
      '2:29: RemoteDependency stands beside remoteDependencies, whose old spelling it is',
    ],
    ['{}, "remoteDependencies": {}', '2:29: the package.json names "remoteDependencies" twice'],
  ])('%s', (json, says) => {
    const error = failure(remotes(json))
    expect(error.summary).toBe(`/away/package.json:${says}`)
    expect(error.code).toBe('DS_INVALID')
    expect(error.hint).toMatch(/\w/)
  })

  it('a misspelt option names the one that was meant', () => {
    expect(failure(remotes('{ "d1": { "optinal": true } }')).hint).toBe('did you mean optional?')
  })

  it('a file that is no object', () => {
    expect(failure('[]').summary).toBe('/away/package.json:1:1: the package.json is a list')
  })
})

describe('manifest - types of our own services', () => {
  const types = (json: string): string => `{ "dservice": { "types": ${json} } }`

  it('a file of the package, and the interface in it', () => {
    const manifest = read(types('{ "d1": "./dist/api.d.ts#Api", "@a/b": "./b.d.mts#$B_2" }'))
    expect([...manifest.types]).toEqual([
      ['d1', { file: './dist/api.d.ts', root: 'Api' }],
      ['@a/b', { file: './b.d.mts', root: '$B_2' }],
    ])
  })

  it.each([
    '../api.d.ts#Api',
    './../api.d.ts#Api',
    './a/../../api.d.ts#Api',
    './/etc/api.d.ts#Api',
    '/etc/api.d.ts#Api',
    'C:\\\\api.d.ts#Api',
    './a\\\\..\\\\..\\\\api.d.ts#Api',
    'dist/api.d.ts#Api',
    './api.ts#Api',
    './api.d.ts',
    './api.d.ts#',
    './api.d.ts#Api-2',
    './api.d.ts#default Api',
    './a#b.d.ts#Api',
    'https://a.example/api.d.ts#Api',
  ])('%s is refused', (text) => {
    const error = failure(types(`{ "d1": "${text}" }`))
    expect(error.summary).toContain('/away/package.json:1:34: ')
    expect(error.summary).toContain('names no types of d1')
  })

  it.each([
    ['{ "d1": 1 }', '1:34: 1 names no types of d1'],
    ['{ "../x": "./a.d.ts#A" }', '1:28: "../x" is no service name'],
    ['"./a.d.ts#A"', '1:26: dservice.types is "./a.d.ts#A"'],
    ['{ "d1": "./a.d.ts#A", "d1": "./a.d.ts#A" }', '1:48: dservice.types names "d1" twice'],
  ])('%s is refused', (json, says) => {
    expect(failure(types(json)).summary).toBe(`/away/package.json:${says}`)
  })
})
