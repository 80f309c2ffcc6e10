/** The files of Unix sockets: how long their names may be, and what a killed process leaves behind. */
import { lstat, unlink } from 'node:fs/promises'
import net from 'node:net'

/** Bytes of a path that the system's address has room for. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103

/** Refuses a path that would be cut short without a word, and so be another one. Errors: ENAMETOOLONG. */
export function checkPath(path: string): void {
  const size = Buffer.byteLength(path)
  if (size <= LONGEST_PATH || process.platform === 'win32') return
  const error = new Error(`a socket's path has at most ${LONGEST_PATH} bytes, this one ${size}`)
  throw Object.assign(error, { code: 'ENAMETOOLONG' })
}

/** Removes the socket file at `path` if nobody answers on it; answers whether the path is free now. */
export async function removeStale(path: string): Promise<boolean> {
  const before = await inodeOf(path)
  if (before === undefined) return true
  if (before === null || (await isAnswered(path))) return false
  // another process may have taken the path over in the meantime
  if ((await inodeOf(path)) !== before) return false
  await unlink(path)
  return true
}

/** Who the file is; undefined: there is none, null: it is no socket. */
async function inodeOf(path: string): Promise<number | null | undefined> {
  try {
    const file = await lstat(path)
    return file.isSocket() ? file.ino : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path })
    const finish = (isThere: boolean): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => finish(true))
    // anything but a refusal (no right to connect, a full queue) means that somebody may be there
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code !== 'ECONNREFUSED'))
  })
}
