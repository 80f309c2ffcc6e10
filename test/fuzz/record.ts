/** Records the corpus: runs every program between two real sessions and writes down what they write. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Heart } from '../../lib/dnode/liveness.js'
import { connectionOf } from '../../lib/wire/stream.js'
import { corpusFile, writeCorpus, type Conversation, type Side } from './corpus.js'
import { joined } from './line.js'
import { partyOf } from './party.js'
import { PROGRAMS, type Program } from './programs.js'

async function recordOne(program: Program, codec: Conversation['codec']): Promise<Conversation> {
  const clock = new VirtualClock()
  const heart = new Heart(clock)
  const writes: { from: Side; bytes: Buffer }[] = []
  const lines = joined((from, bytes) => writes.push({ from, bytes }))
  const parties = (['client', 'server'] as const).map((side) => {
    const peer = { transport: 'stream', address: side } as const
    const connection = connectionOf(lines[side], { peer, clock })
    return partyOf({ side, codec, program, connection, clock, heart })
  })
  await clock.advance(program.takes ?? 100)
  await Promise.all(parties.map(({ done }) => done))
  await Promise.all(parties.map(({ session }) => session.close()))
  return { name: program.name, codec, writes }
}

/** The same bytes each time: time and chance are virtual. */
export async function record(): Promise<string> {
  const conversations: Conversation[] = []
  for (const program of PROGRAMS) {
    for (const codec of program.codecs) conversations.push(await recordOne(program, codec))
  }
  return writeCorpus(conversations)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(corpusFile(), await record())
}
