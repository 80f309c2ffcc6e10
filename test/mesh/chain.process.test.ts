/** A chain of ten real processes: whole in whatever order they start, and again when the middle one was killed three times. */
import { expect, it } from 'vitest'
import { dservice } from 'dservice'
import { Programs, type Program } from '../support/programs.js'

const LINK = 'test/mesh/link.mjs'
const LENGTH = 10
const MIDDLE = 5
const ORDER = [3, 7, 0, 9, 5, 1, 8, 2, 6, 4]

const link = (programs: Programs, i: number): Program =>
  programs.start(LINK, `s${i}@1.0.0`, ...(i < LENGTH - 1 ? [`s${i + 1}`] : []))

/** Whether that is the last that it said. */
const isReady = ({ lines }: Program): boolean => lines.at(-1) === 'ready'

it('chain - ten processes are ready in any order, and again when the middle one was killed three times', async () => {
  await using programs = new Programs()
  const links: Program[] = []
  for (const i of ORDER) {
    links[i] = link(programs, i)
    await links[i].said(/^waiting/)
  }
  await Promise.all(links.map((one) => one.said(/^ready$/)))

  for (let i = 0; i < 3; i++) {
    links[MIDDLE]?.kill('SIGKILL')
    await links[MIDDLE]?.ended
    links[MIDDLE] = link(programs, MIDDLE)
    await links[MIDDLE].said(/^waiting/)
  }
  await using mesh = dservice({ mesh: programs.mesh, instanceWait: '30s' })
  // s0 is ready again last: each of those above the middle has waited for the one below it
  while (!links.every(isReady)) await (await mesh.dnodeFor<{ ping(): string }>('s0')).ping()
  const times = (i: number): number => links[i]?.lines.filter((line) => line === 'waiting').length ?? 0
  expect([0, 1, 2, 3, 4].every((i) => times(i) >= 2)).toBe(true)
  expect([6, 7, 8, 9].map(times)).toEqual([1, 1, 1, 1])
  const { graph } = await mesh.inspect()
  expect([graph.edges.length, graph.edges.every(({ met }) => met), graph.cycles]).toEqual([9, true, []])
})
