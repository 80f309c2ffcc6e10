/** The command line in a test's hand: its streams are lists, its exit code is a value. */
import { PassThrough } from 'node:stream'
import { main } from '../../lib/tools/cli/program.js'
import { Talk, type Host, type Settings } from '../../lib/tools/cli/talk.js'

/** What a command wrote. */
export interface Written {
  out: string
  err: string
}

/** A host whose streams are kept. */
export function fakeHost(env: NodeJS.ProcessEnv = {}, stdin = ''): { host: Host; written: Written } {
  const written: Written = { out: '', err: '' }
  const input = new PassThrough()
  input.end(stdin)
  const host: Host = {
    stdin: input,
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    env,
  }
  return { host, written }
}

/** The settings of a command without flags. */
export const SETTINGS: Settings = {
  json: false,
  quiet: false,
  verbose: false,
  color: true,
  mesh: undefined,
  engine: undefined,
  timeout: undefined,
}

/** A voice whose words are kept. */
export function fakeTalk(
  settings: Partial<Settings> = {},
  env: NodeJS.ProcessEnv = {},
): { talk: Talk; written: Written } {
  const { host, written } = fakeHost(env)
  return { talk: new Talk(host, { ...SETTINGS, ...settings }), written }
}

/** Runs `dservice ...argv` in this process. */
export async function runCli(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Written & { exit: number }> {
  const { host, written } = fakeHost(env)
  const exit = await main(argv, host)
  return { exit, ...written }
}
