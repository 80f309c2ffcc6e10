/** A service with typed methods. */
import { dservice } from 'dservice'

const api = {
  transform: (s: string): string => s.replace(/[aeiou]{2,}/, 'oo').toUpperCase(),
  async each(words: readonly string[], tell: (word: string, index: number) => void): Promise<number> {
    for (const [index, word] of words.entries()) tell(word.toUpperCase(), index)
    return words.length
  },
  text: {
    reverse: (s: string): string => [...s].reverse().join(''),
  },
}

/** The type is all that a caller needs. */
export type D1 = typeof api

const d1 = dservice('d1@1.2.0', api)
await d1.start()
console.log('d1 is ready')
