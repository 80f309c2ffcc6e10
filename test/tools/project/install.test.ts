import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestProject } from '../../support/project.js'

let project: TestProject

beforeEach(() => {
  project = new TestProject()
})

afterEach(() => project[Symbol.asyncDispose]())

const api = { transform: (text: string) => text.toUpperCase(), ping: () => 'pong' }
const declare = (remoteDependencies: object): void =>
  project.write({ 'package.json': JSON.stringify({ name: 'web', version: '1.0.0', remoteDependencies }) })
const locked = (): Record<string, { version: string; range: string }> =>
  (
    JSON.parse(project.read('dservice-lock.json')) as {
      remotes: Record<string, { version: string; range: string }>
    }
  ).remotes

it('install - locks what is missing, and writes the types', async () => {
  declare({ d1: '^1', d2: { range: '*', optional: true } })
  await project.serve('d1@1.4.2', api)
  const { exit, out, err } = await project.run('install')
  expect([exit, out]).toEqual([0, '+ d1@^1  1.4.2 · types of names alone\n'])
  expect(err).toContain('▲ no instance of d2@*')
  expect(err).toContain('it has no types yet')
  expect(Object.keys(locked())).toEqual(['d1'])
  expect(project.read('.dservice/d2.mjs')).toContain('remote("d2"')
})

it('install - keeps what is locked and fits, without a look at the mesh, and writes the same again', async () => {
  const d1 = await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  const before = project.files()
  await project.serve('d1@1.5.0', { ...api, more: () => 1 })
  await d1.stop()
  for (const argv of [['install'], ['i', '--offline']]) {
    expect(await project.run(...argv)).toMatchObject({
      exit: 0,
      out: '',
      err: '1 remote · 0 files written\n',
    })
    expect(project.files()).toEqual(before)
  }
})

it('install --offline - writes the files from the lock alone', async () => {
  await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  const before = project.files()
  const { rmSync } = await import('node:fs')
  rmSync(`${project.folder}/.dservice`, { recursive: true })
  const { exit, document } = await project.json('install', '--offline')
  expect([exit, document]).toMatchObject([
    0,
    { v: 1, remotes: [{ name: 'd1', status: 'kept', version: '1.4.2' }] },
  ])
  expect(document['written']).toHaveLength(4)
  expect(project.files()).toEqual(before)
})

it('install --update - locks anew: all, or those that are named', async () => {
  await project.serve('d1@1.4.2', api)
  await project.serve('d2@1.0.0', api)
  await project.run('add', 'd1@^1', 'd2@^1')
  await project.serve('d1@1.5.0', { ...api, more: () => 1 })
  await project.serve('d2@1.1.0', api)
  const { out } = await project.run('install', '--update', 'd1')
  expect(out).toBe('~ d1@^1  1.4.2 → 1.5.0 · types of names alone\n')
  expect(locked()).toMatchObject({ d1: { version: '1.5.0' }, d2: { version: '1.0.0' } })
  expect(project.read('.dservice/api/d1.d.mts')).toContain('more')
  await project.run('install', '--update')
  expect(locked()).toMatchObject({ d1: { version: '1.5.0' }, d2: { version: '1.1.0' } })
  expect((await project.run('install', 'd3')).exit).toBe(3)
})

it('install --update - a remote that is down keeps its locked types, with a warning', async () => {
  const d1 = await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  const before = project.files()
  await d1.stop()
  const { exit, err } = await project.run('install', '--update')
  expect(exit).toBe(0)
  expect(err).toContain('its locked types (1.4.2) stay')
  expect(project.files()).toEqual(before)
  expect(await project.json('install', '--update')).toMatchObject({
    exit: 0,
    document: { remotes: [{ status: 'absent', version: '1.4.2', problem: { code: 'DS_NO_INSTANCE' } }] },
  })
})

