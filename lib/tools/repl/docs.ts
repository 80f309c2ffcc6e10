/** `d1.transform?`: what a service says of its methods, from its contract. */
import type { Contract, InstanceContract, MethodContract } from '../../index.js'
import { inset, oneLine, plain } from '../cli/text.js'

/** What was asked about. */
export interface Question {
  /** `d1` or `d1@^1`. */
  readonly spec: string
  /** Dotted; '': the whole service. */
  readonly path: string
}

const NAMED = /^\s*(?:svc\.)?([A-Za-z_$][\w$]*)((?:\.[\w$]+)*)\s*\?\s*$/
const QUOTED = /^\s*svc\[(['"`])([^'"`\]]+)\1\]((?:\.[\w$]+)*)\s*\?\s*$/

/** Lines of a type that are shown. */
const MOST_LINES = 12

/** What a line asks about; null where it is code. */
export function questionIn(line: string): Question | null {
  const quoted = QUOTED.exec(line)
  const [, spec, path = ''] = quoted ? quoted.slice(1) : (NAMED.exec(line) ?? [])
  return spec === undefined ? null : { spec, path: path.slice(1) }
}

/** In lines for a terminal: each method with its types, description and whose they are. */
export async function docsText(path: string, found: readonly InstanceContract[]): Promise<string> {
  const told = found.find(({ contract }) => contract !== null)
  if (!told?.contract) return 'nothing is known of it: no instance tells what it promises'
  const { contract, instance } = told
  const names = Object.keys(contract.methods).filter((name) => isAt(name, path))
  const where = oneLine(`${instance.name}@${instance.version}`)
  if (names.length === 0 && path === '' && contract.types) return `${where}\n${inset(contract.types.text, 2)}`
  if (names.length === 0) return `${where} has no method ${path}`
  const texts = await Promise.all(names.sort().map((name) => methodText(name, contract)))
  return [where, ...texts].join('\n')
}

/** The method itself, or one below that name. */
function isAt(name: string, path: string): boolean {
  return path === '' || name === path || name.startsWith(`${path}.`)
}

async function methodText(name: string, contract: Contract): Promise<string> {
  const method = contract.methods[name] ?? {}
  const { description, idempotent } = method
  return [
    `  ${inset((await signatureOf(name, method)) ?? typedIn(name, contract) ?? `${name}(…)`, 2)}`,
    ...(description === undefined ? [] : [`    ${inset(description, 4)}`]),
    ...(idempotent ? ['    running it twice does no more than running it once'] : []),
  ].join('\n')
}

/** From schemas, in the words of TypeScript; null where the method has none. */
async function signatureOf(name: string, { input, output }: MethodContract): Promise<string | null> {
  if (input === undefined && output === undefined) return null
  const { generated } = await import('../../remotes/index.js')
  const own = { ...(input ? { input } : {}), ...(output === undefined ? {} : { output }) }
  const { text } = generated({ methods: { m: own } })
  const [, call, types = ''] = /^export interface Api \{\n {2}"?m"?(\([^]*?)\n\}\n([^]*)$/.exec(text) ?? []
  if (call === undefined) return null
  const lines = `${name}${call.replaceAll('\n  ', '\n')}\n${types.trim()}`.trim()
  // quotes are for names that need them
  return plain(lines.replaceAll(/"([A-Za-z_$][\w$]*)"(?=\??:)/g, '$1'))
}

/** The lines of the service's own types that declare a method of that name: to be read, so the first that looks so will do. */
function typedIn(name: string, { types }: Contract): string | null {
  const last = name.split('.').at(-1) ?? name
  const lines = types?.text.split('\n') ?? []
  const begin = lines.findIndex((line) => declares(line, last))
  if (begin < 0) return null
  const most = lines.slice(begin, begin + MOST_LINES)
  const end = most.findIndex((_, i) => isClosed(most.slice(0, i + 1).join('\n')))
  const shown = end < 0 ? most : most.slice(0, end + 1)
  const margin = /^\s*/.exec(shown[0] ?? '')?.[0].length ?? 0
  return shown.map((line) => plain(line.slice(margin))).join('\n')
}

function declares(line: string, name: string): boolean {
  const text = line.trim().replace(/^readonly /, '')
  return [name, `"${name}"`, `'${name}'`].some(
    (each) => text.startsWith(each) && /^\??\s*[(<:]/.test(text.slice(each.length)),
  )
}

function isClosed(text: string): boolean {
  const count = (marks: RegExp): number => [...text.matchAll(marks)].length
  return count(/[({[]/g) === count(/[)}\]]/g)
}
