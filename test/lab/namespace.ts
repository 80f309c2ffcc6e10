/** A network of a test's own: a namespace with lo, and what is started in it. Needs root; nothing of it outlives the test. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../support/build.js'
import { observe, type Program } from '../support/programs.js'

const run = promisify(execFile)
let count = 0

/** Owned by one test, which disposes of it: programs first, by their pids, then the namespace. */
export class Namespace implements AsyncDisposable {
  readonly name: string = `dservice-${process.pid}-${++count}`
  readonly #folder: string = mkdtempSync(path.join(tmpdir(), 'dservice-lab-'))
  readonly #programs: Program[] = []
  #bus: string | null = null

  /** A namespace whose lo carries multicast, as avahi demands. */
  constructor() {
    execFileSync('ip', ['netns', 'add', this.name])
    this.ip('link', 'set', 'lo', 'up')
    this.ip('link', 'set', 'lo', 'multicast', 'on')
  }

  /** `ip -n <this> ...`: changes the network in here. */
  ip(...args: readonly string[]): string {
    return execFileSync('ip', ['-n', this.name, ...args], { encoding: 'utf8' })
  }

  /** Starts a program in here, and reads what it says; its pid is its own. */
  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', ...this.#environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const program = observe(child, [command, ...args].join(' '))
    this.#programs.push(program)
    return program
  }

  /** Runs a program in here to its end, and answers its stdout. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const options = { cwd: ROOT, env: { ...process.env, ...this.#environment() }, timeout: 20_000 }
    const { stdout } = await run('ip', ['netns', 'exec', this.name, command, ...args], options)
    return stdout
  }

  /** A message bus and avahi-daemon of our own, on lo alone. Resolves when they are ready. */
  async avahi(): Promise<void> {
    const bus = path.join(this.#folder, 'bus')
    const config = this.#write('bus.conf', BUS.replace('%PATH%', bus))
    const daemon = this.start('dbus-daemon', [
      `--config-file=${config}`,
      '--nofork',
      '--nopidfile',
      '--print-address',
    ])
    await daemon.said(/^unix:/)
    this.#bus = bus
    // a tmpfs of its own over /run/avahi-daemon: two daemons on one machine would fight over pid file and socket
    const line = `mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f ${this.#write('avahi.conf', AVAHI)} 2>&1`
    const avahi = this.start('unshare', ['-m', '--propagation', 'private', 'sh', '-c', line])
    await avahi.said(/Server startup complete/)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.reverse()) {
      program.kill('SIGKILL')
      await program.ended
    }
    execFileSync('ip', ['netns', 'del', this.name])
    rmSync(this.#folder, { recursive: true })
  }

  #environment(): NodeJS.ProcessEnv {
    return this.#bus === null ? {} : { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${this.#bus}` }
  }

  #write(file: string, text: string): string {
    const full = path.join(this.#folder, file)
    writeFileSync(full, text)
    return full
  }
}

/** Two namespaces with a cable between their eth0: 10.99.0.1 and 10.99.0.2. IPv6 is off, so that the cable is silent. */
export function cable(left: Namespace, right: Namespace): void {
  left.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', right.name)
  for (const [index, end] of [left, right].entries()) {
    execFileSync('ip', ['netns', 'exec', end.name, 'sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1'])
    end.ip('addr', 'add', `10.99.0.${index + 1}/24`, 'dev', 'eth0')
    end.ip('link', 'set', 'eth0', 'up', 'multicast', 'on')
    end.ip('route', 'add', '224.0.0.0/4', 'dev', 'eth0')
  }
}

const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=%PATH%</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`

const AVAHI = `[server]
host-name=lab
use-ipv4=yes
use-ipv6=yes
allow-interfaces=lo
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
`
