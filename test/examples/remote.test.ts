/** Example 06 is the story of its README, from an empty folder; and the ways in which packages are installed. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { textOf } from '../support/sources.js'
import { stepsOf, Story } from '../support/story.js'

const EXAMPLE = 'examples/06-remote-dependencies'
const steps = stepsOf(textOf(`${EXAMPLE}/README.md`))

let folder = ''
let story: Story

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dservice-story-'))
  cpSync(path.join(ROOT, EXAMPLE), folder, { recursive: true })
  story = new Story(folder)
})

afterEach(async () => {
  await story[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const inFolder = (...parts: string[]): string => path.join(folder, ...parts)

/** A link `from` below the folder to a file or folder of the checkout. */
function link(from: string, to: string): void {
  mkdirSync(path.dirname(inFolder(from)), { recursive: true })
  symlinkSync(path.join(ROOT, to), inFolder(from))
}

/** As `npm install` in the folder above both would have it. */
function installAbove(): void {
  link('node_modules/dservice', '.')
  link('node_modules/typescript', 'node_modules/typescript')
  link('node_modules/@types/node', 'node_modules/@types/node')
}

it('examples - 06: every line of the README prints what stands below it', { timeout: 180_000 }, async () => {
  installAbove()
  const runs = steps.filter((step) => step.do === 'run')
  expect(runs.length).toBeGreaterThan(15)
  for (const step of steps) {
    const played = await story.play(step)
    if (played) expect(played.came).toEqual(played.promised)
  }
})

/** The package `web` as it is after `add`, with its two programs. */
async function added(): Promise<void> {
  for (const step of steps) {
    const isOfWrong = step.do === 'file' && step.file.endsWith('wrong.ts')
    const isAdd = step.do === 'run' && step.line.startsWith('npx dservice add')
    if (isAdd) await story.play(step)
    if (step.do === 'file' && !isOfWrong) await story.play(step)
    if (step.do === 'start' && step.program.startsWith('d1/')) await story.play(step)
    if (step.do === 'file' && step.file === 'web/old.cjs') return
  }
}

async function expectItRuns(): Promise<void> {
  expect(await story.run('npx tsc')).toMatchObject({ exit: 0, prints: '' })
  expect(await story.run('node dist/main.js')).toMatchObject({ exit: 0, prints: 'BOOP\n3' })
  expect(await story.run('node old.cjs')).toMatchObject({ exit: 0, prints: 'OLD' })
}

/** A package.json of dservice that asks the registry for nothing. */
function ownPackage(): string {
  const own = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  const { dependencies, devDependencies, scripts, overrides, ...rest } = own
  expect([dependencies, devDependencies, scripts, overrides]).not.toContain(undefined)
  return JSON.stringify(rest)
}

it('examples - 06: npm ci leaves the types in place', async () => {
  link('node_modules/@types/node', 'node_modules/@types/node')
  mkdirSync(inFolder('dservice'))
  writeFileSync(inFolder('dservice/package.json'), ownPackage())
  link('dservice/dist', 'dist')
  // d1 is no package that npm has to do with
  link('node_modules/dservice', '.')
  await added()
  const npm = (...args: string[]): string =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: inFolder('web'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  npm('install', '../dservice')
  // the only way to dservice is its own now
  rmSync(inFolder('node_modules/dservice'))
  writeFileSync(inFolder('web/node_modules/of-yesterday'), '')
  npm('ci')
  expect(existsSync(inFolder('web/node_modules/of-yesterday'))).toBe(false)
  expect(await story.run('npx dservice types --check')).toMatchObject({ exit: 0 })
  expect(JSON.parse(readFileSync(inFolder('web/package.json'), 'utf8'))).toMatchObject({
    remoteDependencies: { d1: '^1' },
  })
  await expectItRuns()
})

it("examples - 06: pnpm's layout, where a package reaches its own dependencies alone", async () => {
  const store = 'web/node_modules/.pnpm/dservice@0.1.0/node_modules'
  for (const part of ['package.json', 'dist/lib'])
    cpSync(path.join(ROOT, part), inFolder(store, 'dservice', part), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) link(path.join(store, name), `node_modules/${name}`)
  symlinkSync('.pnpm/dservice@0.1.0/node_modules/dservice', inFolder('web/node_modules/dservice'))
  link('web/node_modules/@types/node', 'node_modules/@types/node')
  // for d1, which is elsewhere
  link('node_modules/dservice', '.')
  await added()
  rmSync(inFolder('node_modules/dservice'))
  await expectItRuns()
  const cli = 'node node_modules/dservice/dist/lib/tools/cli/main.js'
  expect(await story.run(`${cli} check`)).toMatchObject({ exit: 0 })
  expect(await story.run(`${cli} install --offline`)).toMatchObject({ exit: 0 })
})
