/** Calls at a steady rate, whatever becomes of those before: half of them may run twice. */
import type { Ledger } from './ledger.js'

type Run = (id: number) => Promise<unknown>

/** Milliseconds between two turns; in each as many calls as are due. */
const TURN = 10

/** Begins at once; `stop` resolves when every call has ended, or `patience` ms have passed. */
export function drive(
  ledger: Ledger,
  { once, often, rate = 200, patience = 10_000 }: { once: Run; often: Run; rate?: number; patience?: number },
): { stop(): Promise<void> } {
  const pending = new Set<Promise<void>>()
  const begun = performance.now()
  let made = 0
  const turn = (): void => {
    // what a busy machine made us miss is made up for
    for (const due = ((performance.now() - begun) / 1000) * rate; made < due; made++) {
      const mayRepeat = made % 2 === 1
      const call = ledger.make(mayRepeat, mayRepeat ? often : once)
      pending.add(call)
      void call.then(() => pending.delete(call))
    }
  }
  const timer = setInterval(turn, TURN)
  return {
    async stop() {
      clearInterval(timer)
      const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref())
      await Promise.race([Promise.all(pending), late])
    },
  }
}
