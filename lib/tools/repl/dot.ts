/** The commands with a dot: those that every prompt and script has, and how a prompt runs and lists them. */
import { invalid } from '../../base/errors.js'
import { graphText } from '../cli/graph-text.js'
import { showMesh } from '../cli/ls.js'
import type { Talk } from '../cli/talk.js'
import { shown } from '../cli/values.js'
import type { ReplEngine } from './engine.js'
import type { NodeView } from '../../index.js'

/** A command with a dot: `.ls`. */
export interface DotCommand {
  readonly name: string
  readonly help: string
  /** The words that may follow it; without any, none may. */
  readonly takes?: readonly string[]
  /** `argument` is one of `takes`, or ''. */
  run(argument: string): Promise<void>
}

/** The commands that every prompt has. */
export function dotCommands(engine: ReplEngine, talk: Talk): DotCommand[] {
  return [
    {
      name: 'ls',
      help: 'look again, and list the services',
      run: async () => showMesh(await engine.refresh(), talk),
    },
    {
      name: 'graph',
      help: 'show who relies on whom',
      run: async () => talk.data(graphText((await engine.refresh()).graph, talk.style)),
    },
    {
      name: 'snapshot',
      help: 'show what this client knows: its peers, how calls of them go, its look-ups',
      run: async () => showNode(engine.mesh.snapshot(), talk),
    },
  ]
}

/** Deeper than a snapshot is. */
const DEPTH = 8

function showNode(view: NodeView, talk: Talk): void {
  if (talk.json) talk.document(view)
  else talk.data(shown(view, { depth: DEPTH, colors: talk.style.colors.isColorSupported }))
}

/** Runs a command with what was typed after it. Errors: DS_INVALID, and those of the command. */
export async function runDot(command: DotCommand, typed: string): Promise<void> {
  const { name, takes = [] } = command
  const argument = typed.trim()
  if (argument !== '' && !takes.includes(argument)) {
    throw invalid({
      summary: `.${name} does not take ${JSON.stringify(argument)}`,
      hint: takes.length > 0 ? `it takes ${takes.join(' or ')}` : `write .${name} alone`,
    })
  }
  await command.run(argument)
}

/** Makes a command known to a prompt. While it runs the input waits, so that lines typed ahead find it done. */
export function define(engine: ReplEngine, command: DotCommand, talk: Talk): void {
  const { server } = engine
  server.defineCommand(command.name, {
    help: command.help,
    action(typed) {
      server.clearBufferedCommand()
      const done = runDot(command, typed).catch((error: unknown) => void talk.fail(error))
      void engine.wait(done)
    },
  })
}

const HELP = `Each service is a live object under its own name; svc has them all, and mesh is the client itself.
  d1.transform("beep")            a call; its answer is awaited
  d1.users.find(7)                a nested method
  svc['my-svc'].x()               a name that is no identifier
  svc['d1@^1'].transform("beep")  only versions in range
  d1.transform?                   what the service says of a method, or d1? of all
  await mesh.inspect()            all that there is, as data
  mesh.snapshot()                 what this client knows of it right now
Tab completes services, methods and what they take. Ctrl-C leaves a call, Ctrl-D quits. _ is the last result, _error the last error.`

/** Puts help for services in the place of Node's own `.help`, which lists nothing but commands. */
export function defineHelp({ server }: ReplEngine, talk: Talk): void {
  server.defineCommand('help', {
    help: 'show this',
    action() {
      const commands = Object.entries(server.commands).sort(([a], [b]) => (a < b ? -1 : 1))
      const lines = commands.map(([name, command]) => `  .${name.padEnd(8)} ${command?.help ?? ''}`)
      talk.data([HELP, ...lines].join('\n'))
      server.displayPrompt()
    },
  })
}
