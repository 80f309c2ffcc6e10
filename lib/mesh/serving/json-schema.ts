/** The JSON Schema of a Standard Schema, as the schema itself tells it: https://standardschema.dev/json-schema */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { reasonOf } from '../../base/errors.js'
import { excessOf, type Shape } from '../../wire/nesting.js'
import type { JsonSchema } from '../contract.js'

/** Of one schema: a contract has many. */
const SHAPE: Shape = { levels: 32, values: 10_000 }

/** Anything fits: the schema tells nothing of itself, and checks all the same. */
const ANYTHING: JsonSchema = Object.freeze({})

/** `input`: what it takes; `output`: what it gives back. What it throws, or what is no plain JSON, is told to `tell`, and is anything. */
export function jsonSchemaOf(
  schema: StandardSchemaV1,
  side: 'input' | 'output',
  tell: (reason: string) => void,
): JsonSchema {
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

/** Which draft it is of, contracts say once for all. */
function plain(value: unknown): JsonSchema {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('it is no object')
  }
  const { $schema: _draft, ...rest } = value as Record<string, unknown>
  return rest
}
