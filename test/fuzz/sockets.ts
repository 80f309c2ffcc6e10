/** One round over real sockets, where a reset is a reset: against sessions, and against the classic face. */
import { once } from 'node:events'
import net from 'node:net'
import { systemClock } from '../../lib/base/clock.js'
import { dnode } from '../../lib/dnode/face/factory.js'
import type { Outcome as CallOutcome } from '../../lib/dnode/messages.js'
import type { Connection, Listening, Transport } from '../../lib/wire/connection.js'
import { tcpTransport } from '../../lib/wire/tcp.js'
import { Turns } from './measure.js'
import { packetsOf, type Plan } from './mutate.js'
import { answersIn, badAnswers, badArguments, badFailure, badOutcome, callsIn, pollution } from './oracle.js'
import { partyOf, type Party } from './party.js'
import { PROGRAMS } from './programs.js'
import { callersApi, servedApi } from './served.js'
import type { Outcome } from './round.js'

/** Turns of the event loop in which what is under way arrives. */
const PATIENCE = 5_000

/** A victim on one end of a socket. */
interface Victim {
  /** Ends it in order. */
  close(): void
  /** Settles when its connection has ended. */
  readonly closed: Promise<unknown>
  /** What is not as it should be, once it has ended; null: nothing. */
  left(turns: Turns): Promise<string | null>
}

type Look = (args: readonly unknown[]) => unknown

/** Makes victims: those that listen stay, with a well-behaved peer beside each. */
export class Sockets {
  readonly #transport: Transport = tcpTransport({ clock: systemClock, keepAlive: true })
  readonly #isFace: boolean

  /** `isFace`: victims are dnodes, not sessions. */
  constructor(isFace: boolean) {
    this.#isFace = isFace
  }

  async play(plan: Plan): Promise<Outcome> {
    const turns = new Turns()
    const seen: (readonly unknown[])[] = []
    const { victim, attacker, bystander, close } = await this.#meet(plan, (args) => seen.push(args))
    const received: Buffer[] = []
    if (plan.isReading) attacker.on('data', (bytes: Buffer) => received.push(bytes))
    const fed = await attack(attacker, plan, turns)
    let problem = bystander ? await bystander(turns) : null
    leave(attacker, plan, victim)
    await victim.closed
    problem ??= await victim.left(turns)
    attacker.destroy()
    await close()
    for (const args of seen) problem ??= badArguments(args)
    problem ??= pollution() ?? (this.#isFace ? null : wrongWith(Buffer.concat(fed), received, plan))
    return { problem, longest: turns.longest }
  }

  #meet(plan: Plan, look: Look): Promise<Meeting> {
    return plan.victim === 'server' ? this.#attackServer(plan, look) : this.#attackClient(plan, look)
  }

  async #attackServer(plan: Plan, look: Look): Promise<Meeting> {
    const victims: Victim[] = []
    const listening = this.#isFace
      ? await listenFace(look, (victim) => victims.push(victim))
      : await this.#transport.listen({ host: '127.0.0.1', port: 0 }, (connection) =>
          victims.push(sessionVictim(plan, connection, look)),
        )
    const { port } = listening.address as { port: number }
    const attacker = net.connect({ host: '127.0.0.1', port, noDelay: true })
    await once(attacker, 'connect')
    attacker.on('error', () => undefined)
    while (!victims[0]) await new Promise((resolve) => setImmediate(resolve))
    const beside = dnode.connect(port, '127.0.0.1')
    await once(beside, 'remote')
    const close = async (): Promise<void> => {
      beside.end()
      await listening.close()
    }
    return { victim: victims[0], attacker, close, bystander: (turns) => calls(beside, turns) }
  }

  async #attackClient(plan: Plan, look: Look): Promise<Meeting> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const accepted = once(server, 'connection') as Promise<[net.Socket]>
    const victim = this.#isFace
      ? faceVictim(dnode(callersApi(look)).connect(port, '127.0.0.1'))
      : sessionVictim(plan, await this.#transport.dial({ host: '127.0.0.1', port }), look)
    const [attacker] = await accepted
    attacker.on('error', () => undefined)
    return { victim, attacker, bystander: null, close: async () => void server.close() }
  }
}

interface Meeting {
  readonly victim: Victim
  readonly attacker: net.Socket
  readonly bystander: ((turns: Turns) => Promise<string | null>) | null
  close(): Promise<void>
}

