/** A source as a row of words that one can walk: to the other bracket, to the begin of a chain, along its names. */
import { tokensOf, type Token } from './script-tokens.js'

const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Words that the type of one variable may have. */
const LONGEST_TYPE = 60

/** Members of a chain whose begin is looked for. */
const LONGEST_CHAIN = 32

const DECLARES = ['const', 'let', 'var', 'readonly', 'private', 'protected', 'public', 'static', 'accessor']

/** The words of a source, by their places. Places beyond either end hold nothing. */
export class Script {
  readonly tokens: readonly Token[]
  /** Of each bracket, the other one. */
  readonly #others = new Map<number, number>()
  readonly #places = new Map<string, number[]>()

  constructor(source: string) {
    this.tokens = tokensOf(source)
    this.tokens.forEach(({ kind, value }, at) => {
      if (kind !== 'name') return
      const places = this.#places.get(value)
      if (places) places.push(at)
      else this.#places.set(value, [at])
    })
    this.#pair()
  }

  /** Where a name stands. */
  placesOf(name: string): readonly number[] {
    return this.#places.get(name) ?? []
  }

  /** Whether there is one of these words; a string never is. */
  is(at: number, ...words: readonly string[]): boolean {
    const token = this.tokens[at]
    return (
      token !== undefined && (token.kind === 'name' || token.kind === 'mark') && words.includes(token.value)
    )
  }

  name(at: number): string | null {
    const token = this.tokens[at]
    return token?.kind === 'name' ? token.value : null
  }

  text(at: number): string | null {
    const token = this.tokens[at]
    return token?.kind === 'text' ? token.value : null
  }

  line(at: number): number {
    return this.tokens[at]?.line ?? 0
  }

  /** The place of the other bracket; -1 where there is none. */
  other(at: number): number {
    return this.#others.get(at) ?? -1
  }

  isMember(at: number): boolean {
    return this.is(at - 1, '.', '?.')
  }

  /** Where the chain begins that a member belongs to: `mesh` of `mesh.dnodeFor`. */
  chainStart(at: number): number {
    let start = at
    for (let steps = 0; this.isMember(start) && steps < LONGEST_CHAIN; steps++) {
      let before = start - 2
      if (this.is(before, '!')) before--
      while (this.is(before, ')', ']') && this.other(before) >= 0) before = this.other(before) - 1
      // a chain on something in brackets, which is no call
      if (this.name(before) === null) return before + 1
      start = before
    }
    return start
  }

  /** The names from here on, and the place after them: `.a?.b!['c']`. */
  chain(from: number): { names: string[]; last: number } {
    const names: string[] = []
    for (let at = from; ;) {
      if (this.is(at, '!')) at++
      const isOptional = this.is(at, '?.')
      const name = isOptional || this.is(at, '.') ? this.name(at + 1) : null
      const bracket = isOptional ? at + 1 : at
      const key = this.is(bracket, '[') && this.is(bracket + 2, ']') ? this.text(bracket + 1) : null
      if (name === null && key === null) return { names, last: at - 1 }
      names.push(name ?? key ?? '')
      at = name === null ? bracket + 3 : at + 2
    }
  }

  /** The place of what is declared or set by the `=` here, which a type may stand before; -1 where it is none of the usual. */
  target(equals: number): number {
    for (let at = equals - 1; at > equals - LONGEST_TYPE && !this.is(at, ';', '=', '=>'); at--) {
      if (!this.is(at, ...DECLARES) || this.isMember(at)) continue
      const end = this.is(at + 1, '{') ? this.other(at + 1) : at + 1
      if (end === equals - 1 || this.is(end + 1, ':', '!')) return end
      break
    }
    return this.name(equals - 1) !== null || this.is(equals - 1, '}') ? equals - 1 : -1
  }

  /** The place after type arguments that begin here; -1 where nothing closes them. */
  afterTypes(at: number): number {
    let depth = 0
    for (let i = at; i < at + LONGEST_TYPE; i++) {
      if (this.is(i, '<')) depth++
      else if (this.is(i, '>') && --depth === 0) return i + 1
      else if (this.is(i, ';')) return -1
    }
    return -1
  }

  #pair(): void {
    const open: number[] = []
    this.tokens.forEach(({ kind, value }, at) => {
      if (kind !== 'mark') return
      if (CLOSES[value]) open.push(at)
      if (value !== ')' && value !== ']' && value !== '}') return
      const from = open.pop() ?? -1
      if (CLOSES[this.tokens[from]?.value ?? ''] !== value) return
      this.#others.set(from, at)
      this.#others.set(at, from)
    })
  }
}
