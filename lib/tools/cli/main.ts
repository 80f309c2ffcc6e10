#!/usr/bin/env node
/** The `dservice` program: gives the process to the command line, and ends with its exit code. */
import { systemClock } from '../../base/clock.js'
import { main } from './program.js'

/** Whatever a command left open, the program does not outlive its answer by more than this. */
const LAST_CALL = 1_000

// a reader that has had enough (`dservice ls | head -1`) ends the program quietly
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

// should a command end without an answer, that is no success
process.exitCode = 1

void main(process.argv.slice(2), process).then((code) => {
  process.exitCode = code
  // interrupted: what runs is of no interest any more, but what was said is handed over
  if (code > 128) process.stdout.write('', () => process.exit())
  systemClock.after(LAST_CALL, () => process.exit())
})
