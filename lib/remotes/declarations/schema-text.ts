/** Data of a peer as text of a declaration file: nothing in it ends the comment or the quotes that it stands in. */
import { quote } from '../../wire/quote.js'

/** Levels of a value that are told. */
const DEEPEST = 16

/** A text in quotes, as TypeScript reads it. */
export function quoted(text: string): string {
  return quote(text, text.length)
}

/** The type of exactly this JSON value. */
export function literal(value: unknown, level = 0): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'unknown'
  if (level >= DEEPEST) return 'unknown'
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, level + 1)).join(', ')}]`
  const members = Object.entries(value).map(
    ([name, member]) => `${quoted(name)}: ${literal(member, level + 1)}`,
  )
  return members.length === 0 ? '{ [name: string]: never }' : `{ ${members.join('; ')} }`
}

/** A documentation comment on lines of its own, or nothing. */
export function commentLines(text: unknown, level: number): string {
  if (typeof text !== 'string' || text.trim() === '') return ''
  const pad = '  '.repeat(level)
  const lines = text
    .trim()
    .replaceAll('*/', '*\\/')
    // a line of its own that the compiler obeys
    .replaceAll('@ts-', '@\u200bts-')
    .split(/\r\n|[\n\r\u2028\u2029]/)
    // oxlint knows no other way to say: no control characters
    .map((line) => line.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ').trimEnd())
  if (lines.length === 1) return `${pad}/** ${lines[0]} */\n`
  return `${pad}/**\n${lines.map((line) => `${pad} *${line === '' ? '' : ` ${line}`}\n`).join('')}${pad} */\n`
}
