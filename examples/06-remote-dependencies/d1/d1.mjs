// Serves d1 in the version of its package.json, which also says where its types are.
import { dservice } from 'dservice'

const d1 = dservice('d1', {
  transform: (text) => text.replace(/[aeiou]{2,}/, 'oo').toUpperCase(),
  count: (text, letter) => text.split(letter).length - 1,
})
await d1.start()
console.log('d1 is ready')
