import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { all, dservice, instances, monitor, withOptions } from 'dservice'

const file = fileURLToPath(new URL('worker.mjs', import.meta.url))
const workers = [1, 2, 3].map(() => fork(file))

const mesh = dservice({ instanceWait: '30s' })
const time = await mesh.dnodeFor('time', '^1', { balance: 'round-robin' })

// who comes and goes
const events = monitor(time)
for (let up = 0; up < workers.length;) if ((await events.next()).value.type === 'up') up++
console.log(`${workers.length} workers are up`)

// each call goes to the next worker
const answers = await Promise.all([1, 2, 3, 4].map(() => time.now()))
console.log(`4 requests were answered by ${new Set(answers.map(({ pid }) => pid)).size} of them`)

// one call for all of them
const readings = await all(time).now()
console.log(`${new Set(readings.map(({ value }) => value.pid)).size} tell the time at once`)

// one of them, and no other
const [one] = await instances(time)
const ofOne = withOptions(time, { instance: one.id })
const { pid } = await ofOne.now()
workers.find((worker) => worker.pid === pid).kill('SIGKILL')
for await (const { type, instance, reason } of events) {
  if (type !== 'down') continue
  console.log(`${instance.id === one.id ? 'the one' : 'another'} is down: ${reason}`)
  break
}
console.log(`a call of it: ${await ofOne.now().catch(({ code }) => code)}`)
console.log(`${(await all(time).now()).length} tell the time all the same`)

await mesh.stop()
for (const worker of workers) worker.kill()
