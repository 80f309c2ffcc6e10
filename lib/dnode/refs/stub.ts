/** A function of the peer in a program's hand, and what is known of it. */
import type { Clock, Collectable } from '../../base/clock.js'
import type { Reply } from './reply.js'

/** A function of a dialect peer. Calling it never throws; disposing of it tells the peer that we have forgotten it. */
export interface Stub extends Disposable {
  (...args: unknown[]): Reply
}

/** Who holds the references of one session. */
export interface RefOwner {
  readonly clock: Pick<Clock, 'whenCollected'>
  call(ref: Ref, args: unknown[]): Reply
  /** The program disposed of it. */
  dispose(ref: Ref): void
  /** Nobody holds its function any more. */
  collected(ref: Ref): void
}

/** What is known of one function of the peer. Small, and it holds its function weakly: there may be many. */
export class Ref implements Collectable {
  readonly owner: RefOwner
  readonly id: number
  /** How often it came since we have this function of it; 0: released. */
  count = 1
  /** How often it was called. */
  calls = 0
  /** It came in last place of a one-way call: what its method does not tell it, is told to it. */
  isLast = false
  #stub: WeakRef<Stub> | null = null

  constructor(owner: RefOwner, id: number) {
    this.owner = owner
    this.id = id
  }

  /** Its function, while somebody holds it. */
  get stub(): Stub | undefined {
    return this.#stub?.deref()
  }

  /** Makes its function, once. */
  make(): Stub {
    const stub = stubOf(this)
    this.#stub = new WeakRef(stub)
    this.owner.clock.whenCollected(stub, this)
    return stub
  }

  collected(): void {
    this.owner.collected(this)
  }
}

/** What the stub is to, released or not; undefined of any other function. */
export function refOf(run: object): Ref | undefined {
  return Mark.refOf(run)
}

/** What all stubs have beside what functions have. */
const STUB = Object.create(Function.prototype, {
  [Symbol.dispose]: {
    value(this: object): void {
      const ref = refOf(this)
      ref?.owner.dispose(ref)
    },
  },
}) as object

/** A constructor that answers with what it got, so that a class below can give it a private field. */
class Itself {
  constructor(it: object) {
    return it
  }
}

/** What stands on a stub in a place that nobody else reads or writes: a WeakMap would cost the collector more. */
class Mark extends Itself {
  readonly #ref: Ref

  constructor(stub: Stub, ref: Ref) {
    super(stub)
    this.#ref = ref
  }

  static refOf(it: object): Ref | undefined {
    return #ref in it ? it.#ref : undefined
  }
}

function stubOf(ref: Ref): Stub {
  const stub = Object.setPrototypeOf((...args: unknown[]) => ref.owner.call(ref, args), STUB) as Stub
  return new Mark(stub, ref) as unknown as Stub
}
