/** What the demo does: find, call, kill, heal; each step checked. */
import { systemClock } from '../../base/clock.js'
import type { Actor } from './actor.js'
import type { Event } from './events.js'
import type { Stage } from './stage.js'

/** A step may take so long before the demo gives up; all is far faster on an idle machine. */
const STEP = 6_000

/** The processes on stage. */
export interface Cast {
  d1: Actor
  d2: Actor
  readonly client: Actor
}

type Tell = (event: Event) => void

/** Starts the three processes side by side; resolves when d2 has found d1. */
export async function begin(stage: Stage, tell: Tell): Promise<Cast> {
  const started = systemClock.monotonic()
  const cast = { d1: stage.enter('d1'), d2: stage.enter('d2'), client: stage.enter('client') }
  await Promise.all([cast.d1.up(STEP), cast.d2.up(STEP), cast.client.up(STEP)])
  await cast.d2.in('ready', STEP)
  const ready = since(started)
  tell(upEvent(cast.d1, 'transform, ping'))
  tell(upEvent(cast.d2, 'jsconf; relies on d1@^1'))
  tell({ ...upEvent(cast.client, ''), version: '' })
  tell({ type: 'ready', ms: ready })
  return cast
}

/** The two calls of the README. */
export async function callBoth({ client }: Cast, tell: Tell): Promise<void> {
  await jsconf(client, tell)
  await transform(client, tell)
}

/** Kills d1 and starts it anew, elsewhere; the client's next call is answered by the new one. */
export async function heal(cast: Cast, { stage, tell }: { stage: Stage; tell: Tell }): Promise<void> {
  const old = cast.d1
  tell({ type: 'kill', name: 'd1', pid: old.pid, address: old.address })
  const killed = systemClock.monotonic()
  await old.kill()
  cast.d1 = stage.enter('d1')
  await cast.d2.in('waiting', STEP)
  tell({ type: 'waiting', name: 'd2', for: 'd1@^1' })
  const [answer] = await Promise.all([askHealed(cast.client, killed), cast.d1.up(STEP)])
  if (cast.d1.address === old.address)
    throw new Error(`d1 came back at the same address ${String(old.address)}`)
  tell(upEvent(cast.d1, 'restarted on another port'))
  tell(answer)
  await cast.d2.in('ready', STEP)
  await jsconf(cast.client, tell)
}

/** The same with d2: nobody relies on it, so nobody waits for it but the caller. */
export async function healD2(cast: Cast, { stage, tell }: { stage: Stage; tell: Tell }): Promise<void> {
  const old = cast.d2
  tell({ type: 'kill', name: 'd2', pid: old.pid, address: old.address })
  const killed = systemClock.monotonic()
  await old.kill()
  cast.d2 = stage.enter('d2')
  const [answer] = await Promise.all([askJsconf(cast.client), cast.d2.up(STEP)])
  tell(upEvent(cast.d2, 'started anew'))
  tell({ ...answer, healed: since(killed) })
}

function upEvent(actor: Actor, note: string): Event & { type: 'up' } {
  return {
    type: 'up',
    name: actor.role,
    version: actor.version,
    pid: actor.pid,
    address: actor.address,
    note,
  }
}

async function jsconf(client: Actor, tell: Tell): Promise<void> {
  tell(await askJsconf(client))
}

async function askJsconf(client: Actor): Promise<Event & { type: 'call' }> {
  const order = { service: 'd2', range: '^1', method: 'jsconf', args: [] }
  const answer = await client.call(order, STEP)
  expect(answer.value, 'RULEZ', 'd2.jsconf()')
  return { type: 'call', text: 'd2.jsconf()', ...answer }
}

async function transform(client: Actor, tell: Tell): Promise<void> {
  tell(await askTransform(client))
}

/** Healing ends with the answer, and began with the kill. */
async function askHealed(client: Actor, killed: number): Promise<Event & { type: 'call' }> {
  const answer = await askTransform(client)
  return { ...answer, healed: since(killed) }
}

function since(then: number): number {
  return Math.round(systemClock.monotonic() - then)
}

async function askTransform(client: Actor): Promise<Event & { type: 'call' }> {
  const order = { service: 'd1', range: '^1', method: 'transform', args: ['beep'] }
  const answer = await client.call(order, STEP)
  expect(answer.value, 'BOOP', 'd1.transform("beep")')
  return { type: 'call', text: 'd1.transform("beep")', ...answer }
}

function expect(value: unknown, wanted: string, what: string): void {
  if (value !== wanted) throw new Error(`${what} answered ${JSON.stringify(value)}, expected "${wanted}"`)
}
