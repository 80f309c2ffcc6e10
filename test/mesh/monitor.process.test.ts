/** A monitor of real processes, in a process that does nothing else. */
import { expect, it } from 'vitest'
import { all, dservice, monitor, type InstanceOutcome } from 'dservice'
import { Programs } from '../support/programs.js'

interface Member {
  pid(): number
}

const MEMBER = 'test/mesh/member.mjs'

it('monitor - a program that only listens lives as long as it does, and hears of a process that was killed', async () => {
  await using programs = new Programs()
  const watcher = programs.start('test/mesh/watcher.mjs')
  const members = [1, 2].map(() => programs.start(MEMBER, 'd1@1.0.0'))
  const ready = await Promise.all(members.map((member) => member.said(/^ready/)))
  const where = ready.map((line) => line.split(' ').slice(2).join(' '))
  await Promise.all(where.map((at) => watcher.said(new RegExp(`^up ${at}$`))))

  await using mesh = dservice({ mesh: programs.mesh, instanceWait: '30s' })
  const d1 = await mesh.dnodeFor<Member>('d1')
  let up = 0
  for await (const { type } of monitor(d1)) if (type === 'up' && ++up === members.length) break
  const asked: readonly InstanceOutcome<number>[] = await all(d1).pid()
  const pids = asked.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))
  expect(new Set(pids)).toEqual(new Set(members.map(({ pid }) => pid)))

  members[0]?.kill('SIGKILL')
  expect(await watcher.ended).toBe(0)
  expect(watcher.lines.filter((line) => !line.startsWith('up '))).toEqual([`down ${where[0]} lost`])
})
