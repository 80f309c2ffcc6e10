import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dservice } from '../../../lib/index.js'
import { apiOf, nameFiles } from '../../../lib/tools/run/naming.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dservice-run-'))
  await mkdir(path.join(folder, 'pkg', 'sub'), { recursive: true })
  await writeFile(path.join(folder, 'pkg', 'package.json'), '{"name":"my-pkg","version":"1.2.3"}')
})
afterEach(() => rm(folder, { recursive: true }))

const names = (files: string[], given?: string): string[] =>
  nameFiles(
    files.map((file) => path.join(folder, file)),
    given,
  ).map(({ name }) => name)

describe('names of files', () => {
  it('names of files - --name, else the package beside it, else the file', () => {
    expect(names(['pkg/index.js'], 'd1@1.0.0')).toEqual(['d1@1.0.0'])
    expect(names(['pkg/index.js'])).toEqual(['my-pkg'])
    expect(names(['d1.mjs', 'd2.cjs', 'd3.service.js'])).toEqual(['d1', 'd2', 'd3.service'])
  })

  it('names of files - a package further up, or one for several files, names none of them', () => {
    expect(names(['pkg/sub/d1.js'])).toEqual(['d1'])
    expect(names(['pkg/d1.js', 'pkg/d2.js'])).toEqual(['d1', 'd2'])
  })

  it('names of files - lines of output can be told apart', () => {
    const parts = nameFiles([path.join(folder, 'a/d1.js'), path.join(folder, 'b/d1.js')], undefined)
    expect(parts.map(({ label }) => label)).toEqual(['d1', 'd1#2'])
  })

  it.each(['X', 'd1@what', ''])('names of files - --name "%s" is refused', (given) => {
    expect(() => names(['d1.js'], given)).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })
})

describe('default exports', () => {
  it('default exports - an object or a constructor is an api', () => {
    const api = { transform: () => 'BOOP' }
    const construct = (): void => undefined
    expect([apiOf(api), apiOf(construct)]).toEqual([api, construct])
  })

  it('default exports - none, an empty one, and a dservice are not: the file starts itself', () => {
    expect([undefined, null, {}, dservice({ engine: 'memory:' })].map(apiOf)).toEqual([
      null,
      null,
      null,
      null,
    ])
  })

  it.each([[5], ['text'], [[1]]])('default exports - %j is refused', (exported) => {
    expect(() => apiOf(exported)).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })
})
