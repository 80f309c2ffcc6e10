/** What a package.json declares: the services that the package needs, and the types of those that it serves. */
import { closestMatch } from 'leven'
import { invalid, isDServiceError } from '../base/errors.js'
import { checkKeys, checkName, checkRange, duration, shown } from '../base/names.js'
import type { Document, JsonNode, Member } from './files/document.js'
import type { Manifest, RemoteDeclaration } from './types.js'

const FIELD = 'remoteDependencies'
/** As the first talks about it had it. */
const OLD_FIELD = 'RemoteDependency'

/** All that a declaration may say. */
const OPTIONS: readonly string[] = Object.keys({
  range: 0,
  optional: 0,
  lazy: 0,
  timeout: 0,
} satisfies Record<Exclude<keyof RemoteDeclaration, 'name'>, 0>)

/**
 * Reads `remoteDependencies` (name -> range, or { range, optional, lazy, timeout }) and `dservice.types` (name -> `./dist/api.d.ts#Api`).
 * Errors: DS_INVALID with file, line and column, for whatever is not as it should be.
 */
export function readManifest(document: Document): Manifest {
  const fields = document.members(document.root, 'the package.json')
  const { field, hints } = fieldOf(document, fields)
  const remotes = field
    ? document.members(field.value, field.name).map((of) => declaration(document, of))
    : []
  return {
    file: document.file,
    remotes: remotes.sort((a, b) => (a.name < b.name ? -1 : 1)),
    types: typesIn(document, fields),
    hints,
  }
}

/** The member that declares the remotes; the old spelling will do. */
function fieldOf(
  document: Document,
  fields: readonly Member[],
): { field: Member | undefined; hints: readonly string[] } {
  const named = (name: string): Member | undefined => fields.find((member) => member.name === name)
  const [field, old] = [named(FIELD), named(OLD_FIELD)]
  if (field && old) {
    throw document.error(old.key, {
      summary: `${OLD_FIELD} stands beside ${FIELD}, whose old spelling it is`,
      hint: `move what it declares to ${FIELD}`,
    })
  }
  if (field) return { field, hints: [] }
  if (old) return { field: old, hints: [document.error(old.key, OLD_SPELLING).message] }
  const near = fields.find(({ name }) => closestMatch(name, [FIELD, OLD_FIELD], { maxDistance: 3 }))
  return { field, hints: near ? [document.error(near.key, unread(near.name)).message] : [] }
}

const OLD_SPELLING = {
  summary: `${OLD_FIELD} is the old spelling`,
  hint: `write ${FIELD}`,
}

function unread(name: string): { summary: string; hint: string } {
  return { summary: `nothing reads ${shown(name)}`, hint: `did you mean ${FIELD}?` }
}

function declaration(document: Document, { name, key, value }: Member): RemoteDeclaration {
  const checked = placed(document, key, () => checkName(name))
  const options = value.type === 'string' ? new Map([['range', value]]) : optionsOf(document, { name, value })
  const read = <T>(option: string, check: (value: unknown) => T): T | undefined => {
    const at = options.get(option)
    return at && placed(document, at, () => check(document.valueOf(at)))
  }
  const flag = (option: string): boolean =>
    read(option, (given) => checkFlag(given, `${option} of ${name}`)) ?? false
  return {
    name: checked,
    range: read('range', checkRange) ?? '*',
    optional: flag('optional'),
    lazy: flag('lazy'),
    timeout: read('timeout', (given) => duration(given, 'timeout')) ?? null,
  }
}

function optionsOf(
  document: Document,
  { name, value }: Pick<Member, 'name' | 'value'>,
): ReadonlyMap<string, JsonNode> {
  if (value.type !== 'object') {
    throw document.error(value, {
      summary: `${name} is declared as ${value.type === 'array' ? 'a list' : shown(document.valueOf(value))}`,
      hint: 'give a range such as "^1.2.0", or { "range": "^1.2.0", "optional": true }',
    })
  }
  const options = document.members(value, name)
  for (const { name: option, key } of options) {
    placed(document, key, () => checkKeys({ [option]: 0 }, OPTIONS, name))
  }
  return new Map(options.map((option) => [option.name, option.value]))
}

function checkFlag(given: unknown, what: string): boolean {
  if (typeof given === 'boolean') return given
  throw invalid({ summary: `${what} is ${shown(given)}`, hint: 'give true or false' })
}

// --- types of our own services

/** A declaration file of the package, and the name of an interface in it. */
const ROOT_IN_FILE = /^\.\/([^#\\]+\.d\.[cm]?ts)#([A-Za-z_$][\w$]*)$/

function typesIn(document: Document, fields: readonly Member[]): Manifest['types'] {
  const own = fields.find(({ name }) => name === 'dservice')
  if (own?.value.type !== 'object') return new Map()
  const types = document.members(own.value, 'dservice').find(({ name }) => name === 'types')
  const members = types ? document.members(types.value, 'dservice.types') : []
  return new Map(
    members.map(({ name, key, value }) => [
      placed(document, key, () => checkName(name)),
      rootOf(document, { name, value }),
    ]),
  )
}

function rootOf(
  document: Document,
  { name, value }: Pick<Member, 'name' | 'value'>,
): { file: string; root: string } {
  const given = document.valueOf(value)
  const [, file, root] = (typeof given === 'string' && ROOT_IN_FILE.exec(given)) || []
  const isInside = file?.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (file && root && isInside) return { file: `./${file}`, root }
  throw document.error(value, {
    summary: `${shown(given)} names no types of ${name}`,
    hint: 'name a declaration file in this package and the interface in it: "./dist/api.d.ts#Api"',
  })
}

// --- errors with a place

/** What a check says, it says of this place. */
function placed<T>(document: Document, at: JsonNode, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (isDServiceError(error)) throw document.error(at, { summary: error.summary, hint: error.hint ?? '' })
    throw error
  }
}
