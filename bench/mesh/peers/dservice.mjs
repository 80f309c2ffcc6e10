/** dservice as a user has it: mDNS on loopback, a handle of `dnodeFor`. From the folder that DSERVICE_DIST names. */
const dist = process.env.DSERVICE_DIST ?? new URL('../../../dist', import.meta.url).pathname
const { dservice, method, withOptions } = await import(`file://${dist}/lib/index.js`)

const where = { mesh: process.env.BENCH_MESH, engine: 'mdns:' }

/** `run` takes what a call takes; answers how to stop in order. */
export async function serve(run) {
  const service = dservice('bench@1.0.0', { run, again: method(run, { idempotent: true }) }, where)
  await service.start()
  return () => service.stop()
}

/** `again` may run twice. */
export async function connect() {
  const mesh = dservice(where)
  const remote = await mesh.dnodeFor('bench', '^1')
  const inTurn = withOptions(remote, { balance: 'round-robin' })
  return {
    call: () => remote.run(),
    again: () => remote.again(),
    each: () => inTurn.run(),
    close: () => mesh.stop(),
  }
}

/** How an error of a call in flight is to look. */
export const isHonest = ({ code, ran }) => code === 'DS_DISCONNECTED' && ran === 'maybe'
