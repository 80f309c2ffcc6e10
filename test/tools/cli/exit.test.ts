import { describe, expect, it } from 'vitest'
import * as errors from '../../../lib/base/errors.js'
import { EXIT, EXIT_OF, exitOf, exitOfSignal } from '../../../lib/tools/cli/exit.js'
import { failureOf, failureText } from '../../../lib/tools/cli/failure.js'
import { PLAIN } from '../../../lib/tools/cli/style.js'

const remote = (code?: string): Error => Object.assign(new TypeError('no such user'), { ran: 'yes', code })

describe('exit codes', () => {
  it('exit codes - each error code has one, and each is documented', () => {
    expect(EXIT_OF).toMatchInlineSnapshot(`
      {
        "DS_AUTH": 6,
        "DS_CANCELLED": 130,
        "DS_CLOSED": 5,
        "DS_CYCLE": 8,
        "DS_DISCONNECTED": 5,
        "DS_ENGINE": 5,
        "DS_FORBIDDEN": 6,
        "DS_INSECURE": 2,
        "DS_INVALID": 2,
        "DS_LIMIT": 6,
        "DS_LISTEN": 5,
        "DS_NO_INSTANCE": 3,
        "DS_NO_METHOD": 3,
        "DS_PROTOCOL": 5,
        "DS_REFUSED": 6,
        "DS_REF_GONE": 5,
        "DS_TIMEOUT": 4,
        "DS_UNREACHABLE": 5,
        "DS_UNSENDABLE": 7,
      }
    `)
    expect(Object.keys(EXIT)).toEqual(
      expect.arrayContaining([...new Set(Object.values(EXIT_OF))].map(String)),
    )
  })

  it('exit codes - every factory of an error has its code in the table', () => {
    const made = Object.values(errors)
      .filter((value) => typeof value === 'function' && value.length === 1)
      .map((make) => (make as (failure: object) => unknown)({ summary: 'x' }))
      .filter((value) => errors.isDServiceError(value))
    expect(made.length).toBeGreaterThanOrEqual(Object.keys(EXIT_OF).length)
    expect(made.map(({ code }) => code).filter((code) => !(code in EXIT_OF))).toEqual([])
  })

  it('exit codes - what the method itself threw is 1, whatever code it carries', () => {
    expect(exitOf(remote(), 'call')).toBe(1)
    expect(exitOf(remote('DS_TIMEOUT'), 'call')).toBe(1)
    expect(exitOf(remote('E_USER'), 'call')).toBe(1)
  })

  it('exit codes - what is invalid was typed wrong before a call, and refused during one', () => {
    const error = errors.invalid({ summary: 'x' })
    expect([exitOf(error, 'setup'), exitOf(error, 'call')]).toEqual([2, 7])
  })

  it('exit codes - a signal that ends a program has the code that shells give it', () => {
    expect([exitOfSignal('SIGINT'), exitOfSignal('SIGTERM')]).toEqual([130, 143])
  })

  it.each([undefined, null, 'text', 5, {}, new Error('x'), { code: 'toString' }])(
    'exit codes - %s, thrown, is 1',
    (thrown) => {
      expect(exitOf(thrown, 'call')).toBe(1)
    },
  )
})

describe('failures', () => {
  const failed = failureOf(
    errors.noInstance({
      summary: 'no d1 in range ^2',
      hint: 'start one',
      details: { known: ['d1@1.4.2'] },
      cause: new Error('nobody'),
    }),
    'call',
  )

  it('failures - say code, exit code, what, what to do, and what there is instead', () => {
    expect(failed).toEqual({
      code: 'DS_NO_INSTANCE',
      exit: 3,
      message: 'no d1 in range ^2',
      hint: 'start one',
      ran: 'no',
      known: ['d1@1.4.2'],
      cause: 'nobody',
    })
  })

  it('failures - are text of one fact a line', () => {
    expect(failureText(failed, PLAIN)).toMatchInlineSnapshot(`
      "error  no d1 in range ^2
        hint   start one
        known  d1@1.4.2
        cause  nobody
        code   DS_NO_INSTANCE"
    `)
    const late = errors.timeout({ summary: 'slow did not answer' })
    expect(failureText(failureOf(late, 'call'), PLAIN)).toContain('it may have run')
  })

  it('failures - say nothing twice', () => {
    const cause = errors.invalid({ summary: 'a.json is no JSON', hint: 'mend the file' })
    const error = errors.noInstance({ summary: 'a.json is no JSON', cause, details: { known: ['a.json'] } })
    expect(failureText(failureOf(error, 'setup'), PLAIN)).toBe(
      'error  a.json is no JSON\n  code   DS_NO_INSTANCE',
    )
  })

  it('failures - of a remote method keep name and code', () => {
    expect(failureOf(remote('E_USER'), 'call')).toMatchObject({ code: 'E_USER', name: 'TypeError', exit: 1 })
    expect(failureText(failureOf(remote(), 'call'), PLAIN)).toBe('error  TypeError: no such user')
  })

  it('failures - an error without a code shows none', () => {
    expect(failureText(failureOf(new Error('oops'), 'call'), PLAIN)).toBe('error  oops')
  })

  it('failures - a peer cannot paint on the terminal', () => {
    const escape = String.fromCharCode(27)
    const text = failureText(failureOf(new Error(`a${escape}[2Jb\u202ec\u009bd`), 'call'), PLAIN)
    expect(text).toContain('a\\u001b[2Jb\\u202ec\\u009bd')
    expect(text).not.toContain(escape)
  })

  it('failures - a cycle shows its path', () => {
    const error = errors.cycle({ summary: 'a cycle', details: { path: ['a@1.0.0', 'b@1.0.0', 'a@1.0.0'] } })
    expect(failureText(failureOf(error, 'setup'), PLAIN)).toContain('a@1.0.0 → b@1.0.0 → a@1.0.0')
  })
})
