/** A project in a folder of its own, beside services of a mesh in memory, and the commands that are about it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { dservice, type DService } from '../../lib/index.js'
import { runCli, type Written } from './cli.js'

let meshes = 0

/** Owned by one test, which ends it. */
export class TestProject implements AsyncDisposable {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'dservice-project-'))
  readonly mesh: string = `project-${++meshes}`
  readonly #running: DService[] = []

  constructor(manifest: object | null = { name: 'web', version: '1.0.0', type: 'module' }) {
    // as npm installs it
    mkdirSync(path.join(this.folder, 'node_modules'))
    symlinkSync(
      path.resolve(import.meta.dirname, '../..'),
      path.join(this.folder, 'node_modules', 'dservice'),
    )
    if (manifest) this.write({ 'package.json': `${JSON.stringify(manifest, null, 2)}\n` })
  }

  /** Starts a service in the project's mesh. */
  async serve(nameAt: string, api: object, rely: Readonly<Record<string, string>> = {}): Promise<DService> {
    const service = dservice(nameAt, api, { engine: 'memory:', mesh: this.mesh }) as DService
    for (const [name, range] of Object.entries(rely)) service.rely(name, range)
    const started = service.start()
    this.#running.push(service)
    // one that relies on who is not there waits
    if (Object.keys(rely).length === 0) await started
    else started.catch((error: unknown) => void (error as Error).message)
    return service
  }

  /** Runs `dservice ...argv` in the project. */
  run(...argv: readonly string[]): Promise<Written & { exit: number }> {
    const where = ['--cwd', this.folder, '--engine', 'memory:', '--mesh', this.mesh]
    const patience = argv.includes('--timeout') ? [] : ['--timeout', '50ms']
    return runCli([...argv, ...where, ...patience])
  }

  /** The document of `dservice ...argv --json`. */
  async json(...argv: readonly string[]): Promise<{ exit: number; document: Record<string, unknown> }> {
    const { exit, out, err } = await this.run(...argv, '--json')
    if (err !== '') throw new Error(`stderr with --json: ${err}`)
    return { exit, document: JSON.parse(out) as Record<string, unknown> }
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      const to = path.join(this.folder, file)
      mkdirSync(path.dirname(to), { recursive: true })
      writeFileSync(to, text)
    }
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8')
  }

  /** All files, by path, with their text. */
  files(): Record<string, string> {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    const names = files.map((entry) => path.relative(this.folder, path.join(entry.parentPath, entry.name)))
    return Object.fromEntries(names.sort().map((name) => [name, this.read(name)]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((service) => service.stop()))
    rmSync(this.folder, { recursive: true })
  }
}
