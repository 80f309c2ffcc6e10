/** Waits for a moment in which nobody else uses the processors: figures of a busy machine tell of the others. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK = 500
/** The share of all processors that others may use. */
const CALM = 0.15

/** Ticks since the start: all, and those of doing nothing. */
function ticks() {
  const fields = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/ +/)
    .slice(1, 9)
    .map(Number)
  return { all: fields.reduce((sum, value) => sum + value, 0), idle: fields[3] + fields[4] }
}

/** The share that others use now, measured while we do nothing. */
async function busy() {
  const before = ticks()
  await sleep(LOOK)
  const after = ticks()
  return 1 - (after.idle - before.idle) / (after.all - before.all)
}

/** Resolves when it is calm, or after `most` milliseconds; to the share that others use then. */
export async function calm(most) {
  const end = performance.now() + most
  let share = await busy()
  while (share > CALM && performance.now() < end) share = await busy()
  return share
}
