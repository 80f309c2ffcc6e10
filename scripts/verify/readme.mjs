/**
 * Runs the programs of a Markdown file in new projects.
 *
 *   <!-- run: d1.mjs & -->                     the next code block is a program that stays up
 *   <!-- run: client.mjs => beep => BOOP -->   … that ends by itself, exits 0 and prints what follows the first =>, its lines
 *                                              with a blank between them
 *   <!-- stop -->                              ends the programs that are up; what follows has another mesh
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { bin, node, PhaseError } from './run.mjs'

const MARK = /^<!-- run: (\S+?)( &)?(?: => (.*?))? -->$/
const FENCE = /^```(\w+)$/

/** The marked blocks of a text: `{ file, stays, prints, code, group }`; `<!-- stop -->` begins a new group. */
function blocksOf(text) {
  const blocks = []
  const lines = text.split('\n')
  let group = 0
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] === '<!-- stop -->') group++
    const mark = MARK.exec(lines[at])
    if (!mark) continue
    const from = lines.findIndex((line, index) => index > at && FENCE.test(line))
    const to = lines.indexOf('```', from)
    if (from < 0 || to < 0) throw new PhaseError(`no code block after "${lines[at]}"`)
    const code = lines.slice(from + 1, to).join('\n')
    blocks.push({ file: mark[1], stays: Boolean(mark[2]), prints: mark[3] ?? null, code, group })
    at = to
  }
  return blocks
}

/** Runs the blocks of `file`, each group in a mesh of its own; answers how many there were. */
export async function runBlocks(file, projects) {
  const blocks = blocksOf(readFileSync(file, 'utf8'))
  if (blocks.length === 0) throw new PhaseError(`${file} has no program that is marked to run`)
  const groups = groupsOf(blocks)
  for (const group of groups.values()) await runGroup(group, projects)
  return blocks.length
}

function groupsOf(blocks) {
  const groups = new Map()
  for (const block of blocks) groups.set(block.group, [...(groups.get(block.group) ?? []), block])
  return groups
}

async function runGroup(blocks, projects) {
  const env = { DSERVICE_MESH: `readme-${randomUUID().slice(0, 8)}` }
  const up = []
  try {
    for (const block of blocks) {
      const cwd = block.file.endsWith('.cjs') ? projects.commonjs : projects.module
      const program = await write(cwd, block)
      if (block.stays) up.push(spawn(process.execPath, [program], { cwd, env: { ...process.env, ...env } }))
      else check(block, await node('pack', [program], { cwd, env, limit: 30 }))
    }
  } finally {
    for (const child of up) child.kill('SIGKILL')
  }
}

/** Writes the program, compiled where it is TypeScript, and answers the file to run. */
async function write(cwd, { file, code }) {
  writeFileSync(path.join(cwd, file), `${code}\n`)
  if (!file.endsWith('ts')) return file
  await node('pack', [bin('typescript', 'tsc'), '--outDir', 'out'], { cwd, limit: 60 })
  return path.join('out', file.replace(/ts$/, 'js'))
}

function check({ file, prints }, output) {
  if (prints !== null && output.trim().replaceAll('\n', ' ') !== prints) {
    throw new PhaseError(`${file} printed something else`, {
      tail: `${prints}\n---\n${output}`,
    })
  }
}
