/** What runs, and what the lock file promises: no install script, nothing that needs a newer Node than ours. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import semver from 'semver'
import { PhaseError, ROOT } from './run.mjs'

const read = (file) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))

export async function versions() {
  const own = read('package.json')
  const range = own.engines.node
  if (!semver.satisfies(process.version, range)) {
    throw new PhaseError(`Node ${process.version} is not in ${range}. Install a newer Node`)
  }
  const wrong = [...lockProblems(own, read('package-lock.json')), ...installedProblems(own)]
  if (wrong.length > 0) throw new PhaseError('the dependencies break a promise', { tail: wrong.join('\n') })
  const names = ['typescript', 'vitest', 'oxlint', 'prettier', 'knip']
  const tools = names.map((name) => `${name} ${read(`node_modules/${name}/package.json`).version}`)
  return { note: [`node ${process.versions.node}`, ...tools].join(', ') }
}

function lockProblems(own, lock) {
  const oldest = semver.minVersion(own.engines.node)
  const problems = lock.packages[''].version === own.version ? [] : ['package-lock.json has another version']
  for (const [at, entry] of Object.entries(lock.packages)) {
    if (at === '' || entry.dev || entry.devOptional) continue
    if (entry.hasInstallScript) problems.push(`${at} has an install script`)
    if (entry.engines?.node && !semver.satisfies(oldest, entry.engines.node)) {
      problems.push(`${at} needs Node ${entry.engines.node}`)
    }
  }
  return problems
}

function installedProblems(own) {
  return Object.entries(own.dependencies).flatMap(([name, range]) => {
    const { version } = read(`node_modules/${name}/package.json`)
    return semver.satisfies(version, range)
      ? []
      : [`${name} ${version} is installed, ${range} wanted: run npm ci`]
  })
}
