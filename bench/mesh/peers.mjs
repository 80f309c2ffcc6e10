/** Who takes part: drivers with `serve(run)`, which answers how to stop, and `connect()`, which answers how to call. */
export const PEERS = ['dservice', 'moleculer', 'cote']

export function driverOf(name) {
  return import(new URL(`peers/${name}.mjs`, import.meta.url).href)
}

/** Why a peer cannot take part here; null: it can. */
export async function reasonToSkip(name, isPrivateNetwork) {
  if (name === 'dservice') return null
  if (!isPrivateNetwork) return 'it multicasts, and there is no private network: run as root on Linux'
  try {
    await driverOf(name)
    return null
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(error.code)) throw error
    return 'not installed: npm ci --prefix bench/rpc'
  }
}
