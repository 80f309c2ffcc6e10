/** Text of a peer where people read it: nothing in it that a terminal obeys, or that turns its lines around. */

/** Control characters but the newline, and what changes the direction of text. */
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/

const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, 'g')

/** A text of several lines, with a blank for each character that is not fit to be shown. */
export function printable(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(ALL_UNPRINTABLE, ' ') : text
}

/**
 * Makes the stack of an error fit to be shown: it repeats the message, which may be a peer's and stays as it is. A stack is made
 * into text by the first look at it, which costs more than all the rest, so that it is looked at only where it must be.
 */
export function cleanStack(error: Error): Error {
  if (UNPRINTABLE.test(error.message) && error.stack !== undefined) error.stack = printable(error.stack)
  return error
}
