/** The prompt: services as live objects, their methods completed, their errors told as the commands tell them. */
import type { ReplOptions } from 'node:repl'
import { splitAt } from '../../base/names.js'
import type { DService, MeshView } from '../../index.js'
import type { Input } from '../cli/input.js'
import { packageVersion } from '../cli/package-version.js'
import type { Talk } from '../cli/talk.js'
import { count, plain } from '../cli/text.js'
import { shown } from '../cli/values.js'
import { argumentAt, completeArgument, type ArgumentPlace } from './arguments.js'
import { complete, type Completion } from './complete.js'
import { define, defineHelp, dotCommands, type DotCommand } from './dot.js'
import { ReplEngine } from './engine.js'
import { historyFile, keepHistory } from './history.js'
import { LiveServices } from './live.js'

/** What a prompt is given beside the mesh. */
export interface Prompt extends Input {
  /** Commands of the caller's own. */
  readonly commands?: readonly DotCommand[]
  /** Shown once, under the greeting. */
  readonly hint?: string
}

/** Opens a prompt on a mesh; resolves with the exit code when it is left. The mesh stays the caller's. */
export async function explore(mesh: DService, prompt: Prompt): Promise<number> {
  const { talk, host, settings } = prompt
  const live = new LiveServices(mesh, handleOptions(settings.timeout))
  const first = await live.refresh()
  talk.data(greeting(first, talk))
  if (prompt.hint !== undefined) talk.data(talk.style.colors.dim(prompt.hint))
  const told = teller(talk)
  const engine = new ReplEngine(mesh, live, {
    ...terminalOptions(prompt),
    told,
    say: (text) => talk.data(text),
  })
  const { server } = engine
  const left = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  completeServices(engine, live)
  const commands = [...dotCommands(engine, talk), ...(prompt.commands ?? [])]
  for (const command of commands) define(engine, command, talk)
  defineHelp(engine, talk)
  process.on('unhandledRejection', told)
  // a line that was typed ahead would be lost to a history that is not loaded yet
  await engine.wait(
    keepHistory(server, historyFile(host.env)).then((unkept) => {
      if (unkept !== null) talk.warn(`no history: ${unkept}`)
      server.setPrompt('dsv> ')
    }),
  )
  await left
  process.off('unhandledRejection', told)
  engine.close()
  return 0
}

function terminalOptions({ host, talk }: Prompt): ReplOptions {
  const colors = talk.style.colors.isColorSupported
  return {
    // the prompt comes when the history is loaded: a line that is entered before would be lost to it
    prompt: '',
    input: host.stdin,
    output: process.stdout,
    terminal: true,
    useColors: colors,
    breakEvalOnSigint: true,
    writer: (value: unknown) => shown(value, { depth: 4, colors }),
  }
}

/** Options of the calls at a prompt. */
export function handleOptions(timeout: string | undefined): { timeout?: string } {
  return timeout === undefined ? {} : { timeout }
}

function greeting(view: MeshView, { style }: Talk): string {
  const services = new Set(view.instances.map(({ name }) => name)).size
  const parts = [`dservice ${packageVersion()}`, `mesh "${view.mesh}"`, count(services, 'service')]
  return [...parts, '.help', 'Tab completes', 'Ctrl-C leaves a call'].join(` ${style.marks.dot} `)
}

/** Tells every error: of a call as the commands tell it, of the code that was typed without the frames of the prompt. */
function teller(talk: Talk): (error: unknown) => boolean {
  return (error) => {
    if (isOfCall(error)) talk.fail(error, 'call')
    else talk.raw(localText(error))
    return true
  }
}

function isOfCall(error: unknown): boolean {
  const { code, ran } = (error ?? {}) as { code?: unknown; ran?: unknown }
  return typeof ran === 'string' || (typeof code === 'string' && code.startsWith('DS_'))
}

/** Frames of Node and of the prompt itself say nothing of what was typed. */
const OWN_FRAME = /\((?:node:|<anonymous>)|at node:|[\\/]tools[\\/]repl[\\/]/

function localText(error: unknown): string {
  if (!(error instanceof Error)) return `Uncaught ${shown(error, { depth: 4, colors: false })}`
  if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return 'interrupted'
  const lines = (error.stack ?? String(error)).split('\n')
  const told = lines.filter((line) => !/^\s+at /.test(line) || !OWN_FRAME.test(line))
  return plain(`Uncaught ${told.join('\n')}`)
}

/** Node leaves proxies alone when it completes; ours know their methods. */
function completeServices({ server }: ReplEngine, live: LiveServices): void {
  const fallback = server.completer.bind(server) as (
    line: string,
    done: (error: Error | null, found?: [string[], string]) => void,
  ) => void
  const services = {
    get names() {
      return live.names
    },
    methods: (name: string) => live.known(name).methods,
  }
  const nothing: Completion = [[], '']
  const inArgument = (place: ArgumentPlace): Promise<Completion> =>
    // what a service does not say now, it may say at the next Tab
    live.contracts(place.spec).then(
      (found) => completeArgument(place, found),
      () => nothing,
    )
  Object.assign(server, {
    completer: (line: string, done: (error: Error | null, found?: [string[], string]) => void) => {
      const found = complete(line, services)
      const place = found ? null : argumentAt(line)
      if (found) done(null, found)
      else if (place && live.names.includes(splitAt(place.spec).name))
        void inArgument(place).then((names) => done(null, names))
      else fallback(line, done)
    },
  })
}
