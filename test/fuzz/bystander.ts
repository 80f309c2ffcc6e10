/** Two well-behaved peers in the same process: whatever happens beside them, they get on at once. */
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { helloOf } from '../../lib/dnode/hello.js'
import { Session } from '../../lib/dnode/session.js'
import { memoryPair } from '../../lib/wire/memory.js'
import type { Turns } from './measure.js'

/** Turns of the event loop for a call there and back. */
const AT_ONCE = 40

/** Lives as long as the process. */
export class Bystander {
  readonly #caller: Session
  #calls = 0

  constructor() {
    const clock = new VirtualClock()
    const [a, b] = memoryPair({ clock })
    const hello = (): ReturnType<typeof helloOf> => helloOf(null)
    this.#caller = new Session(a, { clock, api: {}, hello })
    void new Session(b, { clock, api: { echo: (x: unknown) => x }, hello })
  }

  async begin(): Promise<void> {
    await this.#caller.ready
  }

  /** Calls once; null: it was answered as it should be. */
  async problem(turns: Turns): Promise<string | null> {
    const sent = this.#calls++
    let got: unknown
    void this.#caller.call('echo', [sent], { timeout: 10_000 }).then((outcome) => (got = outcome))
    if (!(await turns.until(() => got !== undefined, AT_ONCE)))
      return `a bystander had no answer in ${AT_ONCE} turns`
    const { ok, value } = got as { ok: boolean; value?: unknown }
    return ok && value === sent ? null : `a bystander got ${JSON.stringify(got)}`
  }
}
