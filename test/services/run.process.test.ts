/** The ready-made services under `dservice run`, called from the shell. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Programs } from '../support/programs.js'

const CLI = 'dist/lib/tools/cli/main.js'
let programs: Programs

beforeEach(() => {
  programs = new Programs()
})

afterEach(() => programs[Symbol.asyncDispose]())

/** Calls a method from the shell, and answers its value. */
async function call(...args: readonly string[]): Promise<unknown> {
  const program = programs.start(CLI, 'call', ...args, '--json', '--timeout', '10s')
  expect(await program.ended).toBe(0)
  return (JSON.parse(program.lines.join('\n')) as { value: unknown }).value
}

it('services - dservice run serves both files, each in a process of its own, and ends them', async () => {
  const run = programs.start(CLI, 'run', 'dist/services/echo.js', 'dist/services/time.js')
  const reading = (await call('time.now')) as { pid: number }
  expect(reading).toEqual({ pid: expect.any(Number) as number, timestamp: expect.any(Number) as number })
  expect(reading.pid).not.toBe(run.pid)
  expect(await call('echo.echo', '{a: 1}')).toEqual({ a: 1 })
  expect(await call('--callback', 'echo.echoTo', 'beep')).toBe('beep')
  run.kill('SIGTERM')
  await run.ended
  expect(() => process.kill(reading.pid, 0)).toThrow('ESRCH')
})
