/** The history of the prompt: a private file, without the lines that begin with a space. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { REPLServer } from 'node:repl'
import { reasonOf } from '../../base/errors.js'

/** `$XDG_STATE_HOME/dservice/history`. */
export function historyFile(env: NodeJS.ProcessEnv): string {
  const state = env['XDG_STATE_HOME'] || path.join(env['HOME'] || homedir(), '.local', 'state')
  return path.join(state, 'dservice', 'history')
}

/** Keeps the history in `file` with rights 0600. Answers why not, where it cannot; the prompt works without. */
export async function keepHistory(server: REPLServer, file: string): Promise<string | null> {
  server.on('history', (lines: string[]) => {
    if (lines[0]?.startsWith(' ')) lines.shift()
  })
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, '', { flag: 'a', mode: 0o600 })
    await chmod(file, 0o600)
  } catch (error) {
    return reasonOf(error)
  }
  return new Promise((resolve) => {
    server.setupHistory(file, (error) => resolve(error ? reasonOf(error) : null))
  })
}
