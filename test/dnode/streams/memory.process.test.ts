/** What streams hold, in a process of its own. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('memory.mjs', import.meta.url))

interface Idle {
  readonly out: number
  readonly in: number
  readonly open: readonly number[]
}

interface Measured {
  readonly idles: { readonly iterable: Idle; readonly node: Idle; readonly web: Idle }
  readonly ended: { readonly bytes: number; readonly left: number }
  readonly dropped: { readonly bytes: number; readonly left: number }
}

it('streams - 10 000 that are open hold little, and nothing is left of 100 000 that were', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM])
  const { idles, ended, dropped } = JSON.parse(stdout) as Measured
  const all = [10_000, 10_000, 10_000]
  expect([idles.iterable.open, idles.node.open, idles.web.open]).toEqual([all, all, all])
  expect(Math.max(idles.iterable.out, idles.iterable.in)).toBeLessThan(500)
  // a Readable and a ReadableStream of Node's are what they are
  expect(Math.max(idles.node.out, idles.web.out)).toBeLessThan(1_000)
  expect(Math.max(idles.node.in, idles.web.in)).toBeLessThan(4_000)
  expect([ended.left, dropped.left]).toEqual([0, 0])
  expect(Math.max(ended.bytes, dropped.bytes)).toBeLessThan(10 * 2 ** 20)
})
