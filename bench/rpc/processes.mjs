/** The processes of a peer, and what the system says of them. Whoever starts one ends it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Ticks of /proc/<pid>/stat a second, on every Linux. */
const TICKS = 100
/** A peer that says nothing for so long has failed. */
const PATIENCE = 60_000

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/** The next message of a child; an error when it ends, or stays silent. */
function message(child, what, patience = PATIENCE) {
  return new Promise((done, fail) => {
    const settle = (end, value) => {
      clearTimeout(silent)
      child.off('message', onMessage).off('exit', onExit)
      end(value)
    }
    const onMessage = (said) => settle(done, said)
    const onExit = (code) => settle(fail, new Error(`${what} ended with ${code}`))
    const silent = setTimeout(() => child.kill('SIGKILL'), patience)
    child.on('message', onMessage).on('exit', onExit)
  })
}

function start(script, args, { execArgv = [], env = {} }) {
  return fork(file(script), args, {
    execArgv,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2, 'ipc'],
  })
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const stubborn = setTimeout(() => child.kill('SIGKILL'), 2_000)
  await ended
  clearTimeout(stubborn)
}

/** Starts the server of a peer. */
export async function startServer(name, options = {}) {
  const execArgv = ['--expose-gc', ...(options.execArgv ?? [])]
  const child = start('server.mjs', [name], { ...options, execArgv })
  const { pids = [], ...address } = await message(child, `the server of ${name}`)
  return {
    address,
    pids: [child.pid, ...pids],
    /** Collects what nobody holds; the bytes of live heap. */
    collect() {
      child.send('collect')
      return message(child, `the server of ${name}`)
    },
    stop: () => stop(child),
  }
}

/** Starts a client of a server; `run` has it do a task, and adds the processor time of both ends. */
export async function startClient(name, server, options = {}) {
  const child = start('client.mjs', [name, JSON.stringify(server.address)], options)
  const what = `the client of ${name}`
  await message(child, what)
  const pids = [child.pid, ...server.pids]
  return {
    pid: child.pid,
    async run(task, given = {}, patience = PATIENCE) {
      const before = cpuOf(pids)
      child.send({ task, ...given })
      const { result, error } = await message(child, what, patience)
      if (error) throw new Error(`${what}: ${error}`)
      return result !== null && typeof result === 'object' ? { ...result, cpu: cpuOf(pids) - before } : result
    },
    stop: () => stop(child),
  }
}

/** Processor time of all of them, user and system, in milliseconds. */
function cpuOf(pids) {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return sum + ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS
  }, 0)
}
