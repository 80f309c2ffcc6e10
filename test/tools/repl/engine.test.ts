import { PassThrough, Writable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { engine as engineError, noInstance, unreachable } from '../../../lib/base/errors.js'
import { dservice, type DService, type MeshView } from '../../../lib/index.js'
import { ReplEngine } from '../../../lib/tools/repl/engine.js'
import { LiveServices } from '../../../lib/tools/repl/live.js'
import { instance, view } from '../../support/views.js'

const ANNOUNCED = { name: 'd1', version: '1.0.0', address: '127.0.0.1:1', reason: 'no answer yet' }
const NOBODY = view([])
const UNPROVED = view([], { unreachable: [ANNOUNCED] })
const THERE = view([instance('d1@1.0.0', { methods: ['x'] })])

let engine: ReplEngine
afterEach(() => engine.close())

/** A prompt on a mesh whose looks answer in turn, the last one again and again. */
function prompt(...looks: (MeshView | Error)[]): { told: unknown[]; looked: () => number } {
  const told: unknown[] = []
  let looked = 0
  const inspect = async (): Promise<MeshView> => {
    const found = looks[Math.min(looked++, looks.length - 1)] ?? NOBODY
    if (found instanceof Error) throw found
    return found
  }
  const dnodeFor = (): Promise<never> =>
    Promise.reject((looks.at(-1) === UNPROVED ? unreachable : noInstance)({ summary: 'none' }))
  const mesh = Object.assign(dservice({ engine: 'memory:' }), { inspect, dnodeFor }) as DService
  engine = new ReplEngine(mesh, new LiveServices(mesh), {
    input: new PassThrough(),
    output: new Writable({ write: (chunk, encoding, done) => done() }),
    terminal: false,
    told: (error) => (told.push(error), true),
    say: (text) => void told.push(text),
  })
  return { told, looked: () => looked }
}

describe('the names at a prompt', () => {
  it('the names at a prompt - a service that came since is looked for', async () => {
    const { told } = prompt(THERE)
    expect(await engine.evaluate('typeof d1')).toBe('undefined')
    expect(await engine.evaluate('d1 && 5')).toBe(5)
    expect(told).toEqual([])
  })

  it('the names at a prompt - one that is announced is waited for until it has proved itself', async () => {
    const { told, looked } = prompt(UNPROVED, UNPROVED, THERE)
    expect(await engine.evaluate('d1 && 5')).toBe(5)
    expect([told, looked()]).toEqual([[], 3])
  })

  it('the names at a prompt - one that never proves itself is given up, and why is told', async () => {
    const { told, looked } = prompt(UNPROVED)
    expect(await engine.evaluate('d1')).toBeUndefined()
    expect(told).toMatchObject([{ code: 'DS_UNREACHABLE' }, { message: 'd1 is not defined' }])
    expect(looked()).toBe(5)
  })

  it('the names at a prompt - what no service can be called is not looked for', async () => {
    const { told, looked } = prompt(THERE)
    await engine.evaluate('Nope')
    expect([told, looked()]).toMatchObject([[{ message: 'Nope is not defined' }], 0])
  })

  it('the names at a prompt - a look that fails is told, and so is the name', async () => {
    const { told } = prompt(engineError({ summary: 'the engine is down' }))
    await engine.evaluate('d1')
    expect(told).toMatchObject([{ code: 'DS_ENGINE' }, { message: 'd1 is not defined' }])
  })
})
