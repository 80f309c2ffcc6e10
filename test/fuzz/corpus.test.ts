/** The recorded sessions are what our peers say today, and have everything that they can say. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readClassic } from '../../lib/dnode/classic.js'
import { readDialect } from '../../lib/dnode/dialect/read.js'
import type { Message } from '../../lib/dnode/messages.js'
import { corpusFile, readCorpus, rowsOf, writeCorpus, type Conversation } from './corpus.js'
import { record } from './record.js'

const corpus = readCorpus()

/** All rows of one codec, parsed. */
function rowsOfAll(codec: Conversation['codec']): unknown[] {
  const rows = corpus
    .filter((conversation) => conversation.codec === codec)
    .flatMap((conversation) => [...rowsOf(conversation, 'client'), ...rowsOf(conversation, 'server')])
  return rows.map((row) => JSON.parse(row.toString('utf8')) as unknown)
}

/** All messages of one codec, as their receivers read them. */
function messagesOf(codec: Conversation['codec']): Message[] {
  return rowsOfAll(codec).flatMap((row) =>
    Array.isArray(row) ? row.map((message) => readDialect(message)) : [readClassic(row)],
  )
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

/** What stands for values that JSON has not. */
const TAGS = [
  'undefined',
  'number',
  'bigint',
  'date',
  'regexp',
  'url',
  'map',
  'set',
  'error',
  'function',
  'yours',
  'stream',
  'signal',
  'ref',
  'object',
]

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
      TAGS.every((tag) => JSON.stringify(rowsOfAll('dialect')).includes(`{"$":["${tag}"`)),
      messages.some((message) => message.type === 'fail' && message.error.message === 'no more'),
      messages.some((message) => message.type === 'error' && message.error.cause !== undefined),
      messages.some((message) => message.type === 'error' && message.error.ran === 'no'),
      messages.some((message) => message.type === 'methods' && message.hello?.identity),
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

  it('fuzz - bytes that are no text survive the file', () => {
    const bytes = Buffer.from([0xff, 0x0a, 0xc3])
    const written = writeCorpus([{ name: 'x', codec: 'dialect', writes: [{ from: 'client', bytes }] }])
    expect(readCorpus(written)[0]?.writes[0]?.bytes).toEqual(bytes)
  })
})
