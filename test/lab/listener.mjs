/** Joins the mDNS group on one interface: `node listener.mjs <address of it> [hex]`. Prints what comes, with its source; sends the datagram once when given. */
import { createSocket } from 'node:dgram'

const [, , address, hex] = process.argv
const socket = createSocket({ type: 'udp4', reuseAddr: true })
socket.on('message', (bytes, { address: from }) => console.log(`heard ${bytes.length} from ${from}`))
socket.bind(5353, '224.0.0.251', () => {
  socket.addMembership('224.0.0.251', address)
  socket.setMulticastInterface(address)
  socket.setMulticastTTL(255)
  console.log('joined')
  if (hex) socket.send(Buffer.from(hex, 'hex'), 5353, '224.0.0.251', () => console.log('sent'))
})
