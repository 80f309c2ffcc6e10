/** Text for terminals: what comes from peers is made harmless before it is shown. */

// C0 without tab and newline, DEL, C1, the marks that turn the direction of text, and the other separators of lines
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

/** Shows control characters as \u001b instead of obeying them: a peer must not paint on our screen. */
export function plain(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** As `plain`, on one line: for cells of a table. */
export function oneLine(text: string): string {
  return plain(text.replace(/[\t\n]/g, ' '))
}

/** As `plain`, with its further lines set in: none of them can pass for a line of ours. */
export function inset(text: string, columns: number): string {
  return plain(text).replaceAll('\n', `\n${' '.repeat(columns)}`)
}

/** A value as JSON that a terminal shows as it is: the escapes of `plain` are JSON's own. */
export function jsonText(value: unknown, indent = 0): string {
  return plain(JSON.stringify(value, null, indent))
}

/** How many columns a text takes, colours not counted. */
export function widthOf(text: string): number {
  return [...text.replace(SEQUENCE, '')].length
}

/** `1 service`, `2 services`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** A duration for people: `0.4 ms`, `12 ms`, `1.3 s`. */
export function span(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
