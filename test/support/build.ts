/** Compiles the package before tests that start real processes; `npm run verify` has done so already. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** Runs the build; vitest calls it once per run. */
export default function build(): void {
  if (process.env['DSERVICE_BUILT'] === '1') return
  const typescript = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const tsc = path.join(typescript, 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' })
}
