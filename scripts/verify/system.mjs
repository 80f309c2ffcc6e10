/** What some tests need from the system: installed with apt where that is possible, else named with the fix. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PhaseError, ROOT, run } from './run.mjs'

const FOLDERS = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin']

/** Debian asks this file before it starts a daemon; 101 means no. */
const POLICY = '/usr/sbin/policy-rc.d'
const KEPT = `${POLICY}.dservice-verify`

export async function systemNeeds() {
  const needs = JSON.parse(readFileSync(path.join(ROOT, 'test', 'support', 'needs.json'), 'utf8'))
  const open = () => Object.entries(needs).filter(([, need]) => missing(need).length > 0)
  const packages = [...new Set(open().flatMap(([, need]) => need.apt))]
  if (packages.length > 0 && canInstall()) await install(packages)
  const lacking = [...open().map(describe), ...withoutNamespaces(needs)]
  if (lacking.length > 0) return { skip: lacking.join('; ') }
  return { note: packages.length > 0 ? `installed ${packages.join(', ')}` : 'all there' }
}

/** The needs that network namespaces would meet, where there are none. */
function withoutNamespaces(needs) {
  const names = Object.keys(needs).filter((name) => needs[name].namespaces)
  const isRoot = process.platform === 'linux' && process.getuid() === 0
  if (names.length === 0 || (isRoot && spawnSync('unshare', ['--net', 'true']).status === 0)) return []
  return [`${names.join(', ')}: network namespaces are not to be had; fix: run as root on Linux`]
}

function missing(need) {
  return need.commands.filter(
    (command) => !FOLDERS.some((folder) => isExecutable(path.join(folder, command))),
  )
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function describe([name, need]) {
  const fix = `apt-get install --no-install-recommends ${need.apt.join(' ')}`
  return `${name} (${need.why}) lacks ${missing(need).join(', ')}; fix: ${fix}`
}

function canInstall() {
  return process.platform === 'linux' && process.getuid() === 0 && existsSync('/usr/bin/apt-get')
}

/** Installs, with the starting of daemons forbidden meanwhile. */
async function install(packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => run('system', ['apt-get', '-q', '-y', ...args], { env, limit: 180 })
  const restore = forbidDaemons()
  // Ctrl-C reaches apt as well, which then fails: what was there is restored before we end
  const wait = () => undefined
  process.on('SIGINT', wait)
  try {
    await apt('update')
    await apt('install', '--no-install-recommends', ...packages)
  } catch (error) {
    throw new PhaseError(`${packages.join(', ')} could not be installed: ${error.message}`, {
      tail: error.tail,
    })
  } finally {
    restore()
    process.off('SIGINT', wait)
  }
}

function forbidDaemons() {
  // a file kept by a run that was killed is the original, and stays it
  const had = existsSync(KEPT) || existsSync(POLICY)
  if (had && !existsSync(KEPT)) renameSync(POLICY, KEPT)
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  return () => (had ? renameSync(KEPT, POLICY) : rmSync(POLICY))
}
