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

/** Bytes cut behind each newline. */
export function splitRows(bytes: Buffer): Buffer[] {
  const rows: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline + 1
    rows.push(bytes.subarray(start, end))
    start = end
  }
  return rows
}
