import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPackage, startFolder } from '../../lib/base/package.js'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dservice-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
  writeFileSync(path.join(folder, file), text)
}

describe('package - where version, mesh and engine come from', () => {
  it('is the nearest package.json upwards', () => {
    write('package.json', '{"name":"outer"}')
    write('a/package.json', '{"name":"d1","version":"1.2.0","dservice":{"mesh":"m","engine":"memory:"}}')
    write('a/b/c/x.js', '')
    expect(findPackage(path.join(folder, 'a/b/c'))).toEqual({
      file: path.join(folder, 'a/package.json'),
      name: 'd1',
      version: '1.2.0',
      mesh: 'm',
      engine: 'memory:',
      text: null,
    })
  })

  it.each([
    '{ "remoteDependencies": 7 }',
    '{ "RemoteDependency": {} }',
    '\uFEFF{ "dservice": { "types": {} } }',
  ])('%s is kept for those who read on', (text) => {
    write('package.json', text)
    expect(findPackage(folder).text).toBe(text)
  })

  it('fields of another type count as missing', () => {
    write('package.json', '{"name":7,"version":null,"dservice":[]}')
    expect(findPackage(folder)).toMatchObject({ name: undefined, version: undefined, mesh: undefined })
  })

  it.each(['{', '[]', 'null'])('%s is refused with the file named', (text) => {
    write('package.json', text)
    expect(() => findPackage(folder)).toThrow(path.join(folder, 'package.json'))
  })

  it('the look-up starts at DSERVICE_DIR, else at the program, else here', () => {
    write('bin.js', '')
    expect(startFolder({ DSERVICE_DIR: folder }, '/nowhere/x.js')).toBe(folder)
    expect(startFolder({}, path.join(folder, 'bin.js'))).toBe(folder)
    expect(startFolder({}, path.join(folder, 'gone.js'))).toBe(process.cwd())
    expect(startFolder({}, undefined)).toBe(process.cwd())
  })
})
