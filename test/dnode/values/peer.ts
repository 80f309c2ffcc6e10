/** Both ends of a message's way, and who numbers what is not data: whatever was numbered arrives as the very thing. */
import { protocol, refGone, unsendable } from '../../../lib/base/errors.js'
import { LIMITS } from '../../../lib/base/options.js'
import { Attached, type Payload } from '../../../lib/dnode/values/carried.js'
import { decode } from '../../../lib/dnode/values/decode.js'
import { encode } from '../../../lib/dnode/values/encode.js'
import type { AnyFunction, Incoming, Outgoing } from '../../../lib/dnode/values/port.js'
import type { DecodeFrom } from '../../../lib/dnode/values/reading.js'
import type { EncodeTo } from '../../../lib/dnode/values/writing.js'
import { writeWireError } from '../../../lib/dnode/wire-error.js'

export interface Tables {
  readonly outgoing: Outgoing
  readonly incoming: Incoming
  /** What was sent, by number. */
  readonly sent: object[]
  /** Functions that the receiver sent before, by number. */
  readonly own: AnyFunction[]
  /** What was begun and undone, and which forms streams had. */
  readonly log: string[]
}

export function tables(): Tables {
  const [sent, own, log]: [object[], AnyFunction[], string[]] = [[], [], []]
  let begun = 0
  const give = (thing: object): number => (sent.includes(thing) ? sent.indexOf(thing) : sent.push(thing) - 1)
  const get = (id: number): object => {
    const thing = sent[id]
    if (!thing) throw protocol({ summary: `${id} was never sent` })
    return thing
  }
  const outgoing: Outgoing = {
    begin: () => void (log.push('begin'), (begun = sent.length)),
    undo: () => void (log.push('undo'), (sent.length = begun)),
    function: (run) => (own.includes(run) ? ['yours', own.indexOf(run)] : ['function', give(run)]),
    stream: (source, form) => {
      if (sent.includes(source)) throw unsendable({ summary: 'the stream was sent before' })
      log.push(form)
      return give(source)
    },
    signal: give,
    error: (error) => writeWireError(error, 'yes'),
  }
  const incoming: Incoming = {
    function: (id) => get(id) as AnyFunction,
    yours: (id) => {
      const run = own[id]
      if (!run) throw refGone({ summary: `${id} is forgotten` })
      return run
    },
    stream: get,
    signal: (id) => get(id) as AbortSignal,
  }
  return { outgoing, incoming, sent, own, log }
}

export function to(more: Partial<EncodeTo> = {}): EncodeTo {
  return { limits: LIMITS, root: 'arguments', outgoing: null, ...more }
}

export function from(more: Partial<DecodeFrom> = {}): DecodeFrom {
  return { limits: LIMITS, root: 'arguments', incoming: null, ...more }
}

/** The bytes of a message on its way: text, and memory of its own for each attachment. */
export function onTheWire({ values, attachments }: Payload): [unknown[], Attached] {
  const received = new Attached(attachments.map((bytes) => new Uint8Array(bytes)))
  return [JSON.parse(JSON.stringify(values)) as unknown[], received]
}

/** There and back. */
export function travel(
  values: readonly unknown[],
  more: Partial<EncodeTo & DecodeFrom> & { tables?: Tables } = {},
): unknown[] {
  const { tables: both = tables(), ...others } = more
  const payload = encode(values, to({ outgoing: both.outgoing, ...others }))
  return decode(...onTheWire(payload), from({ incoming: both.incoming, ...others }))
}

/** What JSON text says, decoded. */
export function read(
  text: string,
  attachments: Uint8Array[] = [],
  more: Partial<DecodeFrom> = {},
): unknown[] {
  return decode(
    JSON.parse(text) as unknown[],
    new Attached(attachments),
    from({ incoming: tables().incoming, ...more }),
  )
}
