/** `dservice why name`: what needs a remote, by the lock and the sources. */
import path from 'node:path'
import { noInstance } from '../../base/errors.js'
import { checkName } from '../../base/names.js'
import { findPackage } from '../../base/package.js'
import { lockedIn, usesOf, type Lock, type Project, type Use } from '../../remotes/index.js'
import type { Input } from '../cli/input.js'
import { nearNames } from '../cli/meant.js'
import { plain } from '../cli/text.js'
import type { Talk } from '../cli/talk.js'
import { placeOf } from './check-text.js'
import { projectOf } from './place.js'
import { aligned } from './shown.js'

/** A way from the package to the service: each relies on the one before it. */
type Chain = readonly Link[]

interface Link {
  readonly name: string
  /** Null: not locked. */
  readonly version: string | null
  /** In which range it is relied on. */
  readonly range: string
}

export async function run(input: Input): Promise<number> {
  const { args, talk } = input
  const name = checkName(args[0])
  const project = projectOf(input)
  const chains = chainsTo(name, project)
  if (chains.length === 0) throw notNeeded(name, project)
  const remotes = new Set(chains.map((chain) => chain.at(-1)?.name ?? name))
  const uses = await usesOf(project.folder, remotes)
  if (talk.json) talk.document({ project: project.folder, name, chains, uses: Object.fromEntries(uses) })
  else tell({ project, chains, uses }, talk)
  return 0
}

/** For each remote of the package the shortest way to it from the service: outwards, who relies on whom, as the lock says. */
function chainsTo(name: string, { manifest, lock }: Project): Chain[] {
  const declared = new Map(manifest.remotes.map((remote) => [remote.name, remote.range]))
  const chains: Chain[] = []
  const seen = new Set([name])
  let level: { readonly to: string; readonly inner: Chain }[] = [{ to: name, inner: [] }]
  while (level.length > 0) {
    for (const { to, inner } of level) {
      const range = declared.get(to)
      if (range !== undefined) chains.push([...inner, linkOf(lock, to, range)])
    }
    level = level.flatMap(({ to, inner }) =>
      Object.entries(lock.remotes).flatMap(([by, { rely }]) => {
        const range = Object.hasOwn(rely, to) ? rely[to] : undefined
        if (range === undefined || seen.has(by)) return []
        seen.add(by)
        return [{ to: by, inner: [...inner, linkOf(lock, to, range)] }]
      }),
    )
  }
  return chains
}

function linkOf(lock: Lock, name: string, range: string): Link {
  return { name, version: lockedIn(lock, name)?.version ?? null, range }
}

function notNeeded(name: string, { manifest, lock }: Project): Error {
  const locked = Object.values(lock.remotes).flatMap(({ rely }) => Object.keys(rely))
  const known = [...new Set([...manifest.remotes.map((remote) => remote.name), ...locked])].sort()
  const near = nearNames(name, known)
  return noInstance({
    summary: `nothing here needs ${name}: neither package.json nor a remote of the lock`,
    hint:
      near.length > 0
        ? `did you mean ${near.join(' or ')}?`
        : 'the lock knows the required edges of its own remotes alone',
    ...(known.length > 0 ? { details: { known } } : {}),
  })
}

interface Told {
  readonly project: Project
  readonly chains: readonly Chain[]
  readonly uses: ReadonlyMap<string, readonly Use[]>
}

function tell({ project, chains, uses }: Told, talk: Talk): void {
  for (const chain of chains) talk.data(plain(chainText(chain, project)))
  for (const [name, places] of uses) {
    const rows = places.map((use) => [placeOf(use), use.method === null ? name : `${name}.${use.method}`])
    for (const row of aligned(rows)) talk.data(plain(`  ${row}`))
    if (places.length === 0) talk.note(`no source was seen that uses ${name}`)
  }
}

/** `d0@1.1.0 ← d1@1.4.2 (relies on d0@^1) ← web (remoteDependencies d1@^1.4.0)`. */
function chainText(chain: Chain, { folder }: Project): string {
  const own = findPackage(folder).name ?? path.basename(folder)
  const [first, ...rest] = chain
  if (!first) return own
  const links = rest.map((link, at) => `${nodeOf(link)} (relies on ${needed(chain[at])})`)
  return [nodeOf(first), ...links, `${own} (remoteDependencies ${needed(chain.at(-1))})`].join(' ← ')
}

function nodeOf({ name, version, range }: Link): string {
  return `${name}@${version ?? range}`
}

function needed(link: Link | undefined): string {
  return link ? `${link.name}@${link.range}` : ''
}
