/** A client with a typed handle: every method returns a promise, and a wrong argument does not compile. */
import { dservice, isDServiceError } from 'dservice'
import type { D1 } from './d1.js'

const mesh = dservice({ instanceWait: '1s' })
const d1 = await mesh.dnodeFor<D1>('d1', '^1.2', { timeout: '10s' })

console.log(await d1.transform('beep'))
console.log(await d1.text.reverse('boop'))

// a function travels as a reference: d1 calls it here
const count = await d1.each(['a', 'b'], (word, index) => console.log(`${index}: ${word}`))
console.log(`${count} words`)

try {
  await mesh.dnodeFor('d1', '^7')
} catch (error) {
  if (!isDServiceError(error)) throw error
  console.log(`${error.code}, ran: ${error.ran}`)
}
await mesh.stop()
