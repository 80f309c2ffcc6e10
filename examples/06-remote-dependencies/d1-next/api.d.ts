/** What d1 promises now: `count` is gone, and `words` is new. */
export interface Api {
  /** The text in capitals, its double vowels as `oo`. */
  transform(text: string): string
  /** The words of the text. */
  words(text: string): string[]
}
