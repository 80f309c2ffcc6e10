import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from '../../support/cli.js'
import { TestProject } from '../../support/project.js'

let project: TestProject

beforeEach(() => {
  project = new TestProject()
})

afterEach(() => project[Symbol.asyncDispose]())

const api = { transform: (text: string) => text.toUpperCase(), ping: () => 'pong' }

it('outdated - shows newer versions; 1 only where one is in range', async () => {
  await project.serve('d1@1.4.2', api)
  await project.serve('d2@1.0.0', api)
  await project.run('add', 'd1@^1.4.0', 'd2@^1')
  expect(await project.run('outdated')).toEqual({ exit: 0, out: '', err: 'nothing newer in range\n' })
  await project.serve('d1@2.0.0', api)
  expect(await project.run('outdated')).toMatchObject({
    exit: 0,
    out: 'REMOTE  RANGE   LOCKED  WANTED  LATEST  WHERE\nd1      ^1.4.0  1.4.2   1.4.2   2.0.0   1 × 2.0.0, 1 × 1.4.2\n',
  })
  await project.serve('d1@1.5.0', api)
  await project.serve('d1@1.5.0', api)
  const { exit, out } = await project.run('outdated')
  expect([exit, out]).toEqual([
    1,
    expect.stringContaining('d1      ^1.4.0  1.4.2   1.5.0   2.0.0   1 × 2.0.0, 2 × 1.5.0, 1 × 1.4.2'),
  ])
  expect(await project.json('outdated')).toMatchObject({
    exit: 1,
    document: {
      v: 1,
      remotes: [
        { name: 'd1', locked: '1.4.2', wanted: '1.5.0', latest: '2.0.0', outdated: true },
        { name: 'd2', outdated: false },
      ],
      error: { exit: 1 },
    },
  })
})

it('outdated - says which project it is where that is not the folder one stands in', async () => {
  const deep = path.join(project.folder, 'src')
  mkdirSync(deep)
  const { exit, err } = await runCli(['outdated', '--cwd', deep, '--engine', 'memory:'])
  expect([exit, err]).toEqual([0, `in ${project.folder}\nnothing newer in range\n`])
  expect((await project.run('outdated')).err).toBe('nothing newer in range\n')
})

it('outdated - an older version that runs is no news, and who is absent is a warning', async () => {
  const d1 = await project.serve('d1@1.4.2', api)
  await project.run('add', 'd1@^1')
  await d1.stop()
  expect(await project.run('outdated')).toMatchObject({
    exit: 0,
    out: '',
    err: expect.stringContaining('no instance of d1@^1'),
  })
  await project.serve('d1@1.3.0', api)
  expect((await project.run('outdated')).exit).toBe(0)
})
