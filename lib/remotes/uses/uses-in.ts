/** Where one source uses remotes: which names are bound to them, and what is asked of those. */
import { BEFORE_VALUE } from './script-tokens.js'
import { Script } from './script.js'

/** A remote that is looked up, or one of its methods. */
export interface UseIn {
  readonly remote: string
  readonly line: number
  /** Dotted; null: where it is imported or looked up. */
  readonly method: string | null
}

/** What a part of the source stands for. */
interface Meant {
  readonly remote: string
  /** It is what `import()` gives: the handle is its `default`. */
  readonly isModule: boolean
}

/** A variable, or a property, that stands for a remote from a place on. */
interface Binding extends Meant {
  readonly name: string
  readonly isProperty: boolean
  readonly from: number
}

/** The words `[start, end)`. */
interface Part extends Meant {
  readonly start: number
  readonly end: number
}

const PREFIX = '#remote/'
/** Functions that look a remote up by its name. */
const LOOKS = ['dnodeFor', 'rely']
/** Functions of a handle whose answer has the same methods. */
const SAME = ['withOptions', 'all']
/** What a promise has, and no handle can have at its root. */
const OF_PROMISE: readonly (string | undefined)[] = ['then', 'catch', 'finally']
/** Rounds in which names are bound to names. */
const ROUNDS = 4
/** Brackets and functions around a part. */
const MOST_AROUND = 16

/**
 * The uses of remotes in a source. A name counts in the whole of it, from where it was bound last. What is passed on, returned or kept
 * in an unusual way is not followed: only the import, or the look-up, is told then.
 */
export function usesIn(source: string): UseIn[] {
  return new Search(source).run()
}

class Search {
  readonly #script: Script
  readonly #bindings = new Map<string, Binding>()
  #uses: UseIn[] = []

  constructor(source: string) {
    this.#script = new Script(source)
  }

  run(): UseIn[] {
    for (let round = 0, known = -1; round < ROUNDS && known < this.#bindings.size; round++) {
      known = this.#bindings.size
      this.#uses = []
      for (const at of ['import', 'export'].flatMap((word) => this.#script.placesOf(word))) this.#declared(at)
      for (const word of ['import', 'require', ...LOOKS]) {
        for (const at of this.#script.placesOf(word)) this.#looked(at)
      }
      for (const part of this.#bound()) this.#follow(part)
    }
    return this.#uses
  }

  // --- what stands for a remote

  /** `import x from '#remote/d1'`, `import x = require('#remote/d1')`, `export … from '#remote/d1'`. */
  #declared(at: number): void {
    const script = this.#script
    if (script.isMember(at) || script.is(at + 1, '(', '.', ':')) return
    let end = at + 1
    while ((script.name(end) ?? script.text(end)) !== null || script.is(end, '{', '}', ',', '*')) {
      if (script.is(end, 'import', 'export')) return
      if (remoteOf(script.text(end)) !== null && (end === at + 1 || script.is(end - 1, 'from'))) break
      end++
    }
    const isRequired = script.is(end, '=') && script.is(end + 1, 'require')
    const remote = remoteOf(script.text(end))
    // the call of `require` is found by itself, and binds what stands before its `=`
    if (isRequired || remote === null) return
    this.#add(remote, at, null)
    if (script.is(at, 'import')) this.#clause(remote, at + 1, end)
  }

  #clause(remote: string, start: number, end: number): void {
    const script = this.#script
    const first = script.is(start, 'type') && !script.is(start + 1, 'from', ',') ? start + 1 : start
    for (let at = first; at < end; at++) {
      const name = script.name(at)
      const isAs = script.is(at - 1, 'as')
      const isWhole = isAs && script.is(at - 2, '*')
      const isDefault = isAs && (script.is(at - 2, 'default') || script.text(at - 2) === 'module.exports')
      if (name !== null && (at === first || isWhole || isDefault)) {
        this.#bind({ remote, isModule: isWhole, name, isProperty: false, from: at })
      }
    }
  }

  /** `require('#remote/d1')`, `import('#remote/d1')`, `x.dnodeFor<T>('d1', …)`. */
  #looked(at: number): void {
    const script = this.#script
    const open = script.is(at + 1, '<') ? script.afterTypes(at + 1) : at + 1
    const close = script.other(open)
    if (!script.is(open, '(') || close < 0) return
    const text = script.text(open + 1)
    const isLook = LOOKS.includes(script.name(at) ?? '')
    const remote = isLook ? text : remoteOf(text)
    if (remote === null) return
    this.#add(remote, at, null)
    if (isLook) this.#callback(remote, open)
    this.#follow({ remote, isModule: script.is(at, 'import'), start: script.chainStart(at), end: close + 1 })
  }

  /** `dnodeFor('d1', function (err, remote) {…})`: the second parameter. */
  #callback(remote: string, open: number): void {
    const script = this.#script
    for (let at = open + 1; at < script.other(open); at++) {
      if (!script.is(at, '(')) continue
      const isFunction = script.is(at - 1, 'function') || script.is(at - 2, 'function')
      if (!isFunction && !script.is(script.other(at) + 1, '=>')) continue
      let second = at + 1
      while (second < script.other(at) && !script.is(second - 1, ',')) second++
      const name = script.name(second)
      if (name !== null) this.#bind({ remote, isModule: false, name, isProperty: false, from: second })
      return
    }
  }

