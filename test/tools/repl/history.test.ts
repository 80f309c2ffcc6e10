import { EventEmitter } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { REPLServer } from 'node:repl'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { historyFile, keepHistory } from '../../../lib/tools/repl/history.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dservice-history-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** As much of a prompt as the history needs. */
const prompt = (): REPLServer =>
  Object.assign(new EventEmitter(), {
    setupHistory: (_: string, done: (error: Error | null) => void) => done(null),
  }) as unknown as REPLServer

describe('history', () => {
  it('history - is under XDG_STATE_HOME, else under the home', () => {
    expect(historyFile({ XDG_STATE_HOME: '/state' })).toBe(path.join('/state', 'dservice', 'history'))
    expect(historyFile({ HOME: '/home/me' })).toBe(path.join('/home/me/.local/state/dservice/history'))
  })

  it('history - its file is private, also one that was not, and keeps what it had', async () => {
    const file = historyFile({ XDG_STATE_HOME: folder })
    expect(await keepHistory(prompt(), file)).toBeNull()
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await writeFile(file, 'kept')
    await chmod(file, 0o644)
    expect(await keepHistory(prompt(), file)).toBeNull()
    expect([(await stat(file)).mode & 0o777, await readFile(file, 'utf8')]).toEqual([0o600, 'kept'])
  })

  it('history - a line that begins with a space is forgotten', async () => {
    const server = prompt()
    await keepHistory(server, historyFile({ XDG_STATE_HOME: folder }))
    const lines = [' secret', 'before']
    server.emit('history', lines)
    server.emit('history', lines)
    expect(lines).toEqual(['before'])
  })

  it('history - where it cannot be kept, the reason is answered', async () => {
    await writeFile(path.join(folder, 'dservice'), 'a file')
    expect(await keepHistory(prompt(), historyFile({ XDG_STATE_HOME: folder }))).toMatch(/EEXIST|ENOTDIR/)
  })
})
