/** What d1 promises. */
export interface Api {
  /** The text in capitals, its double vowels as `oo`. */
  transform(text: string): string
  /** How many letters of the text are this one. */
  count(text: string, letter: string): number
}
