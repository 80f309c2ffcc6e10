/** Changes of one message of the dialect: its head, its kind, the elements behind it, how many there are, and where. */
import type { Chance } from './chance.js'
import { trap } from './marks.js'
import { aMethod, anId, giant, isContainer, KEYS, mutateValue, ODD, type Fields } from './odd.js'
import { aTag, tagged, tagTrap } from './tags.js'

/** Elements between the kind and the values; of kinds without values, all. */
const FIXED: ReadonlyMap<unknown, number> = new Map([
  ['call', 2],
  ['notify', 1],
  ['answer', 1],
  ['error', 2],
  ['cancel', 1],
  ['ping', 0],
  ['pong', 0],
  ['cull', 0],
  ['changed', 2],
  ['done', 0],
  ['pipe', 2],
  ['release', 0],
  ['abort', 1],
  ['credit', 2],
  ['chunk', 1],
  ['end', 1],
  ['fail', 2],
  ['stop', 2],
])
const KINDS = [...FIXED.keys()]

/** Kinds whose values may be anything. */
const HAVE_VALUES: ReadonlySet<unknown> = new Set(['call', 'notify', 'answer', 'pipe', 'chunk', 'abort'])

/** Kinds that are none; some are found in what every object inherits. */
const NO_KINDS = ['', 'CALL', 'methods', 'close', 'constructor', 'toString', '__proto__', '[Function]']

/** Milliseconds and trace contexts, good and bad. */
const TIMEOUTS = [null, 0, 1, 20, 1e9, 1e308, -1, -0.5, '20', [20]]
const TRACES = [
  '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more',
  '00-',
  'x'.repeat(5_000),
]

/** What every error has already. */
const INHERITED = ['toString', 'valueOf', 'hasOwnProperty', 'stack', 'cause', 'ran', 'then', 'toJSON']

/** A message as it is taken apart. `head` null: there is none. */
interface Parts {
  readonly head: Fields | null
  readonly kind: unknown
  readonly fixed: readonly unknown[]
  readonly values: readonly unknown[]
}

function partsOf(message: readonly unknown[]): Parts {
  const [first] = message
  const hasHead = isContainer(first) && !Array.isArray(first)
  const [kind, ...rest] = hasHead ? message.slice(1) : message
  const fixed = FIXED.get(kind) ?? 1
  const head = hasHead ? (first as Fields) : null
  return { head, kind, fixed: rest.slice(0, fixed), values: rest.slice(fixed) }
}

function joined({ head, kind, fixed, values }: Parts): unknown[] {
  const message = [kind, ...fixed, ...values]
  return head ? [head, ...message] : message
}

/** One change: of any of its values, or of what makes it this message. */
export function mutateDialect(message: readonly unknown[], chance: Chance): unknown {
  if (chance.once(3)) return mutateValue(message, chance)
  const parts = partsOf(message)
  if (HAVE_VALUES.has(parts.kind) && chance.once(3)) return joined(withTags(parts, chance))
  if ((parts.kind === 'answer' || parts.kind === 'error') && chance.once(4))
    return joined({
      ...parts,
      head: null,
      kind: 'error',
      fixed: [parts.fixed[0], anError(chance)],
      values: [],
    })
  switch (chance.below(9)) {
    case 0:
      return withElement(parts, chance)
    case 1:
      return withMethod(parts, chance)
    case 2:
      return joined({ ...parts, kind: aKind(chance) })
    case 3:
    case 4:
      return joined(withField(parts, chance))
    case 5:
      return withHead(parts, chance)
    case 6:
      return withArity(message, chance)
    case 7:
      return keyed(parts)
    default:
      return joined({ ...parts, values: [giant(chance), ...parts.values] })
  }
}

/** The failure of a call that is waited for: good but for one thing. */
function anError(chance: Chance): Fields {
  const error = {
    name: chance.of(['TypeError', '', 'DServiceError', 'x'.repeat(3_000)]),
    message: 'said by a hostile peer',
    ran: chance.of(['no', 'maybe', 'yes']),
    ...(chance.once(2) ? { code: chance.of(['DS_REFUSED', 'DS_TIMEOUT', 'DS_NOT_OURS', 7]) } : {}),
  }
  switch (chance.below(6)) {
    case 0:
      return { ...error, properties: trap(chance).values[0] }
    case 1: {
      const details = { a: trap(chance).values[0] }
      return {
        ...error,
        properties: { summary: 'x', hint: null, details, [chance.of(KEYS)]: chance.of(ODD) },
      }
    }
    case 2:
      return { ...error, properties: Object.fromEntries(INHERITED.map((key) => [key, chance.of(ODD)])) }
    case 3: {
      let chain: Fields = { ...error, properties: { a: giant(chance) } }
      for (let depth = chance.about(1, 90); depth > 0; depth--) chain = { ...error, cause: chain }
      return chain
    }
    case 4:
      return { ...error, stack: 'at \u001b[2J\u202e\n'.repeat(chance.about(1, 2_000)) }
    default:
      return { ...error, [chance.of(KEYS)]: chance.of(ODD) }
  }
}

