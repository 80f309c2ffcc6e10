/** What those who write one kind of values see of the walk that they are part of. */
import type { DServiceError } from '../../base/errors.js'
import type { BytesTag } from './carried.js'
import type { CustomTypes } from './custom.js'
import type { Root, Step } from './path.js'
import type { Outgoing, ValueLimits } from './port.js'
import type { Tag } from './tags.js'

/** For whom values are encoded. */
export interface EncodeTo {
  /** What the peer accepts. */
  readonly limits: ValueLimits
  readonly root: Root
  /** null: functions, streams and signals are refused, and errors leave past no hook. */
  readonly outgoing: Outgoing | null
  readonly custom?: CustomTypes | null
  /** Names of the custom types that the peer has too; left out: all. */
  readonly known?: ReadonlySet<string> | null
}

/** A walk over the values of one message. `level` is that of the container in which a value was found, 0 for their list. */
export interface Writing {
  readonly to: EncodeTo
  /** About how long the JSON is. */
  size: number
  attachments: Uint8Array[] | null
  /** The tag of each of them. */
  tags: BytesTag[] | null
  /** Bytes of the attachments. */
  attached: number
  /** Custom values and aborted signals that are being written: they are made of what is in them, which cannot lead back to them. */
  readonly open: number[]
  /** The way to the current value, a step a level. */
  readonly steps: Step[]
  /** Where the walk is, for errors. */
  place(step: Step, level: number): void
  /** One value as it travels. */
  value(value: unknown, step: Step, level: number): unknown
  /** A container begins that is `object` and was none so far, at a level of its own; answers its number. */
  enter(object: object, level: number): number
  end(number: number, level: number): void
  /** One that holds no values begins and ends. */
  leafOf(object: object): void
  /** So many values are in the container at the current place. */
  count(values: number): void
  /** An array, or own enumerable data; `object`: what it stands for, mostly itself; `level`: its own. */
  array(source: readonly unknown[], object: object, level: number): unknown
  record(source: object, object: object, level: number): unknown
  /** What somebody else has to number. */
  hand<T>(what: string, give: (outgoing: Outgoing) => T): T
  tag(kind: string, data: unknown, more?: unknown): Tag
  refuse(what: string, hint: string): DServiceError
  exceed(what: string, hint: string): DServiceError
}
