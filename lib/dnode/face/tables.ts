/** The tables of functions as old programs look at them: lists with holes, by reference number. */

/** One side's functions: read, counted and deleted through a list of npm's kind. */
export interface Table {
  ids(): Iterable<number>
  get(id: number): unknown
  remove(id: number): void
}

/** `local`: functions that the peer may call. `remote`: what stands for functions of the peer, as `wrap` made it. */
export interface Callbacks {
  readonly local: unknown[]
  readonly remote: unknown[]
}

/**
 * A list that shows a table as it is now: `delete list[id]` forgets a function, and nothing else changes it. Its length
 * is one more than the highest number.
 */
export function listOf(table: Table): unknown[] {
  const has = (id: number | null): id is number => id !== null && table.get(id) !== undefined
  return new Proxy<unknown[]>([], {
    get(target, key) {
      if (key === 'length') return lengthOf(table)
      const id = idOf(key)
      return id === null ? (Reflect.get(target, key) as unknown) : table.get(id)
    },
    has: (target, key) => has(idOf(key)) || Reflect.has(target, key),
    set: () => false,
    deleteProperty(_target, key) {
      const id = idOf(key)
      if (id !== null) table.remove(id)
      return id !== null
    },
    ownKeys: () => [...[...table.ids()].map(String), 'length'],
    getOwnPropertyDescriptor(_target, key) {
      if (key === 'length') return { value: lengthOf(table), writable: true }
      const id = idOf(key)
      return has(id)
        ? { value: table.get(id), writable: true, enumerable: true, configurable: true }
        : undefined
    },
  })
}

function lengthOf(table: Table): number {
  let length = 0
  for (const id of table.ids()) length = Math.max(length, id + 1)
  return length
}

function idOf(key: string | symbol): number | null {
  return typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : null
}
