/** One process of the demo: d1, d2 which relies on d1, or a client. Lives as long as its director does. */
import { systemClock } from '../../base/clock.js'
import { isDServiceError, reasonOf } from '../../base/errors.js'
import { dservice, type DService, type DServiceOptions, type Remote } from '../../index.js'
import type { Order, Role, Said } from './messages.js'

const say = (said: Said): void => {
  process.send?.(said)
}

/** d1 as in the README: it turns two vowels in a row into "oo", and shouts. */
const transformer = {
  transform: (text: string): string => text.replace(/[aeiou]{2,}/, 'oo').toUpperCase(),
  ping: (): string => 'pong',
}

function cast(role: Role, options: DServiceOptions): DService {
  if (role === 'd1') return dservice('d1@1.4.2', transformer, options)
  if (role === 'client') return dservice(null, undefined, options)
  const api = { jsconf: (): Promise<unknown> => d1.transform('rulez') }
  const d2 = dservice('d2@1.0.0', api, options)
  const d1: Remote<typeof transformer> = d2.rely<typeof transformer>('d1', '^1')
  return d2
}

/**
 * The system tells of a killed peer before the director can order the next call; a turn or two of the event loop let
 * that news be read first, so that the call goes to whoever comes next, not into a dead connection.
 */
async function readNews(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function obey(mesh: DService, order: Order): Promise<void> {
  await readNews()
  const started = systemClock.monotonic()
  try {
    const handle = await mesh.dnodeFor(order.service, order.range)
    const value = await handle[order.method]?.(...order.args)
    say({
      type: 'answer',
      id: order.id,
      value,
      ms: Math.round((systemClock.monotonic() - started) * 10) / 10,
    })
  } catch (error) {
    say({ type: 'threw', id: order.id, ...told(error) })
  }
}

function told(error: unknown): { code: string; message: string } {
  const { code } = error as { code?: unknown }
  return { code: typeof code === 'string' ? code : 'ERROR', message: reasonOf(error) }
}

async function play(role: Role, port: string | undefined): Promise<void> {
  const member = cast(role, port ? { port: Number(port) } : {})
  member.on('state', (state) => {
    say({ type: 'state', state })
    if (state === 'waiting' || state === 'ready') sayUp()
  })
  let up = false
  const sayUp = (): void => {
    if (up) return
    up = true
    say({ type: 'up', version: member.version, address: member.address })
  }
  process.on('message', (order: Order) => void obey(member, order))
  if (role !== 'client') await member.start()
  sayUp()
}

/** Plays the role that the director gave on the command line. Its death, also by SIGKILL, ends this process. */
function main(): void {
  process.on('disconnect', () => process.exit())
  play(process.argv[2] as Role, process.argv[3]).catch((error: unknown) => {
    say({ type: 'failed', ...told(error), summary: isDServiceError(error) ? error.summary : reasonOf(error) })
  })
}

main()
