import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { dservice } from 'dservice'

/** Starts d1 in a process of its own; resolves when it is ready. */
async function startD1() {
  const file = fileURLToPath(new URL('d1.mjs', import.meta.url))
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(createInterface(child.stdout), 'line')
  return child
}

const first = await startD1()
const mesh = dservice()
const d1 = await mesh.dnodeFor('d1', '^1')
console.log('first d1 answers:', (await d1.whoami()) === first.pid)

first.kill('SIGKILL')
await once(first, 'exit')
console.log('first d1 is dead')

// another process, another port; the handle is the same, and nobody was told
const second = await startD1()
console.log('second d1 answers:', (await d1.whoami()) === second.pid)
second.kill()
await mesh.stop()
