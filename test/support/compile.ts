/** Compiles files as a strict project would that has dservice installed: with its types alone, so that nothing has to be built. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ROOT } from './build.js'

const typescript = createRequire(import.meta.url).resolve('typescript/package.json')
const tsc = path.join(path.dirname(typescript), 'bin', 'tsc')

const STRICT = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowJs: true,
  checkJs: true,
  types: ['node'],
  typeRoots: [path.join(ROOT, 'node_modules', '@types')],
}

/** The part of dservice that generated files name. */
const FACE = `export type { Remote } from '${path.join(ROOT, 'lib', 'dnode', 'remote.js')}'\nexport interface RemoteServices {}\n`

/** A project in a folder of its own, until it is disposed of. */
export interface Compiled extends Disposable {
  readonly folder: string
  write(files: Readonly<Record<string, string>>): void
  /** What the compiler says: `main.ts(1,2): error TS2322: …`, line by line; none where all is well. */
  errors(): string[]
  /** All of it, with each look for another file. */
  trace(): string[]
}

/** A project with these files. Its package.json is an ES module's where they bring no other. */
export function compileProject(files: Readonly<Record<string, string>>): Compiled {
  const folder = mkdtempSync(path.join(tmpdir(), 'dservice-compile-'))
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [file, text] of Object.entries(more)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), text)
    }
  }
  write({
    'package.json': '{ "type": "module" }\n',
    'tsconfig.json': JSON.stringify({ compilerOptions: STRICT, include: ['*', '.dservice/**/*.d.ts'] }),
    'node_modules/dservice/package.json':
      '{ "name": "dservice", "type": "module", "exports": { ".": { "types": "./index.d.ts" } } }\n',
    'node_modules/dservice/index.d.ts': FACE,
    ...files,
  })
  const compile = (...more: string[]): string[] => {
    const args = [tsc, '-p', '.', '--pretty', 'false', ...more]
    return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1e9 }).stdout.split(
      '\n',
    )
  }
  return {
    folder,
    write,
    errors: () => compile().filter((line) => line.includes('error')),
    trace: () => compile('--traceResolution'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
