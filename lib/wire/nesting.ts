/** How deep a JSON text is nested and how much is in it, told without parsing it. */
const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
]

/** What a text may have at most. */
export interface Shape {
  readonly levels: number
  /** Counted by what stands between them: a little less than there are. */
  readonly values: number
}

/** What a JSON text has more of than it may; null: nothing. What is no JSON gets any answer: the parser refuses it. */
export function excessOf(text: string, { levels, values }: Shape): keyof Shape | null {
  let depth = 0
  let left = values
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) i = endOfString(text, i)
    else if (c === COMMA) left--
    else if (c === OPEN_LIST || c === OPEN_OBJECT) {
      left--
      if (++depth > levels) return 'levels'
    } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) depth--
    if (left < 0) return 'values'
  }
  return null
}

/** Where the string that begins at `start` ends: at the next quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}
