import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dservice } from '../../../lib/index.js'
import { runCli, type Written } from '../../support/cli.js'

type Back = (...answer: unknown[]) => void

const where = { engine: 'memory:', mesh: 'calls' }
const d1 = dservice(
  'd1@1.0.0',
  {
    one: (text: string, cb: Back) => cb(text.toUpperCase()),
    two: (text: string, cb: Back) => cb(null, text.toUpperCase()),
    refuse: (cb: Back) => cb(new TypeError('no such user')),
    plain: () => 5,
    users: { find: (id: number, cb: Back) => cb(null, { id }) },
  },
  where,
)
beforeAll(() => d1.start())
afterAll(() => d1.stop())

const call = (...argv: string[]): Promise<Written & { exit: number }> =>
  runCli(['call', ...argv, '--engine', where.engine, '--mesh', where.mesh])

describe('call --callback', () => {
  it.each([
    [['d1.one', 'beep'], '"BEEP"\n'],
    [['d1.two', 'beep'], '"BEEP"\n'],
    [['d1:users.find', '7'], '{\n  "id": 7\n}\n'],
  ])('call --callback - %j prints what the method called back with', async (argv, out) => {
    expect(await call(...argv, '--callback')).toMatchObject({ exit: 0, out })
  })

  it('call --callback - an Error in first place is the failure, with exit code 1', async () => {
    const { exit, out, err } = await call('d1.refuse', '--callback')
    expect([exit, out]).toEqual([1, ''])
    expect(err).toContain('no such user')
  })

  it('call --callback - the plain call of such a method says so, and the other way round', async () => {
    expect((await call('d1.one', 'beep')).err).toContain('call it with --callback')
    const { exit, err } = await call('d1.plain', '--callback', '--timeout', '1s')
    expect([exit, err]).toEqual([4, expect.stringContaining('call it without --callback')])
  })

  it('call --callback - a name that can be no method is refused', async () => {
    expect(await call('d1.then', '--callback')).toMatchObject({ exit: 3, out: '' })
    expect(await call('d1.none', '--callback')).toMatchObject({ exit: 3, out: '' })
  })
})
