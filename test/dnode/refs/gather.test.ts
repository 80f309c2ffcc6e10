/** Numbers that are told together. */
import { expect, it } from 'vitest'
import { Gatherer } from '../../../lib/dnode/refs/gather.js'

const tick = (): Promise<void> => new Promise(process.nextTick)

function gathered(): { told: (readonly number[])[]; gatherer: Gatherer } {
  const told: (readonly number[])[] = []
  return { told, gatherer: new Gatherer((numbers) => told.push(numbers)) }
}

it('gather - what comes in one turn is told at its end, in order and once', async () => {
  const { told, gatherer } = gathered()
  gatherer.add(3)
  gatherer.add(1)
  gatherer.addPair(7, 2)
  expect(told).toEqual([])
  await tick()
  gatherer.add(5)
  await tick()
  await tick()
  expect(told).toEqual([[3, 1, 7, 2], [5]])
})

it('gather - many are told at once, in messages of a bounded length that keep pairs together', async () => {
  const { told, gatherer } = gathered()
  for (let i = 0; i < 1_250; i++) gatherer.addPair(i, 1)
  expect(told.map((numbers) => numbers.length)).toEqual([1_000, 1_000])
  await tick()
  expect(told.flat().filter((_n, i) => i % 2 === 0)).toEqual(Array.from({ length: 1_250 }, (_, i) => i))
})

it('gather - can be told before the turn ends, and then has nothing more to tell', async () => {
  const { told, gatherer } = gathered()
  gatherer.flush()
  gatherer.add(1)
  gatherer.flush()
  await tick()
  expect(told).toEqual([[1]])
})

it('gather - tells nothing once it was dropped', async () => {
  const { told, gatherer } = gathered()
  gatherer.add(1)
  gatherer.drop()
  gatherer.add(2)
  gatherer.flush()
  await tick()
  expect(told).toEqual([])
})
