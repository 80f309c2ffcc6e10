/** Declarations of a peer as the words and marks that a compiler sees in them; what the two could read differently is refused. */
import { invalid, type DServiceError } from '../../base/errors.js'

/** A word, a string, a template's text, or one other character; comments are on their own. */
export interface Token {
  readonly kind: 'word' | 'string' | 'mark'
  /** Of a string: nothing, since what it says is data. */
  readonly text: string
  readonly line: number
  /** Brackets around it. */
  readonly depth: number
}

/** Brackets within brackets, at most: compilers call themselves for each. */
const DEEPEST = 100

/** What ends lines for some compilers and not for others, or what turns round the text that people see. */
const UNREADABLE = /[\0-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
/** Compilers skip what a merge left behind, to where it ends. */
const CONFLICT = /^(<{7}|={7}|>{7}|\|{7})/m
/** Compilers pass over a line that begins a file so, and what in it would be a comment is none. */
const SHEBANG = /^\uFEFF?#!/
/** Compilers have more blanks than we: what is neither ours nor a letter is no part of a declaration. */
const FOREIGN = /[^\0-\u007f]/
/** What comments say to compilers: which other files to read, and which checks to leave out. */
const DIRECTIVE = /^\/\/\/\s*<|@ts-|@jsx/
const NUMBER = /^(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*([eE]\d*)?)n?$/

const OPENING = '{[(<'
const CLOSING = '}])>'

/**
 * One token, where it stands; `y` makes each begin where the last one ended. Which letters of other scripts there are, compilers know as of
 * their time: they are passed over, so that the words on both sides of one are looked at as words.
 */
const NEXT =
  /(?<blank>[ \t\n\uFEFF\u00a0]+)|(?<letter>(?![\0-\u007f])[\p{ID_Continue}\u200c\u200d])|(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*')|(?<word>[\w$]+)|(?<arrow>=>)|(?<mark>[^])/uy

/** The text of a template and what ends it. */
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(`|\$\{)/y

/** The tokens of a text whose lines end with LF. Errors: DS_INVALID with the line. */
export function tokensOf(text: string): Token[] {
  return new Reader(text).read()
}

/** An error about a line of the types. */
export function unfit(line: number, why: string): DServiceError {
  return invalid({
    summary: `line ${line} of the types ${why}`,
    hint: 'the types of a service are declarations alone, in one file that needs no other',
    details: { line },
  })
}

class Reader {
  readonly #text: string
  readonly #tokens: Token[] = []
  /** The brackets that are open; a template's `${` is one of them. */
  readonly #open: string[] = []
  #at = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  read(): Token[] {
    for (const what of [UNREADABLE, CONFLICT, SHEBANG]) {
      const found = what.exec(this.#text)
      if (found)
        throw unfit(lineAt(this.#text, found.index), 'has a character or a mark that no declaration needs')
    }
    while (this.#at < this.#text.length) this.#next()
    if (this.#open.length > 0) throw this.#unfit('is the last one, and brackets are still open')
    return this.#tokens
  }

  #next(): void {
    NEXT.lastIndex = this.#at
    const groups = NEXT.exec(this.#text)?.groups ?? {}
    const { blank, letter, comment, string, word, arrow } = groups
    const text = blank ?? letter ?? comment ?? string ?? word ?? arrow
    if (text === undefined) return this.#mark(groups['mark'] ?? '')
    if (comment !== undefined && DIRECTIVE.test(text)) throw this.#unfit('gives orders to a compiler')
    if (string !== undefined) this.#push('string', '')
    if (word !== undefined) this.#word(text)
    if (arrow !== undefined) this.#push('mark', text)
    this.#pass(text)
  }

  #word(text: string): void {
    if (/^\d/.test(text) && !NUMBER.test(text)) throw this.#unfit('has a number that is none')
    this.#push('word', text)
  }

  #mark(mark: string): void {
    if (FOREIGN.test(mark)) throw this.#unfit('has a character that no declaration needs')
    if ('"\'\\/'.includes(mark)) throw this.#unfit(`has a ${mark} that begins nothing`)
    if (mark === '`') {
      this.#pass(mark)
      return this.#template()
    }
    if (OPENING.includes(mark)) this.#enter(mark)
    this.#push('mark', mark)
    this.#pass(mark)
    if (CLOSING.includes(mark) && this.#leave(mark)) this.#template()
  }

  /** The text of a template, up to its end or to the next `${` in it. */
  #template(): void {
    TEMPLATE.lastIndex = this.#at
    const found = TEMPLATE.exec(this.#text)
    if (!found) throw this.#unfit('begins a template that does not end')
    this.#push('string', '')
    this.#pass(found[0])
    if (found[1] === '${') this.#enter('${')
  }

  #enter(bracket: string): void {
    if (this.#open.push(bracket) > DEEPEST)
      throw this.#unfit(`has more than ${DEEPEST} brackets within each other`)
  }

  /** True where a template goes on behind it. */
  #leave(mark: string): boolean {
    const opening = OPENING.charAt(CLOSING.indexOf(mark))
    const open = this.#open.pop()
    if (open === opening) return false
    if (mark === '}' && open === '${') return true
    throw this.#unfit(`has a ${mark} that closes nothing`)
  }

  #push(kind: Token['kind'], text: string): void {
    this.#tokens.push({ kind, text, line: this.#line, depth: this.#open.length })
  }

  #pass(text: string): void {
    this.#at += text.length
    for (const character of text) if (character === '\n') this.#line++
  }

  #unfit(why: string): DServiceError {
    return unfit(this.#line, why)
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
