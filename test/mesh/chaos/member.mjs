/**
 * A service that keeps a ledger: `node member.mjs name@version ledger [address]`. Each call writes its id into the ledger, and
 * answers some milliseconds later. What is written stays there, however the process ends. With an address it listens there.
 */
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { dservice, method } from 'dservice'

/** A call takes at most so many milliseconds. */
const LONGEST = 100

const [, , name, file, address] = process.argv
const ledger = openSync(file, 'a')

async function run(id) {
  writeSync(ledger, `${id}\n`)
  await sleep(Math.random() * LONGEST)
  return process.pid
}

const [host, port] = address?.split(':') ?? []
const where = address ? { host, port: Number(port), insecure: true } : {}
const service = dservice(name, { run, again: method(run, { idempotent: true }) }, { signals: true, ...where })
await service.start()
console.log(`ready ${service.address}`)
