/** The ready-made services, in one process and one memory mesh. */
import { dservice } from 'dservice'
import { expect, it } from 'vitest'
import echoApi, { start as startEcho, type Echo } from '../../services/echo.js'
import timeApi, { start as startTime, type Time } from '../../services/time.js'
import { ownMesh } from '../support/programs.js'

it('services - echo answers every kind of value that travels', async () => {
  const where = { mesh: ownMesh(), engine: 'memory:' }
  const service = await startEcho(where)
  const client = dservice(where)
  const echo = await client.dnodeFor<Echo>('echo', '^1')
  for (const value of ['text', 7, true, null, [1, [2]], { nested: { list: ['ä'] } }]) {
    expect(await echo.echo(value)).toEqual(value)
  }
  await client.stop()
  await service.stop()
})

it('services - echo gives the value to a callback', async () => {
  const where = { mesh: ownMesh(), engine: 'memory:' }
  const service = await startEcho(where)
  const client = dservice(where)
  const value = await new Promise((resolve, reject) => {
    client.dnodeFor<Echo>('echo', '^1', (err, remote, d) => {
      if (err) return reject(err)
      remote.echoTo('beep', (given) => {
        resolve(given)
        d.end()
      })
    })
  })
  expect(value).toBe('beep')
  await client.stop()
  await service.stop()
})

it('services - time says who answered, and when', async () => {
  const where = { mesh: ownMesh(), engine: 'memory:' }
  const service = await startTime(where)
  const client = dservice(where)
  const before = Date.now()
  const reading = await (await client.dnodeFor<Time>('time', '^1')).now()
  expect(reading).toEqual({ pid: process.pid, timestamp: expect.any(Number) as number })
  expect(reading.timestamp).toBeGreaterThanOrEqual(before)
  await client.stop()
  await service.stop()
})

it('services - each file exports its api for dservice run', () => {
  expect(Object.keys(echoApi)).toEqual(['echo', 'echoTo'])
  expect(Object.keys(timeApi)).toEqual(['now'])
})
