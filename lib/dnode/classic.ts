/** The classic codec: messages <-> rows as npm's dnode writes them. */
import { isId, isObject, readMethod, readValues, unexpected, type Fields } from './check.js'
import { readHello, writeHello } from './hello.js'
import type { ClassicMessage, DialectMessage, Scrubbed } from './messages.js'

/** A row's JSON text without its newline; '' where classic rows have no way to say it. */
export function writeClassic(message: ClassicMessage | DialectMessage): string {
  switch (message.type) {
    case 'methods':
      return JSON.stringify(
        message.hello
          ? { ...row('methods', message.api), dservice: writeHello(message.hello) }
          : row('methods', message.api),
      )
    case 'call':
      return JSON.stringify(row(message.method, message.values as Scrubbed))
    case 'cull':
      return JSON.stringify({ method: 'cull', arguments: message.ids })
    default:
      return ''
  }
}

function row(method: string | number, { arguments: args, callbacks, links }: Scrubbed): Fields {
  return { method, arguments: args, callbacks, links }
}

/** Checks a row that is an object. Errors: DS_PROTOCOL, DS_LIMIT. */
export function readClassic(value: unknown): ClassicMessage {
  if (!isObject(value)) throw unexpected('a row to be an object', value)
  const method = readMethod(value['method'])
  const values = readValues(value)
  if (method === 'methods') return readMethods(value, values)
  if (method === 'cull') return { type: 'cull', ids: readCull(values.arguments) }
  return { type: 'call', method, id: null, values }
}

function readMethods(fields: Fields, api: Scrubbed): ClassicMessage {
  if (api.arguments.length > 0 && !isObject(api.arguments[0])) {
    throw unexpected('the api in a "methods" row to be an object', api.arguments[0])
  }
  return { type: 'methods', api, hello: readHello(fields['dservice']) }
}

/** The references that a peer has forgotten. */
export function readCull(args: readonly unknown[]): number[] {
  if (!args.every(isId)) throw unexpected('the arguments of "cull" to be reference numbers', args)
  return args as number[]
}