async function attack(attacker: net.Socket, plan: Plan, turns: Turns): Promise<Buffer[]> {
  const fed: Buffer[] = []
  for (const packet of packetsOf(plan)) {
    if (!attacker.writable) break
    attacker.write(packet)
    fed.push(packet)
    await turns.turn()
  }
  await turns.until(() => attacker.writableLength === 0 || attacker.destroyed, PATIENCE)
  for (let i = 0; i < 20; i++) await turns.turn()
  return fed
}

/** Nobody waits in real time here: a silence ends with a reset, and so does who never reads. */
function leave(attacker: net.Socket, plan: Plan, victim: Victim): void {
  if (plan.ending === 'reset' || plan.ending === 'silence' || !plan.isReading) attacker.resetAndDestroy()
  else if (plan.ending === 'end') attacker.end()
  else {
    attacker.on('end', () => attacker.end())
    if (attacker.readableEnded) attacker.end()
    victim.close()
  }
}

function wrongWith(fed: Buffer, received: readonly Buffer[], plan: Plan): string | null {
  if (!plan.isReading) return null
  const answers = answersIn(Buffer.concat(received), plan.codec)
  const made = callsIn(fed)
  if (typeof answers === 'string') return answers
  return made && badAnswers(made, answers, Infinity)
}

function sessionVictim(plan: Plan, connection: Connection, look: Look): Victim {
  const problems: string[] = []
  const outcomes: CallOutcome[] = []
  const note = (problem: string | null): void => void (problem && problems.push(problem))
  const program = PROGRAMS.find(({ name }) => name === plan.program) as (typeof PROGRAMS)[number]
  const quiet = (): void => undefined
  const party: Party = partyOf({
    side: plan.victim,
    codec: plan.codec,
    program,
    connection,
    clock: systemClock,
    logger: { debug: quiet, info: quiet, warn: quiet, error: (_fields, text) => problems.push(text) },
    look,
    onOutcome: (outcome) => outcomes.push(outcome),
    onFail: (error) => note(badFailure(error)),
  })
  let isDone = false
  void party.done.then(() => (isDone = true))
  const left = async (turns: Turns): Promise<string | null> => {
    const { references, pending } = party.session
    if (references.exported + references.imported > 0) return 'functions are held'
    if (pending > 0) return `${pending} calls of the victim wait`
    const why = badFailure(await party.session.closed)
    if (why) return why
    const isSettled = await turns.until(() => isDone, PATIENCE)
    for (const outcome of outcomes) note(badOutcome(outcome))
    return isSettled ? (problems[0] ?? null) : 'calls of the victim did not settle'
  }
  return { close: () => void party.session.close(), closed: party.session.closed, left }
}

type Face = ReturnType<typeof dnode>

function faceVictim(d: Face): Victim {
  let ends = 0
  const closed = new Promise<void>((resolve) => {
    d.on('end', () => {
      ends++
      resolve()
    })
  })
  d.on('error', () => undefined)
  let wrong: string | null = null
  d.on('fail', (error: Error) => (wrong ??= badFailure(error)))
  d.on('remote', (remote: Record<string, unknown>) => {
    for (const method of Object.values(remote).slice(0, 20)) {
      if (typeof method === 'function') (method as (...args: unknown[]) => void)('x', () => undefined)
    }
  })
  const left = async (turns: Turns): Promise<string | null> => {
    const held = (): number => {
      const { local = [], remote = [] } = d.proto?.callbacks ?? {}
      return [...local, ...remote].filter(Boolean).length
    }
    // who ends it hears of the end at once, and lets go when its peer has ended too
    if (!(await turns.until(() => held() === 0, PATIENCE))) return `${held()} functions are held`
    return ends === 1 ? wrong : `"end" was emitted ${ends} times`
  }
  return { close: () => void d.end(), closed, left }
}

async function listenFace(look: Look, on: (victim: Victim) => void): Promise<Listening> {
  const server = dnode(servedApi(systemClock, look)).listen(0)
  // the first to come is the attacker
  server.once('local', (_api: object, d: Face) => on(faceVictim(d)))
  server.on('local', (_api: object, d: Face) => d.on('error', () => undefined))
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const close = async (): Promise<void> => void server.close()
  return { address: { host: '127.0.0.1', port }, close, [Symbol.asyncDispose]: close }
}

/** A call of a well-behaved peer of the same server; null: it was answered as it should be. */
async function calls(beside: Face, turns: Turns): Promise<string | null> {
  const { echo } = (beside.proto?.remote ?? {}) as { echo?: (x: unknown, cb: (x: unknown) => void) => void }
  let got: unknown
  echo?.('well', (x) => (got = x))
  if (!(await turns.until(() => got !== undefined, PATIENCE))) return 'a bystander had no answer'
  return got === 'well' ? null : `a bystander got ${JSON.stringify(got)}`
}
