// The next version of d1. Its number says that nobody will notice, which is not so.
import { dservice } from 'dservice'

const d1 = dservice('d1', {
  transform: (text) => text.replace(/[aeiou]{2,}/, 'oo').toUpperCase(),
  words: (text) => text.split(' '),
})
await d1.start()
console.log('d1 is ready')
