/**
 * A README that is a session at a shell, played on real processes:
 *
 *   <!-- file: web/main.ts -->      the next code block is that file
 *   <!-- start: d1/d1.mjs -->       starts a program, and waits until it says that it is ready
 *   <!-- stop -->                   ends all that were started
 *   ```console                      lines with `$ ` are run in the folder `web`; what follows is what they print.
 *                                   `# exit code 1` behind a line says how it ends, where that is not 0
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './build.js'
import { Programs } from './programs.js'
import { CLI } from './shell.js'

type Step =
  | { readonly do: 'file'; readonly file: string; readonly text: string }
  | { readonly do: 'start'; readonly program: string }
  | { readonly do: 'stop' }
  | { readonly do: 'run'; readonly line: string; readonly exit: number; readonly prints: string }

/** What a line did. */
export interface Played {
  readonly line: string
  readonly exit: number | null
  readonly prints: string
}

const MARK = /^<!-- (file|start|stop)(?:: (\S+))? -->$/

/** The steps of a README. */
export function stepsOf(text: string): Step[] {
  const lines = text.split('\n')
  const steps: Step[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, kind, what = ''] = MARK.exec(lines[at] ?? '') ?? []
    if (kind === 'stop') steps.push({ do: 'stop' })
    if (kind === 'start') steps.push({ do: 'start', program: what })
    if (kind !== 'file' && lines[at] !== '```console') continue
    const from = lines.findIndex((line, index) => index >= at && line.startsWith('```'))
    const to = lines.indexOf('```', from + 1)
    const block = lines.slice(from + 1, to).join('\n')
    if (kind === 'file') steps.push({ do: 'file', file: what, text: `${block}\n` })
    else steps.push(...runsOf(block))
    at = to
  }
  return steps
}

function runsOf(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [first = '', ...rest] = part.trimEnd().split('\n')
      const [line = '', exit = '0'] = first.split(' # exit code ')
      return { do: 'run', line, exit: Number(exit), prints: rest.join('\n') }
    })
}

/** Plays in `folder`; its lines run in `web` below it. */
export class Story implements AsyncDisposable {
  readonly #folder: string
  readonly #mesh: string
  #programs: Programs

  constructor(folder: string, programs: Programs = new Programs()) {
    this.#folder = folder
    this.#programs = programs
    this.#mesh = programs.mesh
  }

  /** Does a step; of a line that was run, what was promised and what came. */
  async play(step: Step): Promise<{ promised: Played; came: Played } | null> {
    if (step.do === 'file') {
      const file = path.join(this.#folder, step.file)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, step.text)
      return null
    }
    if (step.do === 'start') {
      await this.#programs.start(path.join(this.#folder, step.program)).said(/is ready$/)
      return null
    }
    if (step.do === 'stop') {
      await this.#programs[Symbol.asyncDispose]()
      return null
    }
    const { line, exit, prints } = step
    return { promised: { line, exit, prints }, came: await this.run(line) }
  }

  /** Runs a line as it is typed, in `web`: npx means the programs of this checkout. The name of the mesh is masked. */
  async run(line: string): Promise<Played> {
    const output = path.join(this.#folder, 'output.txt')
    const handle = openSync(output, 'w')
    const [program = '', ...args] = commandOf(line)
    const exit = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: path.join(this.#folder, 'web'),
        env: { ...process.env, DSERVICE_MESH: this.#mesh, NO_COLOR: '1', LANG: 'C.UTF-8' },
        stdio: ['ignore', handle, handle],
      })
      child.once('error', reject)
      child.once('close', resolve)
    })
    closeSync(handle)
    const prints = readFileSync(output, 'utf8').trimEnd().replaceAll(this.#mesh, 'default')
    return { line, exit, prints }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#programs[Symbol.asyncDispose]()
  }
}

function commandOf(line: string): string[] {
  const words = line.split(' ')
  if (words[0] === 'node') return [process.execPath, ...words.slice(1)]
  if (words[0] !== 'npx') return words
  const programs: Readonly<Record<string, string>> = {
    dservice: CLI,
    tsc: path.join(ROOT, 'node_modules/typescript/bin/tsc'),
  }
  return [process.execPath, programs[words[1] ?? ''] ?? '', ...words.slice(2)]
}
