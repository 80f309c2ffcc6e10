/** A service that answers at once: `node plain.mjs`. Ends with the process that started it. */
const dist = process.env.DSERVICE_DIST ?? new URL('../../dist', import.meta.url).pathname
const { dservice } = await import(`file://${dist}/lib/index.js`)

process.on('disconnect', () => process.exit())
const api = { answer: (value) => value, where: () => service.address }
const service = dservice('plain@1.0.0', api, { mesh: process.env.BENCH_MESH, engine: 'mdns:' })
await service.start()
process.send('ready')
