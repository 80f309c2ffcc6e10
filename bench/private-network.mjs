/** Loopback and a route for multicast, seen by nobody: two packages find their peers in no other way. */
import { spawnSync } from 'node:child_process'

/** True in the run that is inside a network of its own. */
export const IS_PRIVATE = process.env.BENCH_PRIVATE_NETWORK === '1'

/** Runs the program again, as it was called, in such a network; false where the system lets nobody make one. */
export function rerunInPrivateNetwork(file) {
  const script = 'ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"'
  const inside = ['-n', '--', 'sh', '-c', script, 'sh']
  if (spawnSync('unshare', [...inside, 'true']).status !== 0) return false
  const self = [process.execPath, file, ...process.argv.slice(2)]
  const env = { ...process.env, BENCH_PRIVATE_NETWORK: '1' }
  process.exitCode = spawnSync('unshare', [...inside, ...self], { stdio: 'inherit', env }).status ?? 1
  return true
}
