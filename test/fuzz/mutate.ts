/** Makes a hostile peer out of recorded sessions and a seed: what it sends, in which pieces, and how it leaves. */
import { Chance } from './chance.js'
import { joinRow, partsOf, rowsOf, type Conversation, type Row, type Side } from './corpus.js'
import { giantRow, mutateRow } from './mutate-json.js'

/** How the hostile peer leaves: in order, by a reset, by falling silent, or the victim closes. */
export type Ending = 'end' | 'reset' | 'silence' | 'close'

/** All of a round; the same seed makes the same plan of the same corpus. */
export interface Plan {
  readonly seed: number
  readonly victim: Side
  readonly codec: 'classic' | 'dialect'
  /** The program that the victim runs: what was recorded fits to it. */
  readonly program: string
  /** What is sent; without the newline at the end where it is cut. */
  readonly rows: readonly Buffer[]
  /** How it is cut into packets, by the seed. */
  readonly packets: 'rows' | 'one' | 'many' | 'bytes'
  /** False: the hostile peer takes nothing of what is written to it. */
  readonly isReading: boolean
  readonly ending: Ending
}

const ENDINGS: readonly Ending[] = ['end', 'end', 'end', 'reset', 'reset', 'silence', 'close']
const NEWLINE = Buffer.from('\n')

export function planOf(
  target: { readonly victim: Side; readonly codec: 'classic' | 'dialect' },
  seed: number,
  corpus: readonly Conversation[],
): Plan {
  const chance = new Chance(seed)
  const { victim, codec } = target
  const fitting = corpus.filter((conversation) => conversation.codec === codec)
  const base = chance.of(fitting)
  const side = victim === 'server' ? 'client' : 'server'
  const [first = NEWLINE, ...rest] = rowsOf(base, side)
  const others = (): Buffer[] => rowsOf(chance.of(chance.once(3) ? corpus : fitting), side)
  const arranged = arrange(rest, others, chance)
  const degree = chance.of([0, 0.2, 0.2, 0.7])
  const changed = arranged.map((row) => (chance.below(100) < degree * 100 ? changeRow(row, chance) : row))
  if (chance.once(30)) changed.splice(chance.below(3), 0, toRow(giantRow(chance)))
  // without a valid first row the rest is not looked at, so most rounds keep it
  const rows = [chance.once(12) ? changeRow(first, chance) : first, ...changed]
  return {
    seed,
    victim,
    codec,
    program: base.name,
    rows: spoil(rows, chance),
    packets: chance.of(['rows', 'rows', 'one', 'many', 'bytes']),
    isReading: !chance.once(10),
    ending: chance.of(ENDINGS),
  }
}

/** The packets of a plan. */
export function packetsOf({ seed, rows, packets }: Plan): Buffer[] {
  const chance = new Chance(seed ^ 0x5bd1e995)
  if (packets === 'rows') return [...rows]
  const bytes = Buffer.concat(rows)
  if (packets === 'one') return [bytes]
  // byte for byte only so far: it is to end
  const most = packets === 'bytes' ? Math.max(1, Math.ceil(bytes.length / 400)) : bytes.length / 3
  const pieces: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = start + (packets === 'bytes' ? most : chance.about(1, Math.max(2, most)))
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  return pieces
}

/** Rows in another order, again, not at all, or of other sessions. */
function arrange(rows: readonly Buffer[], others: () => Buffer[], chance: Chance): Buffer[] {
  let list = [...rows]
  for (let times = chance.below(3); times > 0; times--) {
    const at = chance.below(list.length + 1)
    switch (chance.below(6)) {
      case 0:
        list = chance.shuffled(list)
        break
      case 1:
        list.splice(at, chance.about(1, 5))
        break
      case 2: {
        const again = list[at]
        if (again) list.splice(at, 0, ...repeated(again, chance))
        break
      }
      case 3:
        list = [...list, ...list]
        break
      case 4:
        list.splice(at, list.length, ...others().slice(1))
        break
      default:
        list.splice(at, 0, ...others())
    }
  }
  return list
}

/** A row so many times, within what a round may take. */
function repeated(row: Buffer, chance: Chance): Buffer[] {
  const most = Math.max(2, Math.min(300, 100_000 / row.length))
  return Array.from({ length: chance.about(1, most) }, () => row)
}

/** One to three changes of a row, and few of what is attached to it. What is no JSON stays as it is. */
function changeRow(row: Buffer, chance: Chance): Buffer {
  const parts = partsOf(row)
  if (!parts) return row
  let value: unknown
  try {
    value = JSON.parse(parts.text)
  } catch {
    return row
  }
  if (chance.once(parts.lengths.length > 0 ? 2 : 60)) return changeAttachments(parts, chance)
  for (let times = 1 + chance.below(3); times > 0; times--) value = mutateRow(value, chance)
  return joinRow({ ...parts, text: JSON.stringify(value) })
}

/** What is attached is more, or less, or other than what the line says; most of these end the connection. */
function changeAttachments(parts: Row, chance: Chance): Buffer {
  const { lengths, text, bytes } = parts
  switch (chance.below(7)) {
    case 0:
      return joinRow({ ...parts, lengths: [] })
    case 1:
      return joinRow({ ...parts, bytes: Buffer.from([...bytes].reverse()) })
    case 2:
      return joinRow({
        ...parts,
        lengths: [...lengths, ...Array.from({ length: chance.about(1, 1_100) }, () => 0)],
      })
    case 3:
      return joinRow({ lengths: [...lengths, 3], text, bytes: Buffer.concat([bytes, Buffer.from('\n"+')]) })
    case 4:
      return joinRow({ ...parts, lengths: [...lengths, chance.of([1, 2 ** 24, 2 ** 24 + 1, 2 ** 53])] })
    case 5:
      return joinRow({ ...parts, lengths: lengths.toReversed() })
    default:
      return Buffer.from(`+${chance.of(['', ',', '01', '-1', '1.5', '1 ', '9'.repeat(400)])} ${text}\n`)
  }
}

function toRow(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

/** Bytes that are changed, and a cut anywhere: most of these end the connection, so that few rounds have them. */
function spoil(rows: readonly Buffer[], chance: Chance): Buffer[] {
  let list = [...rows]
  if (chance.once(6)) {
    const at = chance.once(4) ? chance.below(list.length) : list.length - 1
    list[at] = spoilBytes(list[at] as Buffer, chance)
  }
  if (chance.once(5)) {
    const at = chance.below(list.length)
    const cut = list[at] as Buffer
    list = [...list.slice(0, at), cut.subarray(0, chance.below(cut.length))]
  }
  return list
}

function spoilBytes(row: Buffer, chance: Chance): Buffer {
  const bytes = [...row.subarray(0, 20_000)]
  for (let times = chance.about(1, 8); times > 0; times--) {
    const at = chance.below(bytes.length + 1)
    const some = (): number[] => Array.from({ length: chance.about(1, 4) }, () => chance.below(256))
    switch (chance.below(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8))
        break
      case 1:
        bytes.splice(at, 0, ...some())
        break
      case 2:
        bytes.splice(at, chance.about(1, 8))
        break
      case 3:
        bytes.splice(at, 0, ...bytes.slice(at, at + chance.about(1, 200)))
        break
      default:
        // a byte that JSON or a row has a meaning for
        bytes[at] = chance.of([...Buffer.from('"\\[]{}:,\n\r+-0e ')])
    }
  }
  return Buffer.from(bytes)
}
