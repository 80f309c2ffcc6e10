/** Stacks: what people read in them, and what they cost. Nothing of a peer's text in them is obeyed by a terminal, or turns lines around. */

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

/**
 * Makes errors by the thousand, for callers who each put their own line into theirs: the line that made them says nothing, and
 * looking for it is two thirds of what an error costs. `run` must call no code but ours.
 */
export function withoutStacks(run: () => void): void {
  const most = Error.stackTraceLimit
  // false where it is frozen: then it costs what it costs
  if (!Reflect.set(Error, 'stackTraceLimit', 0)) return run()
  try {
    run()
  } finally {
    Error.stackTraceLimit = most
  }
}

/** Causes of causes that are looked at. */
const CAUSES = 8

/**
 * Makes text of an error's frames, and of its causes', which V8 leaves until somebody looks: until then they hold whatever was
 * on the stack. For errors that are kept for longer than that should be.
 */
export function settleStack(error: unknown): void {
  let settled = 0
  for (let at = error; at instanceof Error && settled < CAUSES; at = at.cause) {
    if (typeof at.stack === 'string') settled++
    else return
  }
}
