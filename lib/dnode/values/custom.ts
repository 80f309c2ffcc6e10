/** Classes of the user's that travel by value, each under a name that both peers know. */
import { invalid } from '../../base/errors.js'
import type { CustomType } from './port.js'

const NAME = /^[A-Za-z0-9._-]{1,64}$/

/** A checked list of custom types. */
export class CustomTypes {
  readonly #byName = new Map<string, CustomType>()
  readonly #list: readonly CustomType[]

  /** Errors: DS_INVALID for a name that is none or not the only one, and for what is missing. */
  constructor(types: readonly CustomType[]) {
    for (const type of types) this.#add(type)
    this.#list = [...this.#byName.values()]
  }

  /** As the hello says them. */
  get names(): readonly string[] {
    return this.#list.map(({ name }) => name)
  }

  get(name: string): CustomType | undefined {
    return this.#byName.get(name)
  }

  /** The first type that takes this value. Throws what an `is` throws. */
  of(value: object): CustomType | undefined {
    for (const type of this.#list) if (type.is(value)) return type
    return undefined
  }

  #add(type: CustomType): void {
    const { name, is, write, read } = type
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw invalid({
        summary: `a custom type has the name ${JSON.stringify(name)}`,
        hint: 'use 1 to 64 characters of a-z, A-Z, 0-9, ".", "-" and "_"',
      })
    }
    if (this.#byName.has(name)) {
      throw invalid({ summary: `two custom types have the name ${name}`, hint: 'give each its own' })
    }
    for (const [key, run] of Object.entries({ is, write, read })) {
      if (typeof run === 'function') continue
      throw invalid({
        summary: `"${key}" of the custom type ${name} is no function`,
        hint: 'give is, write and read',
      })
    }
    this.#byName.set(name, type)
  }
}
