import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Contract, Logger } from 'dservice'

let folder: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dservice-types-')))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const text = 'export interface Api {\n  ping(): string\n}\n'

/** What a service of a package promises that names `./api.d.ts#Api`, and what its logger heard. */
async function promised(
  write: (file: string) => void,
  names = { d1: './api.d.ts#Api' },
): Promise<{ contract: Contract; told: unknown[] }> {
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ dservice: { types: names } }))
  write(path.join(folder, 'api.d.ts'))
  vi.stubEnv('DSERVICE_DIR', folder)
  vi.stubEnv('DSERVICE_ENGINE', 'memory:')
  vi.resetModules()
  const { dservice, contracts } = await import('dservice')
  const told: unknown[] = []
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (...of) => void told.push(of),
  }
  const service = dservice('d1@1.0.0', { ping: () => 'pong' }, { logger })
  const mesh = dservice()
  try {
    await service.start()
    const [found] = await contracts(await mesh.dnodeFor('d1', '^1'))
    return { contract: found!.contract!, told }
  } finally {
    await Promise.all([service.stop(), mesh.stop()])
  }
}

describe('types of a service - its package names the file, and the contract has them', () => {
  it('as they are, with lines that end with LF', async () => {
    const { contract, told } = await promised((file) =>
      writeFileSync(file, `\uFEFF${text.replaceAll('\n', '\r\n')}`),
    )
    expect(contract).toEqual({ methods: { ping: {} }, types: { root: 'Api', text } })
    expect(told).toEqual([])
  })

  it('none for a service that is not named', async () => {
    const { contract, told } = await promised((file) => writeFileSync(file, text), {
      d2: './api.d.ts#Api',
    } as never)
    expect(contract).toEqual({ methods: { ping: {} } })
    expect(told).toEqual([])
  })

  it.each<[string, (file: string) => void, string]>([
    ['is not there', () => undefined, 'ENOENT'],
    ['is a folder', (file) => mkdirSync(file), 'no file'],
    [
      'is too large',
      (file) => writeFileSync(file, `${text}// ${'x'.repeat(256 * 1024)}\n`),
      'more than 262144',
    ],
    [
      'needs another file',
      (file) => writeFileSync(file, `import { A } from './a.js'\n${text}`),
      'imports another module',
    ],
    [
      'does not export the root',
      (file) => writeFileSync(file, text.replace('export ', '')),
      'do not export Api',
    ],
    ['has another root', (file) => writeFileSync(file, text.replace('Api', 'Other')), 'do not export Api'],
  ])(
    'a file that %s is told to the logger, and the names are told all the same',
    async (_, write, reason) => {
      const { contract, told } = await promised(write)
      expect(contract).toEqual({ methods: { ping: {} } })
      expect(told).toEqual([
        [
          { file: path.join(folder, 'api.d.ts'), reason: expect.stringContaining(reason) },
          'the contract is told without its types',
        ],
      ])
    },
  )
})
