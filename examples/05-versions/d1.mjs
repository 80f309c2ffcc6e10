import { dservice } from 'dservice'

const version = process.argv[2]
const d1 = dservice(`d1@${version}`, { version: () => version })
await d1.start()
console.log(`d1 ${version} is ready`)
