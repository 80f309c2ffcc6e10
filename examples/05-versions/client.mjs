import { dservice } from 'dservice'

const mesh = dservice()
for (const range of ['^1', '1.2.x', '>=1']) {
  const d1 = await mesh.dnodeFor('d1', range)
  const answers = await Promise.all(Array.from({ length: 200 }, () => d1.version()))
  console.log(`${range} reaches ${[...new Set(answers)].join(', ')}`)
}
await mesh.stop()
