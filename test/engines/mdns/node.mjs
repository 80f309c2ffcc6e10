/** One process with the engine: `node node.mjs announce <name>` or `node node.mjs watch <name>`; DSERVICE_MESH is its mesh. */
import { systemClock } from '../../../dist/lib/base/clock.js'
import { newId } from '../../../dist/lib/base/id.js'
import { createMdns } from '../../../dist/lib/engines/mdns.js'

const [, , what, name, hold] = process.argv
const mesh = process.env.DSERVICE_MESH
if (hold !== 'free') setInterval(() => undefined, 1_000)

async function main() {
  const mdns = await createMdns({ mesh, clock: systemClock })
  if (what === 'watch') {
    await mdns.watch(name, ({ type, hint }) => console.log(`${type} ${hint.name} ${hint.id}`))
    console.log('watching')
    return
  }
  const self = { id: newId(systemClock), name, version: '1.0.0', mesh, state: 'ready', started: Date.now() }
  await mdns.announce(self, [{ host: '127.0.0.1', port: 4001 }])
  console.log(`announced ${self.id}`)
}

void main()
