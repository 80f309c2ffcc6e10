/** A million functions sent, called and dropped, in a process of their own: what remains, and what it takes meanwhile. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/base/options.js'
import { Programs } from '../../support/programs.js'

const MILLION = 1_000_000
const MEGABYTE = 1024 * 1024
/** Of one function on either side, its user's closure included: three times of it is a gigabyte at the cap. */
const BYTES = 500

/** What million.mjs found. */
async function found(...args: string[]): Promise<Record<string, number>> {
  await using programs = new Programs()
  const program = programs.start('--expose-gc', 'test/dnode/refs/million.mjs', ...args)
  return JSON.parse(await program.said(/^\{/)) as Record<string, number>
}

const NOTHING = { called: MILLION, exported: 0, imported: 0, pending: 0 }

describe('references - a million functions', () => {
  it('references - leave both tables empty and the heap as it was, when garbage is collected now and then', async () => {
    const { grown, ...rest } = await found('gc', String(MILLION))
    expect(rest).toMatchObject(NOTHING)
    expect(grown).toBeLessThan(10 * MEGABYTE)
  })

  it('references - are fewer than the cap at any time when nobody asks for a collection, and all go in the end', async () => {
    const { grown, peak = 0, peakHeap = 0, ...rest } = await found('peak', String(MILLION))
    console.log(`at most ${peak} of a million functions, and ${Math.round(peakHeap / MEGABYTE)} MB of heap`)
    expect(rest).toMatchObject(NOTHING)
    expect(grown).toBeLessThan(10 * MEGABYTE)
    expect(peak).toBeLessThan(LIMITS.references)
  })

  it('references - take few bytes each on either side', async () => {
    const { exported, imported } = await found('size', '100000')
    console.log(
      `${Math.round(exported ?? 0)} bytes of an exported function, ${Math.round(imported ?? 0)} of an imported one`,
    )
    expect(exported).toBeLessThan(BYTES)
    expect(imported).toBeLessThan(BYTES)
  })
})
