/** What some tests need from the system. The list is needs.json, which `npm run verify` installs from. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import needs from './needs.json' with { type: 'json' }

/** Whether a need is met, and if not, what to do about it. */
export type Met = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly fix: string }

interface Need {
  readonly commands: readonly string[]
  readonly apt: readonly string[]
  /** Root, and a kernel that lets it make network namespaces. */
  readonly namespaces: boolean
}

const FOLDERS = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin']

/** What tests ask for: each answers whether it is there, and what to do where it is not. */
export const need: {
  avahi(): Met
  git(): Met
  namespace(): Met
  perl(): Met
  python(): Met
  terminal(): Met
} = {
  /** The avahi programs, and a network namespace of one's own to run them in. */
  avahi: () => check(needs.avahi),
  git: () => check(needs.git),
  /** A network namespace of one's own. */
  namespace: () => check(needs.namespace),
  /** Perl with its core modules; Debian's smallest perl is without them, and without json_pp. */
  perl: () => check(needs.perl),
  python: () => check(needs.python),
  /** util-linux's `script`, which gives a program a terminal. */
  terminal: () => check(needs.terminal),
}

function check(wanted: Need): Met {
  const missing = wanted.commands.filter((command) => !isThere(command))
  if (missing.length > 0) {
    const fix = `apt-get install --no-install-recommends ${wanted.apt.join(' ')}`
    return { ok: false, why: `not installed: ${missing.join(', ')}`, fix }
  }
  if (wanted.namespaces && !hasNamespaces()) {
    return { ok: false, why: 'network namespaces are not to be had', fix: 'run as root on Linux' }
  }
  return { ok: true }
}

function isThere(command: string): boolean {
  return FOLDERS.some((folder) => isExecutable(path.join(folder, command)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function hasNamespaces(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return spawnSync('unshare', ['--net', 'true']).status === 0
}
