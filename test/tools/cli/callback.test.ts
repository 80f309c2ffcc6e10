import { describe, expect, it } from 'vitest'
import { answered } from '../../../lib/tools/cli/callback.js'

const settle = (...answer: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => answered(answer, { resolve, reject }))

describe('callbacks', () => {
  it.each<[unknown[], unknown]>([
    [[], undefined],
    [['BOOP'], 'BOOP'],
    [[null], null],
    [[null, 'x'], 'x'],
    [[undefined, 'x'], 'x'],
    [[{ name: 'bob', message: 'hi' }], { name: 'bob', message: 'hi' }],
  ])('callbacks - %j is an answer', async (answer, value) => {
    expect(await settle(...answer)).toEqual(value)
  })

  it.each<[unknown[], string]>([
    [[new TypeError('bad')], 'bad'],
    [[new Error('bad'), 'x'], 'bad'],
    [[{ name: 'TypeError', message: 'sent' }], 'sent'],
    [['no', 'x'], 'no'],
    [[{ why: 1 }, 'x'], '{"why":1}'],
  ])('callbacks - %j is an error', async (answer, message) => {
    await expect(settle(...answer)).rejects.toThrow(message)
  })
})
