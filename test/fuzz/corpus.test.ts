/** The recorded sessions are what our peers say today, and have everything that they can say. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readClassic } from '../../lib/dnode/classic.js'
import { readDialect } from '../../lib/dnode/dialect/read.js'
import { Attached } from '../../lib/dnode/values/carried.js'
import type { Message } from '../../lib/dnode/messages.js'
import {
  attachmentsOf,
  corpusFile,
  joinRow,
  partsOf,
  readCorpus,
  rowsOf,
  splitRows,
  writeCorpus,
  type Conversation,
  type Row,
} from './corpus.js'
import { record } from './record.js'
import { TAGS } from './tags.js'

const corpus = readCorpus()

/** All rows of one codec. */
function partsOfAll(codec: Conversation['codec']): Row[] {
  return corpus
    .filter((conversation) => conversation.codec === codec)
    .flatMap((conversation) => [...rowsOf(conversation, 'client'), ...rowsOf(conversation, 'server')])
    .map((row) => partsOf(row) as Row)
}

/** The same, parsed. */
function rowsOfAll(codec: Conversation['codec']): unknown[] {
  return partsOfAll(codec).map(({ text }) => JSON.parse(text) as unknown)
}

/** All messages of one codec, as their receivers read them. */
function messagesOf(codec: Conversation['codec']): Message[] {
  return partsOfAll(codec).flatMap((parts) => {
    const row = JSON.parse(parts.text) as unknown
    const attached = new Attached(attachmentsOf(parts))
    const read = (message: unknown): Message => readDialect(message, attached)
    return Array.isArray(row) ? row.map(read) : [readClassic(row)]
  })
}

/** Every type of message: a new one does not compile before it stands here, and then has to be recorded. */
const TYPES: Readonly<Record<Message['type'], true>> = {
  methods: true,
  call: true,
  cancel: true,
  ping: true,
  pong: true,
  answer: true,
  error: true,
  cull: true,
  changed: true,
  done: true,
  pipe: true,
  release: true,
  abort: true,
  chunk: true,
  end: true,
  fail: true,
  credit: true,
  stop: true,
}

describe('fuzz - the corpus', () => {
  it('fuzz - is what two peers say today; if not: npm run build && node dist/test/fuzz/record.js', async () => {
    expect((await record()) === readFileSync(corpusFile(), 'utf8')).toBe(true)
  })

  it('fuzz - has every message of the dialect, and all that a call can carry', () => {
    const messages = messagesOf('dialect')
    expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(Object.keys(TYPES)))
    const calls = messages.filter((message) => message.type === 'call')
    for (const has of [
      calls.some(({ id }) => id === null),
      calls.some(({ timeout }) => timeout === null),
      calls.some(({ timeout }) => typeof timeout === 'number'),
      calls.some(({ traceparent }) => traceparent !== undefined),
      calls.some(({ method }) => typeof method === 'string'),
      // custom types are no part of the programs
      TAGS.every(
        (tag) => tag === 'custom' || JSON.stringify(rowsOfAll('dialect')).includes(`{"$":["${tag}"`),
      ),
      partsOfAll('dialect').some(({ lengths }) => lengths.length >= 3),
      partsOfAll('dialect').some(({ bytes }) => bytes.includes(0x0a)),
      messages.some((message) => message.type === 'fail' && message.error.message === 'no more'),
      messages.some((message) => message.type === 'error' && message.error.cause !== undefined),
      messages.some((message) => message.type === 'error' && message.error.ran === 'no'),
      messages.some((message) => message.type === 'methods' && message.hello?.identity),
      messages.some((message) => message.type === 'methods' && message.hello?.idempotent.length),
      messages.some((message) => message.type === 'methods' && message.hello?.identity?.contract),
    ]) {
      expect(has).toBeTruthy()
    }
  })

  it('fuzz - has heads of every kind that has one, with every field, and the same kinds without', () => {
    for (const kind of ['call']) {
      const rows = rowsOfAll('dialect').filter((row) => Array.isArray(row)) as unknown[][][]
      const messages = rows
        .flat()
        .filter(([first, second]) => (typeof first === 'string' ? first : second) === kind)
      const heads = messages.map(([first]) => first).filter((first) => typeof first === 'object')
      expect(new Set(heads.flatMap((head) => Object.keys(head as object)))).toEqual(
        new Set(['timeout', 'traceparent']),
      )
      expect(heads.length).toBeLessThan(messages.length)
    }
  })

  it('fuzz - has every message of classic dnode, and rows of all sizes', () => {
    const types = new Set(messagesOf('classic').map(({ type }) => type))
    expect(types).toEqual(new Set(['methods', 'call', 'cull']))
    const sizes = corpus.flatMap(({ writes }) => writes.map(({ bytes }) => bytes.length))
    expect(Math.max(...sizes)).toBeGreaterThan(16 * 1024)
  })

  it('fuzz - a row is cut behind its attachments, and put together again as it was', () => {
    const row = Buffer.from('+3,0,1 ["x"]\na\nbc')
    const [first, second, third] = splitRows(Buffer.concat([Buffer.from('[1]\n'), row, Buffer.from('[2]\n')]))
    expect([first, second, third].map(String)).toEqual(['[1]\n', String(row), '[2]\n'])
    const parts = partsOf(row) as Row
    expect([parts.text, attachmentsOf(parts).map(String)]).toEqual(['["x"]', ['a\nb', '', 'c']])
    expect(joinRow(parts)).toEqual(row)
    expect([partsOf(row.subarray(0, -1)), partsOf(Buffer.from('[1]'))]).toEqual([null, null])
  })

  it('fuzz - bytes that are no text survive the file', () => {
    const bytes = Buffer.from([0xff, 0x0a, 0xc3])
    const written = writeCorpus([{ name: 'x', codec: 'dialect', writes: [{ from: 'client', bytes }] }])
    expect(readCorpus(written)[0]?.writes[0]?.bytes).toEqual(bytes)
  })
})
