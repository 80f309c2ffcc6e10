/** How remotes are told: in lines for people, as data for programs. */
import type { Contract } from '../../index.js'
import type { Generated, GeneratedRemote } from '../../remotes/index.js'
import { plain } from '../cli/text.js'
import type { Talk } from '../cli/talk.js'

/** Where the types of a remote come from, for people. */
const FROM: Readonly<Record<GeneratedRemote['from'], string>> = {
  types: "the service's own types",
  schemas: 'types from its schemas',
  names: 'types of names alone',
  nothing: 'no types yet',
}

/** Of one remote. */
export function fromText({ from }: GeneratedRemote): string {
  return FROM[from]
}

/** `.dservice/d1.d.mts`. */
export function typesFile(name: string): string {
  return `.dservice/${name}.d.mts`
}

/** The remotes of which types were written, by name. */
export function typedIn({ remotes }: Generated): ReadonlyMap<string, GeneratedRemote> {
  return new Map(remotes.map((remote) => [remote.name, remote]))
}

/** Says why the types that services have written are not used. */
export function tellProblems({ remotes }: Generated, talk: Talk): void {
  for (const { name, problem } of remotes) {
    if (problem)
      talk.warn(plain(`${talk.style.marks.wait} ${name}: its own types are not used: ${problem.summary}`))
  }
}

/** Parts of a line, with dots between. */
export function dotted(talk: Talk, parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(` ${talk.style.marks.dot} `)
}

/** The names of the methods. */
export function methodsOf({ methods }: Contract): string[] {
  return Object.keys(methods).sort()
}

/** Rows whose columns stand below each other; the last is as long as it is. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
