import { dservice } from 'dservice'

const d1 = dservice('d1@1.0.0', { whoami: () => process.pid })
await d1.start()
console.log(`d1 is ready, pid ${process.pid}, ${d1.address}`)
