import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dservice } from '../../../lib/index.js'
import { runCli } from '../../support/cli.js'

/** It would colour, turn the direction of text, and begin a line that looks like one of ours. */
const EVIL = 'a\u001b[31m\u009b31m\u202e\u2066\nFORGED line'
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/

const where = { engine: 'memory:', mesh: 'hostile' }
const d1 = dservice(
  'd1@1.0.0',
  {
    [EVIL]: () => EVIL,
    text: () => EVIL,
    value: () => ({ [EVIL]: [EVIL] }),
    fail() {
      throw Object.assign(new Error(EVIL, { cause: new Error(EVIL) }), { name: EVIL, code: EVIL, hint: EVIL })
    },
  },
  where,
)
beforeAll(() => d1.start())
afterAll(() => d1.stop())

describe('a hostile service', () => {
  it.each([
    [['ls']],
    [['graph']],
    [['graph', '--dot']],
    [['graph', '--mermaid']],
    [['call', 'd1.text']],
    [['call', 'd1.value']],
    [['call', 'd1.fail']],
    [['call', 'd1.nope']],
    [['--verbose', 'call', 'd1.fail']],
  ])('a hostile service - %j obeys no control character, and no line is forged', async (argv) => {
    const common = ['--engine', where.engine, '--mesh', where.mesh]
    for (const json of [[], ['--json']]) {
      const { out, err } = await runCli([...argv, ...common, ...json])
      expect(out + err).not.toMatch(OBEYED)
      expect(out + err).not.toMatch(/^FORGED/m)
      expect(out + err).not.toBe('')
    }
  })

  it('a hostile service - its JSON says what it sent', async () => {
    const { out } = await runCli([
      'call',
      'd1.value',
      '--engine',
      where.engine,
      '--mesh',
      where.mesh,
      '--json',
    ])
    expect(JSON.parse(out)).toEqual({ v: 1, value: { [EVIL]: [EVIL] } })
  })
})
