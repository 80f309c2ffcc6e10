/** A service for tests of real processes: `node member.mjs name@version`; its methods tell what a caller needs to know. */
import { dservice } from 'dservice'

const service = dservice(process.argv[2], {
  pid: () => process.pid,
  /** Never answers. */
  hang: () => new Promise(() => undefined),
  echo: (value) => value,
})
await service.start()
console.log(`ready ${service.name}@${service.version} ${service.address} ${service.id}`)
