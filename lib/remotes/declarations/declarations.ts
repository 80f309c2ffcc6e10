/** What a service promises, as a module of types that needs no other; and the types of the handle that stands for it. */
import type { Contract, JsonSchema, MethodContract } from '../../mesh/contract.js'
import { checkTypes } from './foreign-types.js'
import { commentLines, quoted } from './schema-text.js'
import { SchemaTypes } from './schema-types.js'

/**
 * Where types come from: the service's own declarations, schemas of its methods, the methods' names, or nothing at all, where nobody has
 * said what it promises.
 */
export type TypesFrom = 'types' | 'schemas' | 'names' | 'nothing'

/** A declaration file that imports nothing, and the name under which it exports the api. */
export interface ApiModule {
  readonly root: string
  readonly text: string
  readonly from: TypesFrom
}

/** The name of an api that has none of its own. */
const ROOT = 'Api'

/** Methods by name; those of a nested object in one of their own. */
type Tree = Map<string, MethodContract | Tree>

/** The api of a contract; null: nothing is known of it. Errors: DS_INVALID for declarations of a service that say more than what its api is. */
export function apiModule(contract: Contract | null): ApiModule {
  if (contract === null) return { root: ROOT, text: `export type ${ROOT} = unknown\n`, from: 'nothing' }
  if (!contract.types) return generated(contract)
  checkTypes(contract.types)
  return { ...contract.types, from: 'types' }
}

/** As `apiModule`, from what the contract says of its methods alone. */
export function generated({ methods }: Contract): ApiModule {
  const types = new SchemaTypes()
  const api = `export interface ${ROOT} {\n${members(treeOf(methods), { types, path: '', level: 1 })}}\n`
  const hasSchemas = Object.values(methods).some(({ input, output }) => input ?? output !== undefined)
  return { root: ROOT, text: [api, ...types.hoisted()].join('\n'), from: hasSchemas ? 'schemas' : 'names' }
}

function treeOf(methods: Contract['methods']): Tree {
  const tree: Tree = new Map()
  for (const [path, method] of Object.entries(methods).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const names = path.split('.')
    const last = names.pop() ?? ''
    const at = names.reduce<Tree | null>((within, name) => {
      const found = within?.get(name) ?? new Map()
      within?.set(name, found)
      // nothing stands below a method: a contract that says so is not of an api that could be
      return found instanceof Map ? found : null
    }, tree)
    at?.set(last, method)
  }
  return tree
}

/** What is written, and where. */
interface Writing {
  readonly types: SchemaTypes
  /** Dotted, of the object that has them. */
  readonly path: string
  readonly level: number
}

function members(tree: Tree, { types, path, level }: Writing): string {
  const pad = '  '.repeat(level)
  return [...tree]
    .map(([name, member]) => {
      const at = { types, path: path === '' ? name : `${path}.${name}`, level }
      if (!(member instanceof Map)) return method(name, member, at)
      return `${pad}readonly ${quoted(name)}: {\n${members(member, { ...at, level: level + 1 })}${pad}}\n`
    })
    .join('')
}

function method(
  name: string,
  { description, idempotent, input, output }: MethodContract,
  at: Writing,
): string {
  const called = at.path
    .split('.')
    .map((word) => word.replaceAll(/\W/g, ''))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .replace(/^(?=\d|$)/, 'Method')
  const typeOf = (schema: Exclude<typeof output, undefined>, part: string): string =>
    at.types.typeOf(schema, `${called}${part}`, at.level)
  const args = input
    ? parameters(input.map((schema, i) => [schema, typeOf(schema, `Argument${i}`)]))
    : '...args: unknown[]'
  const result = output === undefined ? 'unknown' : typeOf(output, 'Result')
  const about = [description, idempotent && 'Idempotent: running it twice does no more than running it once.']
  const comment = commentLines(about.filter((text) => typeof text === 'string').join('\n\n'), at.level)
  return `${comment}${'  '.repeat(at.level)}${quoted(name)}(${args}): ${result}\n`
}

/** Those at the end may be left out where their schemas say so. */
function parameters(args: readonly (readonly [schema: JsonSchema, type: string])[]): string {
  const needed = args.findLastIndex(([schema]) => !isOptional(schema))
  return args.map(([, type], i) => `arg${i}${i > needed ? '?' : ''}: ${type}`).join(', ')
}

function isOptional(schema: JsonSchema): boolean {
  return typeof schema === 'object' && (schema['optional'] === true || Object.hasOwn(schema, 'default'))
}

/** The types of the module whose default export is the handle. `api` is the module with the api, `root` its name there. */
export function handleModule(api: string, root: string): string {
  const from = JSON.stringify(api)
  return [
    `import type { Remote } from 'dservice'`,
    `import type { ${root} as Contract } from ${from}`,
    `export type * from ${from}`,
    `/** What the service promises: its methods as it has them. */`,
    `export type Api = Contract`,
    `/** A handle of the service, as \`dnodeFor\` gives it: every method answers with a promise. */`,
    `declare const handle: Remote<Api>`,
    `export { handle as default, handle as 'module.exports' }`,
    '',
  ].join('\n')
}
