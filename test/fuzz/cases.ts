/** Who is attacked, and over what. */
import { readCorpus, type Conversation, type Side } from './corpus.js'
import { Bystander } from './bystander.js'
import { planOf, type Plan } from './mutate.js'
import { playRound, type Outcome } from './round.js'
import { Sockets } from './sockets.js'

export interface Case {
  /** As in `FUZZ_ROUND=server-dialect:123`. */
  readonly name: string
  readonly victim: Side
  readonly codec: 'classic' | 'dialect'
  /** In memory, time is virtual and the oracle sees everything; `face` is dnode() over sockets. */
  readonly over: 'memory' | 'sockets' | 'face'
}

export const CASES: readonly Case[] = [
  { name: 'server-dialect', victim: 'server', codec: 'dialect', over: 'memory' },
  { name: 'server-classic', victim: 'server', codec: 'classic', over: 'memory' },
  { name: 'client-dialect', victim: 'client', codec: 'dialect', over: 'memory' },
  { name: 'client-classic', victim: 'client', codec: 'classic', over: 'memory' },
  { name: 'socket-server', victim: 'server', codec: 'dialect', over: 'sockets' },
  { name: 'socket-client', victim: 'client', codec: 'dialect', over: 'sockets' },
  { name: 'face-server', victim: 'server', codec: 'dialect', over: 'face' },
  { name: 'face-client', victim: 'client', codec: 'classic', over: 'face' },
]

/** Milliseconds for which the event loop may be held up, and more for each MiB of the largest row: it is parsed in one go. */
const STRETCH = 50
const STRETCH_PER_MIB = 200

/** What makes and plays the rounds of one case; how long turns took is for `judged` to judge. */
export interface Rounds {
  planOf(seed: number): Plan
  play(plan: Plan): Promise<Outcome>
}

export async function roundsOf(
  target: Case,
  corpus: readonly Conversation[] = readCorpus(),
): Promise<Rounds> {
  const make = (seed: number): Plan => planOf(target, seed, corpus)
  if (target.over !== 'memory') {
    const sockets = new Sockets(target.over === 'face')
    return { planOf: make, play: (plan) => sockets.play(plan) }
  }
  const bystander = new Bystander()
  await bystander.begin()
  return { planOf: make, play: (plan) => playRound(plan, bystander) }
}

/** A turn that was too long is measured again: what the machine did meanwhile is not there twice. */
export async function judged(plan: Plan, play: (plan: Plan) => Promise<Outcome>): Promise<Outcome> {
  const allowed = allowedFor(plan)
  let best = await play(plan)
  for (let again = 0; again < 4 && best.longest > allowed && !best.problem; again++) {
    const next = await play(plan)
    best = next.problem || next.longest < best.longest ? next : best
  }
  if (best.problem || best.longest <= allowed) return best
  const text = `the event loop was held up for ${best.longest.toFixed(0)} ms, and ${allowed.toFixed(0)} are allowed`
  return { ...best, problem: text }
}

function allowedFor({ rows }: Plan): number {
  const largest = Math.max(0, ...rows.map((row) => row.length))
  return STRETCH + (STRETCH_PER_MIB * largest) / 2 ** 20
}
