/** What those who read one kind of values see of the walk that they are part of. */
import type { DServiceError } from '../../base/errors.js'
import type { CustomTypes } from './custom.js'
import type { Root, Step } from './path.js'
import type { Incoming, ValueLimits } from './port.js'

/** From whom values came, and who takes what is not data. */
export interface DecodeFrom {
  /** LIMITS, mostly: what our hello says. */
  readonly limits: ValueLimits
  readonly root: Root
  /** null: functions, streams and signals are refused. */
  readonly incoming: Incoming | null
  readonly custom?: CustomTypes | null
}

/** In place of what is made of values that are not all there yet. */
export const UNMADE: unique symbol = Symbol('unmade')

/** A walk over the values of one message. `level` is that of the container in which a value was found, 0 for their list. */
export interface Reading {
  readonly from: DecodeFrom
  /** What the containers so far are, by number; UNMADE while it cannot be told. */
  readonly containers: unknown[]
  /** Where the walk is, for errors. */
  place(step: Step, level: number): void
  /** One value as it is meant; takes over what is given. */
  value(value: unknown, step: Step, level: number): unknown
  begin(level: number): number
  end(number: number, level: number): void
  /** A container that holds no values, of so many characters. */
  leafOf<T extends object>(value: T, characters: number): T
  count(values: number): void
  /** Characters that are no value by themselves. */
  say(characters: number): void
  /** A container comes again, in one of that level. */
  again(number: number, level: number): void
  /** An object whose keys are all taken as they are. */
  record(value: object, level: number): object
  /** The next bytes that a tag takes. */
  attachment(index: unknown): Uint8Array
  refuse(what: string, hint?: string, cause?: unknown): DServiceError
  exceed(what: string, hint: string): DServiceError
}
