/** Commands of the phases: run with a limit, logged whole, ended by their own pid. */
import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const LOGS = path.join(ROOT, '.verify')

/** Lines of a failing phase's log that are printed. */
const TAIL = 60

/** A phase failed: what to say, and the end of its log. */
export class PhaseError extends Error {
  constructor(message, { tail = '', counts = {} } = {}) {
    super(message)
    this.tail = tail
    this.counts = counts
  }
}

/** `3.1 s` since `from` (of performance.now). */
export function seconds(from) {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`
}

/** The file of a development dependency's command, so that it runs without a shell on every system. */
export function bin(packageName, command = packageName) {
  const require = createRequire(path.join(ROOT, 'package.json'))
  const file = require.resolve.paths(packageName).map((at) => path.join(at, packageName, 'package.json'))
  const found = file.find((at) => readable(at))
  if (!found) throw new PhaseError(`${packageName} is not installed. Run npm ci`)
  const own = JSON.parse(readFileSync(found, 'utf8')).bin
  return path.join(path.dirname(found), typeof own === 'string' ? own : own[command])
}

function readable(file) {
  try {
    return readFileSync(file).length > 0
  } catch {
    return false
  }
}

/** Runs `node file args`. Rejects with PhaseError unless it exits 0 in time. */
export function node(log, args, options) {
  return run(log, [process.execPath, ...args], options)
}

/** Runs npm, the one that runs us where there is one. */
export function npm(log, args, options) {
  const own = process.env.npm_execpath
  if (own?.endsWith('.js')) return node(log, [own, ...args], options)
  return run(log, ['npm', ...args], { ...options, shell: process.platform === 'win32' })
}

/** Runs a command; resolves to its stdout, rejects with PhaseError unless it exits 0 in `limit` seconds. */
export function run(log, [command, ...args], { cwd = ROOT, env = {}, limit = 300, shell = false } = {}) {
  return new Promise((resolve, reject) => {
    const file = createWriteStream(path.join(LOGS, `${log}.log`), { flags: 'a' })
    file.write(`$ ${[command, ...args].join(' ')}\n`)
    const child = spawn(command, args, {
      cwd,
      shell,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const all = []
    const out = []
    const keep = (to) => (chunk) => (file.write(chunk), all.push(chunk), to?.push(chunk))
    child.stdout.on('data', keep(out))
    child.stderr.on('data', keep())
    const timer = setTimeout(() => child.kill('SIGKILL'), limit * 1000)
    const end = (why) => {
      clearTimeout(timer)
      file.end()
      if (!why) return resolve(Buffer.concat(out).toString())
      const tail = Buffer.concat(all).toString().trimEnd().split('\n').slice(-TAIL).join('\n')
      reject(new PhaseError(`${path.basename(args[0] ?? command)} ${why}`, { tail }))
    }
    child.on('error', (error) => end(`did not start: ${error.message}`))
    child.on('close', (code, signal) => {
      if (code === 0) return end(null)
      end(signal === 'SIGKILL' ? `was ended after ${limit} s` : `exited with ${code ?? signal}`)
    })
  })
}

/** Ours, without what npm and a surrounding dservice add, so that a run depends on the checkout alone. */
function environment(extra) {
  const env = { ...process.env, NO_COLOR: '1', ...extra }
  delete env.FORCE_COLOR
  for (const name of ['DSERVICE_MESH', 'DSERVICE_ENGINE', 'DSERVICE_DIR']) {
    if (!(name in extra)) delete env[name]
  }
  return env
}
