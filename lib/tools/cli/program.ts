/** The command line: reads it with commander, runs one command, answers the exit code. */
import { Command, CommanderError, Option } from 'commander'
import { cancelled, invalid } from '../../base/errors.js'
import { COMMANDS } from './commands.js'
import { EXIT } from './exit.js'
import { packageVersion } from './package-version.js'
import type { CommandSpec } from './spec.js'
import { Talk, type Host, type Settings } from './talk.js'

const USAGE = 2

/** Runs `dservice ...argv` and answers the exit code. Never rejects. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  let exit = 0
  const program = build(host, (code) => (exit = code))
  try {
    if (argv.length === 0) program.help({ error: true })
    await program.parseAsync([...argv], { from: 'user' })
    return exit
  } catch (error) {
    return refused(error, new Talk(host, earlySettings(argv)), argv)
  }
}

/** The program with all its commands; `done` is told the exit code of the one that ran. */
export function build(host: Host, done: (code: number) => void): Command {
  const program = new Command('dservice')
    .description('Services that find each other by name and version, and call each other.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--json', 'one JSON document on stdout, also for errors')
    .option('--mesh <name>', 'the mesh (DSERVICE_MESH)')
    .option('--engine <url>', 'how services are found: mdns:, static:d1=host:port,… (DSERVICE_ENGINE)')
    .addOption(new Option('--timeout <duration>', 'give up after: 2s, 500ms').argParser(checkTimeout))
    .option('--no-color', 'no colours (NO_COLOR)')
    .option('-q, --quiet', 'no talk on stderr')
    .option('-v, --verbose', 'say on stderr what the library does')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', () => rootHelp())
  program.exitOverride().configureOutput(outputTo(host))
  for (const spec of COMMANDS) program.addCommand(commandOf(spec, host, done))
  return program
}

function commandOf(spec: CommandSpec, host: Host, done: (code: number) => void): Command {
  const [name = '', ...rest] = spec.usage.split(' ')
  const command = new Command(name).summary(spec.summary).description(spec.summary)
  if (spec.alias !== undefined) command.alias(spec.alias)
  for (const argument of rest) command.argument(argument)
  for (const [flags, text] of spec.options ?? []) command.option(flags, text)
  command
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', exampleText(spec))
    .exitOverride()
    .configureOutput(outputTo(host))
  return command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals())
    const talk = new Talk(host, settings)
    const input = { args: command.args, options: command.opts(), settings, talk, host }
    done(await guarded(spec, () => spec.load().then(({ run }) => run(input)), talk))
  })
}

/** Runs a command; what it throws, and Ctrl-C where the command does not deal with it, becomes a told failure. */
async function guarded(spec: CommandSpec, run: () => Promise<number>, talk: Talk): Promise<number> {
  let interrupt: (() => void) | undefined
  const interrupted = new Promise<number>((resolve) => {
    interrupt = () => resolve(talk.fail(cancelled({ summary: 'interrupted', ran: 'maybe' })))
    if (!spec.ownSignals) process.once('SIGINT', interrupt)
  })
  try {
    return await Promise.race([run(), interrupted])
  } catch (error) {
    return talk.fail(error)
  } finally {
    if (interrupt) process.off('SIGINT', interrupt)
  }
}

function refused(error: unknown, talk: Talk, argv: readonly string[]): number {
  if (!(error instanceof CommanderError)) return talk.fail(error)
  // help and version that were asked for are no errors; commander has printed them
  if (error.exitCode === 0) return 0
  if (error.code === 'commander.help') return USAGE
  const [summary = '', ...hints] = error.message.replace(/^error: /, '').split('\n')
  const hint = hints.join(' ').replace(/^\(|\)$/g, '') || `see \`dservice ${commandIn(argv)}--help\``
  return talk.fail(invalid({ summary, hint }))
}

/** The command that a line names, with a space behind it; '' where it names none. */
function commandIn(argv: readonly string[]): string {
  const name = argv.find((word) => COMMANDS.some(({ usage }) => usage.split(' ')[0] === word))
  return name === undefined ? '' : `${name} `
}

function settingsOf(options: Record<string, unknown>): Settings {
  const text = (key: string): string | undefined =>
    typeof options[key] === 'string' ? options[key] : undefined
  return {
    json: options['json'] === true,
    quiet: options['quiet'] === true,
    verbose: options['verbose'] === true,
    color: options['color'] !== false,
    mesh: text('mesh'),
    engine: text('engine'),
    timeout: text('timeout'),
  }
}

/** What can be said before the line was read: an error of the line must come in the right format too. */
function earlySettings(argv: readonly string[]): Settings {
  const end = argv.indexOf('--')
  const flags = end < 0 ? argv : argv.slice(0, end)
  return settingsOf({ json: flags.includes('--json'), color: !flags.includes('--no-color') })
}

function checkTimeout(text: string): string {
  if (/^\d+(\.\d+)?(ms|s|m|h)?$/.test(text)) return text
  throw invalid({
    summary: `"${text}" is no duration`,
    hint: 'give milliseconds, or text such as 250ms, 2s, 1m',
  })
}

/** commander prints help; its errors are ours to print. */
function outputTo(host: Host): object {
  return {
    writeOut: (text: string) => host.stdout.write(text),
    writeErr: (text: string) => host.stderr.write(text),
    outputError: () => undefined,
    getOutHelpWidth: () => host.stdout.columns ?? 100,
    getErrHelpWidth: () => host.stderr.columns ?? 100,
  }
}

function rootHelp(): string {
  const codes = Object.entries(EXIT).map(([code, text]) => `  ${code.padStart(3)}  ${text}`)
  return `\nExit codes:\n${codes.join('\n')}\n\nExamples:\n  dservice demo\n  dservice call d1.transform beep`
}

function exampleText({ details, examples }: CommandSpec): string {
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, text]) => `  ${line.padEnd(width)}  ${text}`)
  return `${details === undefined ? '' : `\n${details}\n`}\nExamples:\n${lines.join('\n')}`
}
