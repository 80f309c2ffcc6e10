/** The JSON Schema of a Standard Schema, as the schema itself tells it: https://standardschema.dev/json-schema */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { reasonOf } from '../../base/errors.js'
import { isThenable } from '../../dnode/answers.js'
import { excessOf, type Shape } from '../../wire/nesting.js'
import type { JsonSchema } from '../contract.js'

/** Of one schema: a contract has many. */
const SHAPE: Shape = { levels: 32, values: 10_000 }

/** Anything fits: the schema tells nothing of itself, and checks all the same. */
const ANYTHING: JsonSchema = Object.freeze({})

/** Of what a schema throws, and of what is no plain JSON: anything is told in its place. */
type Tell = (reason: string) => void

/** `input`: what it takes, with `optional: true` where it may be left out; `output`: what it gives back. */
export function jsonSchemaOf(schema: StandardSchemaV1, side: 'input' | 'output', tell: Tell): JsonSchema {
  const told = toldBy(schema, side, tell)
  return side === 'input' && isOptional(schema) ? asOptional(told) : told
}

function toldBy(schema: StandardSchemaV1, side: 'input' | 'output', tell: Tell): JsonSchema {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>
  if (!jsonSchema) return ANYTHING
  try {
    // as it will travel: what is no JSON is gone, and nobody else holds it
    const text = JSON.stringify(jsonSchema[side]({ target: 'draft-2020-12' }))
    const excess = excessOf(text, SHAPE)
    if (excess) throw new RangeError(`it has more than ${SHAPE[excess]} ${excess}`)
    return plain(JSON.parse(text))
  } catch (error) {
    tell(reasonOf(error))
    return ANYTHING
  }
}

/** JSON Schema has no word for an argument that may be left out. */
function asOptional(told: JsonSchema): JsonSchema {
  if (told === false) return told
  return { ...(told === true ? {} : told), optional: true }
}

/** Whether it takes nothing for a value. One that has to wait to know, or that throws, is taken not to. */
function isOptional(schema: StandardSchemaV1): boolean {
  try {
    const result = schema['~standard'].validate(undefined)
    if (!isThenable(result)) return !(result as StandardSchemaV1.Result<unknown>).issues
    // what becomes of it nobody asked for
    const done = (): boolean => false
    void Promise.resolve(result).then(done, done)
    return false
  } catch {
    // a check of its own that counts on a value
    return false
  }
}

/** Which draft it is of, contracts say once for all. */
function plain(value: unknown): JsonSchema {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('it is no object')
  }
  const { $schema: _draft, ...rest } = value as Record<string, unknown>
  return rest
}
