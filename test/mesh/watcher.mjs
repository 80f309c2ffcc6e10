/** Says who comes and goes of d1, until the first one is down; then it ends by itself. */
import { dservice, monitor } from 'dservice'

const mesh = dservice({ instanceWait: '30s' })
for await (const { type, instance, reason } of monitor(await mesh.dnodeFor('d1', '^1'))) {
  console.log(`${type} ${instance.address} ${instance.id}${reason ? ` ${reason}` : ''}`)
  if (type === 'down') break
}