/** A keyed object where an array belongs: no message, whatever its fields are called. */
function keyed({ head, kind, fixed, values }: Parts): Fields {
  switch (kind) {
    case 'call':
      return { method: fixed[1], arguments: values, id: fixed[0], ...head }
    case 'notify':
      return { method: fixed[0], arguments: values, ...head }
    default:
      return { type: kind, kind, id: fixed[0], [String(kind)]: fixed[0], arguments: values, ...head }
  }
}

/** Another id, or for what stands where others have their id. */
function withElement({ fixed, ...parts }: Parts, chance: Chance): unknown {
  const [, ...others] = fixed
  return joined({ ...parts, fixed: [anId(chance), ...others] })
}

/** Another method; what has none calls one. */
function withMethod(parts: Parts, chance: Chance): unknown {
  const method = aMethod(chance)
  if (parts.kind === 'notify') return joined({ ...parts, fixed: [method] })
  const id = parts.kind === 'call' ? parts.fixed[0] : anId(chance)
  return joined({ ...parts, kind: 'call', fixed: [id, method] })
}

/** Most often one that there is: what follows was meant for another. */
function aKind(chance: Chance): unknown {
  if (chance.once(8)) return chance.of(ODD)
  return chance.of(chance.once(4) ? NO_KINDS : KINDS)
}

/** Values with tags, in one place or in all, and traps. */
function withTags(parts: Parts, chance: Chance): Parts {
  const { kind, values } = parts
  const lists = kind === 'pipe'
  switch (chance.below(4)) {
    case 0: {
      const trapped = tagTrap(chance)
      return { ...parts, values: lists ? [trapped, ...values.slice(1)] : trapped }
    }
    case 1:
      return { ...parts, values: lists ? values.map(() => [aTag(chance)]) : [...values, aTag(chance)] }
    default: {
      const old = values.length > 0 ? values : [0]
      const at = chance.below(old.length)
      return { ...parts, values: old.map((value, i) => (i === at ? tagged(value, chance) : value)) }
    }
  }
}

/** A head with another field, also one that belongs to other kinds or to none. */
function withField(parts: Parts, chance: Chance): Parts {
  const { head } = parts
  switch (chance.below(4)) {
    case 0:
      return { ...parts, head: { ...head, timeout: chance.of(chance.once(4) ? ODD : TIMEOUTS) } }
    case 1:
      return { ...parts, head: { ...head, traceparent: chance.of(chance.once(4) ? ODD : TRACES) } }
    case 2:
      return { ...parts, head: { ...head, [chance.of(KEYS)]: aTag(chance) } }
    default:
      return { ...parts, head: { ...head, [chance.of(KEYS)]: chance.of(ODD) } }
  }
}

/** No head where there was one, an empty one, two, one in another place, or what is none before the kind. */
function withHead(parts: Parts, chance: Chance): unknown {
  const { head, kind, fixed, values } = parts
  const some = head ?? { timeout: 20 }
  const message = joined({ ...parts, head: null })
  switch (chance.below(6)) {
    case 0:
      return message
    case 1:
      return [{}, ...message]
    case 2:
      return [some, some, ...message]
    case 3:
      return [kind, some, ...fixed, ...values]
    case 4:
      return [...message, some]
    default:
      return [chance.once(4) ? [some] : chance.of(ODD), ...message]
  }
}

/** Cut behind any element, or with elements that are too many. */
function withArity(message: readonly unknown[], chance: Chance): unknown {
  const at = chance.below(message.length + 1)
  switch (chance.below(5)) {
    case 0:
      return message.slice(0, Math.min(at, chance.below(4)))
    case 1:
      return [...message, ...Array.from({ length: chance.about(1, 40) }, () => chance.of(ODD))]
    case 2:
      return message.toSpliced(at, 0, chance.of(ODD))
    case 3:
      return message.toSpliced(at, 1)
    default:
      return [...message, ...message]
  }
}
