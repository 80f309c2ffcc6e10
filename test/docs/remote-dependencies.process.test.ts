/** The page about remote dependencies is a session that happens as it says. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { textOf } from '../support/sources.js'
import { stepsOf, Story } from '../support/story.js'

let folder = ''
let story: Story

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dservice-page-'))
  mkdirSync(path.join(folder, 'node_modules'))
  for (const [name, to] of [
    ['dservice', '.'],
    ['zod', 'node_modules/zod'],
    ['typescript', 'node_modules/typescript'],
  ] as const)
    symlinkSync(path.join(ROOT, to), path.join(folder, 'node_modules', name))
  story = new Story(folder)
})

afterEach(async () => {
  await story[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

it('docs/remote-dependencies.md - every line prints what stands below it', { timeout: 120_000 }, async () => {
  const steps = stepsOf(textOf('docs/remote-dependencies.md'))
  expect(steps.length).toBeGreaterThan(15)
  for (const step of steps) {
    const played = await story.play(step)
    if (played) expect.soft(played.came).toEqual(played.promised)
  }
})
