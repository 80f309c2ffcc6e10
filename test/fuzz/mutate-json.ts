/** Changes of one row that know what a row is: an object of classic dnode, or an array of messages. */
import { LIMITS } from '../../lib/base/options.js'
import type { Chance } from './chance.js'
import { callbacks, links, trap } from './marks.js'
import { mutateDialect } from './mutate-dialect.js'
import { aMethod, anId, giant, isContainer, KEYS, mutateValue, ODD, type Fields } from './odd.js'

/** A row after one change: of its values, or of what makes it a message. */
export function mutateRow(row: unknown, chance: Chance): unknown {
  if (!Array.isArray(row)) return mutateClassic(row, chance)
  if (chance.once(6)) return mutateBatch(row, chance)
  const at = chance.below(row.length)
  return row.map((message: unknown, index) => {
    if (index !== at) return message
    return Array.isArray(message) ? mutateDialect(message, chance) : mutateClassic(message, chance)
  })
}

function mutateBatch(row: readonly unknown[], chance: Chance): unknown {
  switch (chance.below(5)) {
    case 0:
      return chance.shuffled(row)
    case 1:
      return row.flatMap((message) => (chance.once(3) ? [] : [message]))
    case 2:
      return Array.from({ length: chance.about(2, 300) }, () => chance.of(row))
    case 3:
      // a message that nothing is around, and that looks like a row
      return chance.of(row)
    default:
      return [row, ...row]
  }
}

function mutateClassic(message: unknown, chance: Chance): unknown {
  if (!isContainer(message) || chance.once(2)) return mutateValue(message, chance)
  const fields = message as Fields
  const args = fields['arguments']
  switch (chance.below(7)) {
    case 0:
      return { ...fields, id: anId(chance) }
    case 1:
      return { ...fields, method: aMethod(chance) }
    case 2:
      return { ...fields, callbacks: callbacks(args, fields['callbacks'], chance) }
    case 3:
      return { ...fields, links: links(args, chance) }
    case 4:
      return { ...fields, arguments: [giant(chance), ...(Array.isArray(args) ? (args as unknown[]) : [])] }
    case 5: {
      const { values, marks } = trap(chance)
      return { ...fields, arguments: values, ...marks }
    }
    default:
      return { ...fields, [chance.of(KEYS)]: chance.of(ODD) }
  }
}

/** A call or an answer with something as large as a row may be, or a little larger. */
export function giantRow(chance: Chance): unknown {
  const value = giant(chance, chance.about(100_000, LIMITS.row * 1.1))
  switch (chance.below(4)) {
    case 0:
      return [['notify', chance.below(14), value]]
    case 1:
      return [['call', chance.below(12), 0, value]]
    case 2:
      return [['answer', 0, value]]
    default:
      return { method: chance.below(14), arguments: [value] }
  }
}
