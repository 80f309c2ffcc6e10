/** What travelled -> values: checks and bounds what a peer sent, then puts functions and links back in place. */
import { limit, protocol } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import type { Path, Scrubbed } from './messages.js'
import type { Importer } from './refs/imports.js'
import { isForbiddenKey } from './scrub.js'

type Container = Record<string | number, unknown>

/**
 * The values of a message. Takes over `values.arguments`: functions and links are set in it.
 * Errors: DS_PROTOCOL and DS_LIMIT; ours to catch, nothing of the message is to be used then.
 */
export function unscrub(values: Scrubbed, imports: Importer): unknown[] {
  const args = values.arguments as unknown[]
  checkTree(args)
  for (const id in values.callbacks) {
    const path = values.callbacks[id] as Path
    const { parent, key } = place(args, path)
    if (key !== 'then') parent[key] = imports.take(Number(id)).run
  }
  if (values.links.length > 0) {
    for (const { from, to } of values.links) link(args, from, to)
    countExpanded(args)
  }
  return args
}

/** Checks depth, number and keys of JSON values. Errors: DS_PROTOCOL, DS_LIMIT. */
export function checkTree(value: object): void {
  walk(value, 0, { left: LIMITS.nodes })
}

function walk(value: object, depth: number, nodes: { left: number }): void {
  if (depth > LIMITS.depth) throw tooDeep()
  if (Array.isArray(value)) {
    nodes.left -= value.length
    if (nodes.left < 0) throw tooMany()
    for (const item of value as unknown[]) {
      if (typeof item === 'object' && item !== null) walk(item, depth + 1, nodes)
    }
    return
  }
  for (const key in value) {
    if (--nodes.left < 0) throw tooMany()
    if (isForbiddenKey(key)) throw forbiddenKey(key)
    const item = (value as Container)[key]
    if (typeof item === 'object' && item !== null) walk(item, depth + 1, nodes)
  }
}

function link(args: unknown[], from: Path, to: Path): void {
  const { parent, key } = place(args, to)
  const value = from.length === 0 ? args : get(args, from)
  if (key === 'then' && typeof value === 'function') return
  parent[key] = value
}

/** Where a path ends: the container, which must be there, and the key in it. */
function place(args: unknown[], path: Path): { parent: Container; key: string | number } {
  if (path.length === 0) throw protocol({ summary: 'an empty path was received where a value is to be set' })
  const parent = path.length === 1 ? args : get(args, path.slice(0, -1))
  const key = path.at(-1) as string | number
  if (typeof parent !== 'object' || parent === null) throw noSuchPlace(path)
  if (Array.isArray(parent)) {
    const index = Number(key)
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw noSuchPlace(path)
    return { parent: parent as unknown as Container, key: index }
  }
  return { parent: parent as Container, key }
}

function get(args: unknown[], path: Path): unknown {
  let value: unknown = args
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) throw noSuchPlace(path)
    value = (value as Container)[key]
  }
  return value
}

/**
 * Links make a few bytes stand for a large tree. Counts the values and their text as a walk over them meets them, repeats each
 * time and cycles cut at the repeated ancestor, and gives up at the limits.
 */
function countExpanded(args: unknown[]): void {
  const ancestors: object[] = []
  let left = LIMITS.nodes
  let text = LIMITS.row
  const visit = (value: object): void => {
    if (ancestors.includes(value)) return
    if (ancestors.length > LIMITS.depth) throw tooDeep()
    ancestors.push(value)
    const isList = Array.isArray(value)
    for (const key of Object.keys(value)) {
      const item = (value as Container)[key]
      if (--left < 0) throw tooMany()
      if (!isList) text -= key.length
      if (typeof item === 'string') text -= item.length
      else if (typeof item === 'object' && item !== null) visit(item)
      if (text < 0) throw tooLong()
    }
    ancestors.pop()
  }
  visit(args)
}

function tooDeep(): Error {
  return limit({
    summary: `a message was received with values nested deeper than ${LIMITS.depth}`,
    hint: 'send flatter values',
  })
}

function tooMany(): Error {
  return limit({
    summary: `a message was received with more than ${LIMITS.nodes} values`,
    hint: 'send less at a time',
  })
}

function tooLong(): Error {
  return limit({
    summary: `a message was received whose links repeat more than ${LIMITS.row} characters`,
    hint: 'send less at a time',
  })
}

function forbiddenKey(key: string): Error {
  return protocol({
    summary: `a value was received with the reserved key ${key}`,
    hint: 'choose another key',
  })
}

function noSuchPlace(path: Path): Error {
  const shown = path.map((key) => (typeof key === 'string' ? key.slice(0, 20) : key))
  return protocol({ summary: `a path was received that leads nowhere: ${JSON.stringify(shown)}` })
}
