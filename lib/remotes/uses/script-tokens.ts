/** Sources as words: comments are none, strings are one each. Enough to find who uses what, in any file that Node or TypeScript reads. */

/** One word of a source. */
export interface Token {
  /** `text`: a string, or a template without `${}`, as it is meant. `other`: a number, a regular expression, a part of a template. */
  readonly kind: 'name' | 'text' | 'mark' | 'other'
  readonly value: string
  /** From 1. */
  readonly line: number
}

const BLANK = /(?:\s|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))+/y
const NAME = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy
const NUMBER = /\d[\w.]*|\.\d[\w.]*/y
const TEXT = /'((?:\\[^]|[^'\\\n])*)'|"((?:\\[^]|[^"\\\n])*)"/y
const REGULAR = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const MARK = /=>|\?\.(?!\d)|\.\.\.|[^]/uy
const TEMPLATE = /(?:\\[^]|\$(?!\{)|[^`\\$])*/y

/** Names that a value follows: a `/` begins a regular expression then, and a `(` is no call. */
export const BEFORE_VALUE: ReadonlySet<string> = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
)

/** After these marks a `/` divides, or ends a tag. */
const AFTER_VALUE = new Set([')', ']', '}', '<'])

/** The words of a source. What cannot be read, an apostrophe in the text of JSX, is a mark, and the next word follows. */
export function tokensOf(source: string): Token[] {
  return new Reader(source).read()
}

class Reader {
  readonly #source: string
  readonly #tokens: Token[] = []
  /** For each template that is open, the braces that are open in its `${}`. */
  readonly #templates: number[] = []
  #at = 0
  #line = 1

  constructor(source: string) {
    this.#source = source
  }

  read(): Token[] {
    if (this.#source.startsWith('#!')) this.#skip(/[^\n]*/y)
    this.#skip(BLANK)
    while (this.#at < this.#source.length) {
      this.#next()
      this.#skip(BLANK)
    }
    return this.#tokens
  }

  #next(): void {
    const line = this.#line
    const add = (kind: Token['kind'], value: string): void => void this.#tokens.push({ kind, value, line })
    const name = this.#take(NAME)
    if (name) return add('name', name[0])
    const number = this.#take(NUMBER)
    if (number) return add('other', number[0])
    const text = this.#take(TEXT)
    if (text) return add('text', plain(text[1] ?? text[2] ?? ''))
    if (this.#source[this.#at] === '/' && this.#isValueNext()) {
      const regular = this.#take(REGULAR)
      if (regular) return add('other', regular[0])
    }
    const [mark = ''] = this.#take(MARK) ?? []
    if (mark === '`') return this.#template(add, true)
    if (this.#closes(mark)) return this.#template(add, false)
    add('mark', mark)
  }

  /** From a backquote, or the brace that ends a `${}`, to the next `${` or the end. */
  #template(add: (kind: Token['kind'], value: string) => void, isFirst: boolean): void {
    const [text = ''] = this.#take(TEMPLATE) ?? []
    const isOpen = this.#source.startsWith('${', this.#at)
    this.#at += isOpen ? 2 : 1
    add(isFirst && !isOpen ? 'text' : 'other', plain(text))
    if (isOpen) this.#templates.push(0)
  }

  /** Counts braces; true for the one that ends a `${}`. */
  #closes(mark: string): boolean {
    const open = this.#templates.at(-1)
    if (open === undefined || (mark !== '{' && mark !== '}')) return false
    if (mark === '}' && open === 0) {
      this.#templates.pop()
      return true
    }
    this.#templates[this.#templates.length - 1] = open + (mark === '{' ? 1 : -1)
    return false
  }

  #isValueNext(): boolean {
    const last = this.#tokens.at(-1)
    if (!last) return true
    return last.kind === 'mark' ? !AFTER_VALUE.has(last.value) : BEFORE_VALUE.has(last.value)
  }

  #skip(what: RegExp): void {
    this.#take(what)
  }

  #take(what: RegExp): RegExpExecArray | null {
    what.lastIndex = this.#at
    const found = what.exec(this.#source)
    if (!found || found[0] === '') return null
    this.#at += found[0].length
    for (const char of found[0]) if (char === '\n') this.#line++
    return found
  }
}

/** The text of a string. No name of a service or a method needs an escape. */
function plain(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}
