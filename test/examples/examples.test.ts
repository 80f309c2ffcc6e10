/** Every example does on real processes what its README says. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Programs, type Program } from '../support/programs.js'
import { filesOf, textOf } from '../support/sources.js'

let programs: Programs

beforeEach(() => {
  programs = new Programs()
})

afterEach(() => programs[Symbol.asyncDispose]())

const folders = [...new Set(filesOf('examples', ['.md']).map((file) => file.split('/')[1] ?? ''))]

/** What the README of an example says that its program prints: the last block, or the one after `who` prints. */
function promised(folder: string, who = 'It|The client'): string[] {
  const text = textOf(`examples/${folder}/README.md`)
  const block = new RegExp(`^(?:${who}) prints:\\n\\n\`\`\`\\n([\\s\\S]*?)\\n\`\`\`$`, 'm').exec(text)?.[1]
  if (block === undefined) throw new Error(`examples/${folder}/README.md does not say what ${who} prints`)
  return block.split('\n')
}

/** Waits until a program has ended by itself, and checks what it printed. */
async function expectRun(program: Program, folder: string): Promise<void> {
  const code = await program.ended
  expect(program.lines).toEqual(promised(folder))
  expect(code).toBe(0)
}

it('examples - there is a test for each', () => {
  expect(folders).toEqual([
    '01-hello',
    '02-rely',
    '03-heal',
    '04-async',
    '05-versions',
    '06-remote-dependencies',
    '07-time-workers',
  ])
})

it('examples - 01: the client of the talk finds d1, prints, and ends by itself', async () => {
  programs.start('examples/01-hello/d1.cjs')
  await expectRun(programs.start('examples/01-hello/client.cjs'), '01-hello')
})

it.each([
  ['d2', 'd1'],
  ['d1', 'd2'],
])('examples - 02: %s may be started before %s', async (first, second) => {
  const one = programs.start(`examples/02-rely/${first}.cjs`)
  if (first === 'd2') await one.said(/^d2 is waiting$/)
  const other = programs.start(`examples/02-rely/${second}.cjs`)
  const d2 = first === 'd2' ? one : other
  await d2.said(/^d2 is ready$/)
  await expectRun(programs.start('examples/02-rely/client.cjs'), '02-rely')
  if (first === 'd2') expect(d2.lines).toEqual(promised('02-rely', 'd2'))
})

it('examples - 02: d2 waits again when d1 is gone', async () => {
  const d1 = programs.start('examples/02-rely/d1.cjs')
  const d2 = programs.start('examples/02-rely/d2.cjs')
  await d2.said(/^d2 is ready$/)
  const before = d2.lines.length
  d1.kill('SIGKILL')
  await expect.poll(() => d2.lines.slice(before), { timeout: 20_000 }).toContain('d2 is waiting')
})

it('examples - 03: the handle survives that d1 is killed and comes back elsewhere', async () => {
  await expectRun(programs.start('examples/03-heal/client.mjs'), '03-heal')
})

it('examples - 04: a typed handle calls, passes a function, and explains what is missing', async () => {
  await programs.start('dist/examples/04-async/d1.js').said(/^d1 is ready$/)
  await expectRun(programs.start('dist/examples/04-async/client.js'), '04-async')
})

it('examples - 05: a range reaches the highest version in it, and no other', async () => {
  const versions = ['1.2.0', '1.9.9', '2.0.0']
  const services = versions.map((version) => programs.start('examples/05-versions/d1.mjs', version))
  await Promise.all(services.map((service) => service.said(/is ready$/)))
  await expectRun(programs.start('examples/05-versions/client.mjs'), '05-versions')
})

it('examples - 07: workers answer in turn, all at once and alone, and one that is killed is told of', async () => {
  await expectRun(programs.start('examples/07-time-workers/client.mjs'), '07-time-workers')
})
