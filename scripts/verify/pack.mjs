/** The package as its users get it: checked as a tarball, then installed into new projects that use it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runBlocks } from './readme.mjs'
import { bin, LOGS, node, npm, PhaseError, ROOT } from './run.mjs'

const own = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
const subpaths = Object.keys(own.exports).filter((key) => key !== './package.json')
const entries = subpaths.map((key) => own.name + key.slice(1))

/** publint and attw on the tarball. CommonJS users come by require(esm), so there is one format. */
export async function published() {
  const tarball = await pack('package')
  await node('package', [bin('publint'), 'run', tarball, '--strict'])
  await node('package', [
    bin('@arethetypeswrong/cli', 'attw'),
    tarball,
    '--profile',
    'esm-only',
    '--no-color',
  ])
}

/** New ESM and CommonJS projects with the tarball in them: entries, types, the command, the README's programs. */
export async function packed() {
  const tarball = await pack('pack')
  const folder = mkdtempSync(path.join(tmpdir(), 'dservice-pack-'))
  try {
    const esm = await project(folder, 'module', tarball)
    const cjs = await project(folder, 'commonjs', tarball)
    await loads(esm, cjs)
    await types(esm)
    await typesOfRequire(cjs)
    await command(esm)
    let programs = 0
    for (const page of ['README.md', 'docs/guide.md', 'docs/dnode.md', 'docs/testing.md']) {
      programs += await runBlocks(path.join(ROOT, page), { module: esm, commonjs: cjs })
    }
    return { note: `${own.name}-${own.version}.tgz in two new projects, ${programs} programs of its pages` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function pack(log) {
  const to = path.join(LOGS, 'tarball')
  mkdirSync(to, { recursive: true })
  const [{ filename, files }] = JSON.parse(await npm(log, ['pack', '--json', '--pack-destination', to]))
  const strange = files
    .map((file) => file.path)
    .filter((at) => /(^|\/)(test|bench|examples)\/|\.log$/.test(at))
  if (strange.length > 0)
    throw new PhaseError('files that do not belong into the package', { tail: strange.join('\n') })
  return path.join(to, filename)
}

async function project(folder, type, tarball) {
  const cwd = path.join(folder, type)
  mkdirSync(cwd)
  writeFileSync(path.join(cwd, 'package.json'), JSON.stringify({ name: `new-${type}`, private: true, type }))
  const types = `@types/node@${own.devDependencies['@types/node']}`
  await npm('pack', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, types], {
    cwd,
    limit: 120,
  })
  return cwd
}

/** Every entry can be imported and required; the main one is a function either way. */
async function loads(esm, cjs) {
  const check = `if (typeof dservice !== 'function') throw new Error('not a function: ' + typeof dservice)`
  const imports = entries.map((entry) => `await import('${entry}')`).join('\n')
  writeFileSync(path.join(esm, 'loads.mjs'), `import { dservice } from '${own.name}'\n${check}\n${imports}\n`)
  const requires = entries.map((entry) => `require('${entry}')`).join('\n')
  writeFileSync(
    path.join(cjs, 'loads.cjs'),
    `const dservice = require('${own.name}')\n${check}\n` +
      `if (dservice.dservice !== dservice) throw new Error('the other exports do not hang on it')\n${requires}\n`,
  )
  await node('pack', ['loads.mjs'], { cwd: esm, limit: 30 })
  await node('pack', ['loads.cjs'], { cwd: cjs, limit: 30 })
}

/** A strict TypeScript project sees the types, and wrong calls are refused. */
async function types(cwd) {
  writeFileSync(
    path.join(cwd, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { module: 'nodenext', target: 'es2023', strict: true, types: ['node'] },
      include: ['*.ts'],
    }),
  )
  writeFileSync(
    path.join(cwd, 'consumer.ts'),
    [
      `import { dservice } from '${own.name}'`,
      ...entries.slice(1).map((entry) => `import '${entry}'`),
      `const d1 = dservice('d1@1.2.0', { transform: (s: string) => s.toUpperCase() })`,
      `const remote = await dservice().dnodeFor<typeof d1.api>('d1', '^1')`,
      `const text: string = await remote.transform('beep')`,
      `// @ts-expect-error a number is no string`,
      `await remote.transform(1)`,
      `import { simulate, type Leftovers } from '${own.name}/testing'`,
      `const world = simulate({ seed: 1 })`,
      `const tested = world.service('d1@1.2.0', d1.api)`,
      `const found = await world.client().dnodeFor<typeof tested.api>('d1')`,
      `const said: string = await world.until(found.transform('beep'))`,
      `world.crash(tested, 'silent')`,
      `const left: Leftovers = await world.stop()`,
      `export { left, said, text }`,
    ].join('\n'),
  )
  await node('pack', [bin('typescript', 'tsc'), '--noEmit'], { cwd, limit: 60 })
}

/** A CommonJS TypeScript project, with the defaults of tsc 7: neither @types/node nor the newest lib. */
async function typesOfRequire(cwd) {
  const lines = [
    `import dservice = require('${own.name}')`,
    `import { DServiceError } from '${own.name}'`,
    `const d1 = dservice('d1', { transform: (s: string) => s.toUpperCase() })`,
    `export const isOurs = (error: unknown): boolean => error instanceof DServiceError`,
    `export { d1, dservice }`,
    `export const client = dservice.dservice()`,
  ]
  writeFileSync(path.join(cwd, 'consumer.cts'), lines.join('\n'))
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', 'consumer.cts']
  await node('pack', [bin('typescript', 'tsc'), ...options], { cwd, limit: 60 })
}

async function command(cwd) {
  const file = path.join(cwd, 'node_modules', own.name, own.bin.dservice)
  const said = (await node('pack', [file, '--version'], { cwd, limit: 30 })).trim()
  if (said !== own.version) throw new PhaseError(`dservice --version said ${said}, not ${own.version}`)
}
