/** The arguments of a call as they are typed at a shell. */
import JSON5 from 'json5'
import { invalid, reasonOf } from '../../base/errors.js'

/** Where `@file` and `-` get their text from. */
export interface Sources {
  file(path: string): Promise<string>
  stdin(): Promise<string>
}

const PAIR = /^([A-Za-z_$][\w$-]*)=(.*)$/s
const LITERAL_START = /^\s*["'[{]/
const WHOLE_NUMBER = /^[+-]?\d{16,}$/

/**
 * Reads arguments: JSON5 literals as they are; `k=v` pairs gathered into one object, where the first of them stands;
 * `@file` and `-` (stdin) hold JSON5; any other word is a string. Errors: DS_INVALID, with the argument.
 */
export async function parseArguments(words: readonly string[], sources: Sources): Promise<unknown[]> {
  const values: unknown[] = []
  let pairs: Map<string, unknown> | undefined
  let at = 0
  for (const word of words) {
    const pair = PAIR.exec(word)
    if (!pair) values.push(await valueOf(word, sources))
    else {
      if (!pairs) {
        pairs = new Map()
        at = values.push(undefined) - 1
      }
      pairs.set(pair[1] as string, await valueOf(pair[2] as string, sources))
    }
  }
  // fromEntries defines own properties, so that a key such as __proto__ stays data
  if (pairs) values[at] = Object.fromEntries(pairs)
  return values
}

async function valueOf(word: string, sources: Sources): Promise<unknown> {
  if (word === '-') return parseText(await sources.stdin(), 'stdin')
  if (word.startsWith('@') && word.length > 1) return parseText(await fileText(word, sources), word)
  return literal(word)
}

async function fileText(word: string, sources: Sources): Promise<string> {
  try {
    return await sources.file(word.slice(1))
  } catch (error) {
    throw invalid({
      summary: `${word}: ${reasonOf(error)}`,
      hint: `give a file that can be read, or quote the word to send it as text: '"${word}"'`,
      cause: error,
    })
  }
}

/** One word: a JSON5 literal, else a string. What begins like a literal must be one. */
export function literal(word: string): unknown {
  if (WHOLE_NUMBER.test(word) && !Number.isSafeInteger(Number(word))) {
    throw invalid({
      summary: `${word} is larger than a number can hold exactly`,
      hint: `send it as text: '"${word}"'`,
    })
  }
  if (LITERAL_START.test(word)) return parseText(word, word)
  try {
    return JSON5.parse(word)
  } catch (error) {
    if (error instanceof SyntaxError) return word
    throw error
  }
}

function parseText(text: string, source: string): unknown {
  try {
    return JSON5.parse(text)
  } catch (error) {
    throw invalid({
      summary: `${source === text ? text : `the text of ${source}`} is no JSON: ${reasonOf(error)}`,
      hint: `mend it, or send text as a quoted string: '"text"'`,
      cause: error,
    })
  }
}