it('install - a range that the locked version is in changes the lock without the mesh; another one is looked for', async () => {
  const d1 = await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  await d1.stop()
  declare({ d1: '^1.4' })
  expect((await project.run('install', '--offline')).exit).toBe(0)
  expect(locked()).toMatchObject({ d1: { range: '^1.4', version: '1.4.2' } })
  declare({ d1: '^2' })
  const before = project.files()
  expect(await project.run('install', '--offline')).toMatchObject({
    exit: 8,
    err: expect.stringContaining('d1@^2'),
  })
  expect(await project.run('install')).toMatchObject({
    exit: 3,
    err: expect.stringContaining('no instance of d1@^2'),
  })
  expect(project.files()).toEqual(before)
  await project.serve('d1@2.0.0', api)
  expect((await project.run('install')).exit).toBe(0)
  expect(locked()).toMatchObject({ d1: { range: '^2', version: '2.0.0' } })
})

it('install - what is absent keeps nothing from being locked', async () => {
  declare({ d1: '*', d2: '*', d3: '*' })
  await project.serve('d2@1.0.0', api)
  const { exit, document } = await project.json('install')
  expect([exit, document]).toMatchObject([
    3,
    { v: 1, error: { code: 'DS_NO_INSTANCE', exit: 3, known: ['d1@*', 'd3@*'] } },
  ])
  expect(Object.keys(locked())).toEqual(['d2'])
})

it('install - takes what is no longer declared out of the lock and of .dservice', async () => {
  await project.serve('d1@1.0.0', api)
  await project.run('add', 'd1')
  declare({})
  expect(await project.run('install', '--offline')).toMatchObject({ exit: 0, out: '- d1\n' })
  expect(locked()).toEqual({})
  expect(Object.keys(project.files()).filter((file) => file.includes('d1'))).toEqual([])
})

it('install - mends a lock that cannot be read; what nobody can tell of it is locked anew, or it stays', async () => {
  const d1 = await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  const good = project.read('dservice-lock.json')
  const conflict = `<<<<<<< ours\n${good}=======\n${good}>>>>>>> theirs\n`
  const edited = good.replace('"transform"', '"transfrom"')
  project.write({ 'dservice-lock.json': conflict })
  expect((await project.run('install', '--offline')).exit).toBe(0)
  expect(project.read('dservice-lock.json')).toBe(good)
  project.write({ 'dservice-lock.json': edited })
  expect(await project.run('install', '--offline')).toMatchObject({ exit: 2 })
  expect(project.read('dservice-lock.json')).toBe(edited)
  expect((await project.run('install')).exit).toBe(0)
  expect(project.read('dservice-lock.json')).toBe(good)
  await d1.stop()
  project.write({ 'dservice-lock.json': edited })
  const { exit, err } = await project.run('install')
  expect([exit, err]).toEqual([
    2,
    expect.stringMatching(/dservice-lock\.json:\d+:\d+: the hash of the contract of d1/),
  ])
  expect(project.read('dservice-lock.json')).toBe(edited)
  const newer = '{ "lockfileVersion": 2, "remotes": {} }'
  project.write({ 'dservice-lock.json': newer })
  expect(await project.run('install')).toMatchObject({
    exit: 2,
    err: expect.stringMatching(/update dservice/i),
  })
  expect(project.read('dservice-lock.json')).toBe(newer)
})

it('install - makes nothing where nothing is declared', async () => {
  const before = project.files()
  expect(await project.run('install')).toMatchObject({ exit: 0, out: '' })
  expect(project.files()).toEqual(before)
})

it('types - says where they are; --check says whether they fit the lock', async () => {
  await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  expect(await project.run('types')).toMatchObject({
    exit: 0,
    out: 'd1  .dservice/d1.d.mts  types of names alone\n',
  })
  expect(await project.run('types', '--check')).toMatchObject({ exit: 0, out: '' })
  project.write({ '.dservice/d1.mjs': `${project.read('.dservice/d1.mjs')}// changed\n` })
  const before = project.files()
  expect(await project.run('types', '--check')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('1 file of .dservice'),
  })
  expect(await project.json('types', '--check')).toMatchObject({
    exit: 1,
    document: { v: 1, stale: ['.dservice/d1.mjs'], left: [], error: { exit: 1 } },
  })
  expect(project.files()).toEqual(before)
  await project.run('types')
  expect((await project.run('types', '--check')).exit).toBe(0)
})
