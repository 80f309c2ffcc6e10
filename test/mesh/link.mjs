/** A link of a chain, for tests of real processes: `node link.mjs name@version dependency`; says each state. */
import { dservice } from 'dservice'

const [, , name, dependency] = process.argv
const service = dservice(name, { ping: () => 'pong' }, { signals: true })
if (dependency) service.rely(dependency, '^1')
service.on('state', (state) => console.log(state))
await service.start()
