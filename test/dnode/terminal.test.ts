/** What a peer says must not write on the terminal of whoever reads our errors. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { unexpected } from '../../lib/dnode/check.js'
import { missingMethod } from '../../lib/dnode/failures.js'
import { formatPath } from '../../lib/dnode/path.js'
import { NOTHING_ATTACHED } from '../../lib/dnode/values/carried.js'
import { decode } from '../../lib/dnode/values/decode.js'
import { toCallersError } from '../../lib/dnode/wire-error.js'

const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/
const EVIL = '\u001b]0;title\u0007\u009b31m\u202eok'

describe('terminal - text of a peer', () => {
  it('terminal - names of methods are shown in quotes where they are not plain, and are data as they came', () => {
    const error = missingMethod('ok', [EVIL, 'fine', `${EVIL}2`, 'o\n at k'])
    expect(error.message).not.toMatch(OBEYED)
    expect(error.message).not.toContain('\n')
    expect(error.message).toContain('fine')
    expect(error.details['known']).toContain(EVIL)
    expect(missingMethod(EVIL, [`${EVIL}2`]).message).not.toMatch(OBEYED)
  })

  it.each([EVIL, { [EVIL]: 1 }])(
    'terminal - a value that is not what it should be is shown escaped: %j',
    (value) => {
      expect(unexpected('a number', value).message).not.toMatch(OBEYED)
    },
  )

  it('terminal - keys on the way to a value are shown escaped, and long ones in part', () => {
    const path = formatPath(['0', EVIL, 'k'.repeat(8_000), 'fine'], 'result')
    expect(path).not.toMatch(OBEYED)
    expect(path.length).toBeLessThan(200)
    expect(path).toMatch(/^result\[.*\]\.fine$/)
  })

  it('terminal - nor do the keys on the way to a tag that lies', () => {
    const values = [{ [EVIL]: { $: ['nope'] } }]
    const from = { limits: LIMITS, root: 'arguments', incoming: null } as const
    expect(() => decode(values, NOTHING_ATTACHED, from)).toThrow(
      /^arguments\[0\]\["[^\u0000-\u001f\u007f-\u009f\u202e]*"\]/,
    )
  })

  it('terminal - the stack of an error that a peer sent is printable, and its message is as it came', () => {
    const cause = { name: EVIL, message: EVIL, ran: 'yes' } as const
    const plain = toCallersError({ ...cause, properties: { a: EVIL }, cause })
    const ours = toCallersError({
      ...cause,
      code: 'DS_REFUSED',
      properties: { summary: EVIL, hint: EVIL },
    })
    for (const error of [plain, plain.cause as Error, ours]) {
      expect(error.message).toContain(EVIL)
      expect(error.stack).toContain('ok')
      expect(error.stack).not.toMatch(OBEYED)
    }
    expect(inspect(plain.cause)).not.toMatch(OBEYED)
  })
})
