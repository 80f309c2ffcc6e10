/** The engine keeps the contract of all engines: on a group in memory, and on the real one of this machine. */
import { discoveryContract } from '../../contracts/discovery.js'
import { LoopbackWorld, MemoryWorld } from './worlds.js'

discoveryContract({ name: 'mdns in memory', create: (mesh) => Promise.resolve(new MemoryWorld(mesh)) })
discoveryContract({ name: 'mdns on loopback', create: () => Promise.resolve(new LoopbackWorld()) })