  /** All places of all names that are bound, each with the binding before it; before the first, where functions may stand, with the first. */
  *#bound(): Iterable<Part> {
    for (const bindings of this.#byName()) {
      const [{ name, isProperty }] = bindings
      let last = 0
      for (const at of this.#script.placesOf(name)) {
        if (this.#script.isMember(at) !== isProperty) continue
        while ((bindings[last + 1]?.from ?? Infinity) <= at) last++
        const binding = bindings[last] ?? bindings[0]
        yield { ...binding, start: isProperty ? this.#script.chainStart(at) : at, end: at + 1 }
      }
    }
  }

  /** In the order of their places. */
  #byName(): Iterable<[Binding, ...Binding[]]> {
    const groups = new Map<string, [Binding, ...Binding[]]>()
    for (const binding of [...this.#bindings.values()].sort((a, b) => a.from - b.from)) {
      const key = `${binding.isProperty} ${binding.name}`
      const group = groups.get(key)
      if (group) group.push(binding)
      else groups.set(key, [binding])
    }
    return groups.values()
  }

  // --- what becomes of it

  #follow(part: Part): void {
    const { remote, isModule, start, end } = this.#around(part)
    const { names, last } = this.#script.chain(end)
    if (OF_PROMISE.includes(names[0])) return
    const isInside = isModule && names[0] === 'default'
    const path = isInside ? names.slice(1) : names
    if (isModule && !isInside && names.length > 0) return
    if (path.length > 0) return this.#add(remote, last, path.join('.'))
    this.#kept({ remote, isModule: isModule && !isInside, start, end: last + 1 })
  }

  /** The same with the `await`, the brackets and the functions of a handle that stand around it. */
  #around(part: Part): Part {
    const script = this.#script
    let { start, end } = part
    for (let i = 0; i < MOST_AROUND; i++) {
      if (script.is(start - 1, 'await')) start--
      else if (script.is(start - 1, '(') && script.is(start - 2, ...SAME) && script.is(end, ',', ')')) {
        end = script.other(start - 1) + 1
        start -= 2
      } else if (script.is(start - 1, '(') && script.is(end, ')', 'as') && !this.#isCall(start - 1)) {
        end = script.other(start - 1) + 1
        start--
      } else break
    }
    return { ...part, start, end }
  }

  #isCall(open: number): boolean {
    const name = this.#script.name(open - 1)
    return (name !== null && !BEFORE_VALUE.has(name)) || this.#script.is(open - 1, ')', ']')
  }

  /** A name for it: `x = d1`, `{ x: d1 }`, `{ d1 }`, or names for its methods: `{ a, b } = d1`. */
  #kept(part: Part): void {
    const script = this.#script
    const { start, end } = part
    if (script.is(end, '(', '[', '=', ':')) return
    if (script.is(start - 1, '=')) return this.#set(part, script.target(start - 1))
    const isKey = script.is(start - 1, ':') && script.is(start - 3, '{', ',')
    const key = isKey ? (script.name(start - 2) ?? script.text(start - 2)) : null
    const isShort = end === start + 1 && script.is(start - 1, '{', ',') && script.is(end, ',', '}')
    const name = key ?? (isShort ? script.name(start) : null)
    if (name !== null) this.#bind({ ...part, name, isProperty: true, from: start })
  }

  #set(part: Part, target: number): void {
    const script = this.#script
    if (script.is(target, '}')) return this.#pattern(part, target)
    const name = script.name(target)
    if (name === null || target === part.start) return
    const isMember = script.isMember(target)
    this.#bind({ ...part, name, isProperty: isMember, from: part.start })
    // a field of a class looks like a variable
    if (!isMember && !script.is(target - 1, 'const', 'let', 'var')) {
      this.#bind({ ...part, name, isProperty: true, from: part.start })
    }
  }

  /** `{ a, b: c, d: { e } } = d1`: methods are used where they are taken out. */
  #pattern(part: Part, close: number): void {
    const script = this.#script
    const path: string[] = []
    for (let at = script.other(close) + 1; at < close && at > 0; at++) {
      if (script.is(at, '}')) path.pop()
      const name = script.is(at - 1, '{', ',') ? (script.name(at) ?? script.text(at)) : null
      if (name === null) continue
      const isNested = script.is(at + 1, ':') && script.is(at + 2, '{')
      if (isNested) path.push(name)
      else this.#taken(part, [...path, name], at)
    }
  }

  #taken(part: Part, path: readonly string[], at: number): void {
    const inner = part.isModule ? path.slice(1) : path
    if (part.isModule && path[0] !== 'default') return
    if (inner.length > 0) return this.#add(part.remote, at, inner.join('.'))
    const name = this.#script.is(at + 1, ':') ? this.#script.name(at + 2) : null
    if (name !== null) this.#bind({ ...part, isModule: false, name, isProperty: false, from: at })
  }

  #bind({ remote, isModule, name, isProperty, from }: Binding): void {
    this.#bindings.set(`${from} ${isProperty} ${name}`, { remote, isModule, name, isProperty, from })
  }

  #add(remote: string, at: number, method: string | null): void {
    this.#uses.push({ remote, line: this.#script.line(at), method })
  }
}

function remoteOf(text: string | null): string | null {
  return text?.startsWith(PREFIX) ? text.slice(PREFIX.length) : null
}
