/** A connection's reader that remembers, and lets a test wait for what it expects instead of sleeping. */
import { prefixOf } from '../../lib/wire/attachments.js'
import type { Connection } from '../../lib/wire/connection.js'

/** Opens a connection and keeps its rows. */
export class Reader {
  readonly connection: Connection
  readonly rows: unknown[] = []
  /** Those of each row. */
  readonly attachments: (readonly Uint8Array[])[] = []
  drains = 0
  readonly #waiting = new Set<() => void>()

  /** `onRow`: what to do at each row, as a session would. */
  constructor(connection: Connection, onRow: (row: unknown) => void = () => undefined) {
    this.connection = connection
    connection.open({
      row: (row, attachments) => {
        this.rows.push(row)
        this.attachments.push(attachments)
        onRow(row)
        this.#wake()
      },
      drain: () => {
        this.drains++
        this.#wake()
      },
    })
  }

  /** Resolves when there are `count` rows; rejects when the connection ends before. */
  async until(count: number): Promise<unknown[]> {
    await this.when(() => this.rows.length >= count)
    return this.rows
  }

  /** Resolves at the first row or drain after which `holds`; rejects when the connection ends before. */
  async when(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const end = await Promise.race([
        new Promise<'more'>((resolve) => this.#waiting.add(() => resolve('more'))),
        this.connection.closed,
      ])
      if (end !== 'more' && !holds()) throw new Error(`the connection ended with ${String(end)}`)
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

/** Each value as a row. */
export function rowsOf(...values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** A value as a row with attachments, as pieces of one write. */
export function attachedOf(value: unknown, ...attachments: Uint8Array[]): (string | Uint8Array)[] {
  return [`${prefixOf(attachments)}${JSON.stringify(value)}\n`, ...attachments]
}

/** Resolves at the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
