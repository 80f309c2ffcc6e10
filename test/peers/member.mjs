/** A service for peers in other languages: `node member.mjs name@version`. Says where it listens and who it is. */
import { promisify } from 'node:util'
import { dservice } from 'dservice'

class TextError extends TypeError {
  name = 'TextError'
  code = 'E_TEXT'
  position = 3
}

const service = dservice(process.argv[2], {
  transform: (s) => s.replace(/[aeiou]{2,}/, 'oo').toUpperCase(),
  fails: () => {
    throw new TextError('s is no text')
  },
  echo: (value) => value,
  nested: { deep: { twice: (s) => s + s } },
  /** Calls back, and answers with what it heard. */
  visit: async (greet) => `heard: ${await promisify(greet)('d1')}`,
  /** Awaits what it calls, which classic peers do not answer. */
  ask: async (greet, again) => `${again === greet}: ${await greet('d2')}, ${await greet('d3')}`,
  nothing: () => undefined,
})
await service.start()
console.log(`ready ${service.address} ${service.id}`)
