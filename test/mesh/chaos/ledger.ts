/** Calls under way while things break: what became of each, beside what those who ran them have written. */
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DServiceError } from 'dservice'

/** How one call ended. */
export interface Entry {
  readonly id: number
  readonly mayRepeat: boolean
  took: number
  end: 'pending' | 'ok' | Pick<DServiceError, 'code' | 'ran'>
}

/** What a run has shown. */
export interface Verdict {
  readonly calls: number
  readonly answered: number
  /** By code and `ran`. */
  readonly failed: Record<string, number>
  /** Without an end. */
  readonly hung: number
  /** Ran more than once, and must not. */
  readonly doubled: number
  /** Failed with `ran: 'no'`, and ran. */
  readonly lied: number
  /** Answered, and never ran. */
  readonly invented: number
  /** The longest a call took, milliseconds. */
  readonly longest: number
}

/** Owned by one test. */
export class Ledger implements Disposable {
  readonly #folder: string = mkdtempSync(path.join(tmpdir(), 'dservice-ledger-'))
  readonly #entries: Entry[] = []
  /** Called at each answer. */
  readonly #answered: () => void
  #files = 0

  constructor(answered: () => void = () => undefined) {
    this.#answered = answered
  }

  /** A file for one process. */
  file(): string {
    const file = path.join(this.#folder, String(++this.#files))
    appendFileSync(file, '')
    return file
  }

  /** Makes a call; `call` gets its id. */
  make(mayRepeat: boolean, call: (id: number) => Promise<unknown>): Promise<void> {
    const begun = performance.now()
    const entry: Entry = { id: this.#entries.length, mayRepeat, took: 0, end: 'pending' }
    this.#entries.push(entry)
    const settle = (end: Entry['end']): void => {
      entry.end = end
      entry.took = performance.now() - begun
    }
    return call(entry.id).then(
      () => (settle('ok'), this.#answered()),
      (error: unknown) => settle(error as DServiceError),
    )
  }

  /** Of its own calls, or of those that another process has made. */
  verdict(entries: readonly Entry[] = this.#entries): Verdict {
    const ran = this.#ran()
    const count = (is: (entry: Entry, times: number) => boolean): number =>
      entries.filter((entry) => is(entry, ran.get(entry.id) ?? 0)).length
    const hasFailed = ({ end }: Entry, as: string): boolean => typeof end !== 'string' && end.ran === as
    return {
      calls: entries.length,
      answered: count(({ end }) => end === 'ok'),
      failed: failuresOf(entries),
      hung: count(({ end }) => end === 'pending'),
      doubled: count(({ mayRepeat }, times) => times > 1 && !mayRepeat),
      lied: count((entry, times) => hasFailed(entry, 'no') && times > 0),
      invented: count(({ end }, times) => end === 'ok' && times === 0),
      longest: Math.round(Math.max(0, ...entries.map(({ took }) => took))),
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }

  /** How often each call ran, as those say who ran it. */
  #ran(): Map<number, number> {
    const ran = new Map<number, number>()
    for (const file of readdirSync(this.#folder)) {
      for (const line of readFileSync(path.join(this.#folder, file), 'utf8').split('\n')) {
        if (line !== '') ran.set(Number(line), (ran.get(Number(line)) ?? 0) + 1)
      }
    }
    return ran
  }
}

function failuresOf(entries: readonly Entry[]): Record<string, number> {
  const failed: Record<string, number> = {}
  for (const { end } of entries) {
    if (typeof end === 'string') continue
    const what = `${end.code} ${end.ran}`
    failed[what] = (failed[what] ?? 0) + 1
  }
  return failed
}
