/** What a peer sent, fit to be shown. */
/** Characters of a bad row that its error shows. */
const SHOWN = 80
/** What a terminal or an editor might obey instead of showing, beyond what JSON escapes. */
const UNPRINTABLE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Text of a peer in quotes, shortened and escaped, so that an error may show it anywhere. */
export function quote(text: string, length: number = SHOWN): string {
  const shown = printable(JSON.stringify(text.slice(0, length)))
  return text.length > length ? `${shown}…` : shown
}

/** The same JSON, as a terminal and an editor show it. */
export function printable(json: string): string {
  return json.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
