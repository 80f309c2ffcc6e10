/** Recorded sessions: what real peers of ours wrote to each other, write by write. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Who of the two wrote; both speak and answer alike, the names say who has methods worth calling. */
export type Side = 'client' | 'server'

export interface Conversation {
  /** Of the program that ran, see programs.ts. */
  readonly name: string
  readonly codec: 'classic' | 'dialect'
  /** In the order in which they were written. */
  readonly writes: readonly { readonly from: Side; readonly bytes: Buffer }[]
}

/** One line of the file. Bytes that are no text are base64. */
interface Line {
  readonly name: string
  readonly codec: 'classic' | 'dialect'
  readonly writes: readonly (readonly [Side, string] | readonly [Side, string, 'base64'])[]
}

/** The file in the checkout, from wherever this is run. */
export function corpusFile(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder)
  return path.join(folder, 'test', 'fuzz', 'corpus.jsonl')
}

export function readCorpus(text: string = readFileSync(corpusFile(), 'utf8')): Conversation[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const { name, codec, writes } = JSON.parse(line) as Line
    const read = ([from, said, encoding]: Line['writes'][number]): Conversation['writes'][number] => ({
      from,
      bytes: Buffer.from(said, encoding ?? 'utf8'),
    })
    return { name, codec, writes: writes.map(read) }
  })
}

export function writeCorpus(conversations: readonly Conversation[]): string {
  const lines = conversations.map(({ name, codec, writes }) => {
    const written: Line = { name, codec, writes: writes.map(({ from, bytes }) => writeOf(from, bytes)) }
    return `${JSON.stringify(written)}\n`
  })
  return lines.join('')
}

function writeOf(from: Side, bytes: Buffer): Line['writes'][number] {
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? [from, text] : [from, bytes.toString('base64'), 'base64']
}

/** The rows that one side wrote, each with its newline. */
export function rowsOf({ writes }: Conversation, side: Side): Buffer[] {
  return splitRows(Buffer.concat(writes.filter(({ from }) => from === side).map(({ bytes }) => bytes)))
}

/** Bytes cut behind each newline, and the attachments that the line tells of. */
export function splitRows(bytes: Buffer): Buffer[] {
  const rows: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start)
    const line = newline < 0 ? bytes.length : newline + 1
    const end = Math.min(bytes.length, line + sumOf(lengthsOf(bytes.subarray(start, line))))
    rows.push(bytes.subarray(start, end))
    start = end
  }
  return rows
}

/** A row as it is taken apart. */
export interface Row {
  /** Of its attachments, as its line says them; our own reader is not asked. */
  readonly lengths: readonly number[]
  /** Its JSON, without the newline. */
  readonly text: string
  /** What stands behind the line. */
  readonly bytes: Buffer
}

/** null: it is not all there. */
export function partsOf(row: Buffer): Row | null {
  const newline = row.indexOf(0x0a)
  if (newline < 0) return null
  const lengths = lengthsOf(row)
  const bytes = row.subarray(newline + 1)
  if (bytes.length < sumOf(lengths)) return null
  const line = row.toString('utf8', 0, newline)
  return { lengths, text: lengths.length > 0 ? line.slice(line.indexOf(' ') + 1) : line, bytes }
}

/** The attachments of a row. */
export function attachmentsOf({ lengths, bytes }: Row): Buffer[] {
  let start = 0
  return lengths.map((length) => bytes.subarray(start, (start += length)))
}

export function joinRow({ lengths, text, bytes }: Row): Buffer {
  const prefix = lengths.length > 0 ? `+${lengths.join()} ` : ''
  return Buffer.concat([Buffer.from(`${prefix}${text}\n`), bytes])
}

function lengthsOf(line: Buffer): number[] {
  const [, lengths] =
    /^\+((?:0|[1-9]\d*)(?:,(?:0|[1-9]\d*))*) /.exec(line.toString('latin1', 0, 20_000)) ?? []
  return lengths === undefined ? [] : lengths.split(',').map(Number)
}

function sumOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0)
}
