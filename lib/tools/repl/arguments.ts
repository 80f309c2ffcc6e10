/** Completion within a call: the names of properties that an argument may have, from the contract. */
import type { InstanceContract } from '../../index.js'
import { oneLine } from '../cli/text.js'
import type { Completion } from './complete.js'

/** Where a line ends: in the first level of an object, where a name is expected. */
export interface ArgumentPlace {
  readonly spec: string
  /** The method's. */
  readonly path: string
  /** Which argument, from 0. */
  readonly index: number
  /** The beginning of the name. */
  readonly part: string
}

const CALL =
  /(?:^|[^\w$.\])])(?:svc\[(?:'([^'\]]+)'|"([^"\]]+)")\]|(?:svc\.)?([A-Za-z_$][\w$]*))\.([\w$.]+)\(([^]*)$/
const STRING = /(['"`])(?:\\.|(?!\1)[^\\])*\1/g
const KEY = /[{,]\s*([\w$]*)$/

/** Null where the line ends somewhere else. */
export function argumentAt(line: string): ArgumentPlace | null {
  const [, single, double, named, path = '', given = ''] = CALL.exec(line) ?? []
  const spec = single ?? double ?? named
  // what is in strings means nothing here
  const text = given.replaceAll(STRING, (string) => '_'.repeat(string.length))
  const part = /['"`]/.test(text) ? undefined : KEY.exec(text)?.[1]
  const around = bracketsIn(text)
  if (spec === undefined || part === undefined || around.open !== '{') return null
  return { spec, path, index: around.commas, part }
}

/** What is open at the end, and how many commas stand outside of all brackets. */
function bracketsIn(text: string): { open: string; commas: number } {
  let open = ''
  let commas = 0
  for (const char of text) {
    if ('([{'.includes(char)) open += char
    else if (')]}'.includes(char)) open = open.slice(0, -1)
    else if (char === ',' && open === '') commas++
  }
  return { open, commas }
}

/** The names of properties that begin so; as node:readline wants them. */
export function completeArgument(
  { path, index, part }: ArgumentPlace,
  found: readonly InstanceContract[],
): Completion {
  const schema = found.find(({ contract }) => contract)?.contract?.methods[path]?.input?.[index]
  const properties = typeof schema === 'object' ? schema['properties'] : undefined
  const names = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  const hits = names.filter((name) => name.startsWith(part) && /^[A-Za-z_$][\w$]*$/.test(oneLine(name)))
  return [hits.map((name) => `${name}: `), part]
}
