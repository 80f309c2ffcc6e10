/** Programs in the manner of npm's dnode, each run with the original and with ours: what they print must be the same. */
import { once, type EventEmitter } from 'node:events'
import type net from 'node:net'
import { createRequire } from 'node:module'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { dnode as ours } from '../../lib/dnode/index.js'

export type Callback = (...args: unknown[]) => void
export type Remote = Record<string, Callback>

/** A dnode of either kind, as an old program sees it. */
export interface OldDnode extends EventEmitter {
  id: string
  stream: net.Socket
  proto: EventEmitter & { callbacks: { local: unknown[]; remote: unknown[] }; cull(id: number): void }
  connect(...args: unknown[]): OldDnode
  listen(...args: unknown[]): OldServer
  pipe<T>(dest: T): T
  write(chunk: unknown): unknown
  end(): void
  destroy(): void
}

export interface OldServer extends net.Server {
  sessions: Record<string, OldDnode>
}

export interface OldFactory {
  (cons?: unknown, opts?: object): OldDnode
  connect(...args: unknown[]): OldDnode
  listen(...args: unknown[]): OldServer
}

const original = createRequire(import.meta.url)('dnode') as OldFactory

/** npm's dnode as far as it runs today: its weak references need an addon that does not compile any more. */
export const npm: OldFactory = Object.assign(
  (cons?: unknown, opts?: object) => original(cons, { weak: false, ...opts }),
  {
    connect: (...args: unknown[]) => npm().connect(...args),
    listen: (...args: unknown[]) => npm().listen(...args),
  },
)

export const dservice: OldFactory = ours as unknown as OldFactory

/** The two ends of a program, and where it prints. */
export interface Kit {
  readonly server: OldFactory
  readonly client: OldFactory
  readonly print: (...values: unknown[]) => void
  /** Undone when the program is over. */
  readonly after: (undo: () => unknown) => void
}

export type Program = (kit: Kit) => Promise<void>

/** What a program prints. */
export async function run(program: Program, server: OldFactory, client: OldFactory): Promise<string[]> {
  const printed: string[] = []
  const undo: (() => unknown)[] = []
  const print = (...values: unknown[]): void => void printed.push(values.map(show).join(' '))
  try {
    await program({ server, client, print, after: (step) => undo.unshift(step) })
  } finally {
    for (const step of undo) await step()
  }
  return printed
}

function show(value: unknown): string {
  if (value === undefined) return 'undefined'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Two dnodes that are piped into each other. */
export function piped(
  { server, client }: Kit,
  apis: { server?: unknown; client?: unknown },
): [OldDnode, OldDnode] {
  const s = server(apis.server)
  const c = client(apis.client)
  c.pipe(s).pipe(c)
  return [s, c]
}

/** A server that listens on a free port of this machine. */
export async function listening({ server, after }: Kit, api: unknown): Promise<[OldServer, number]> {
  const listener = server(api).listen(0, '127.0.0.1')
  after(() => closing(listener))
  await once(listener, 'listening')
  return [listener, (listener.address() as net.AddressInfo).port]
}

export function closing(server: net.Server): Promise<unknown> {
  return new Promise((closed) => server.close(closed))
}

/** The path of a socket in a folder of its own. */
export function socketPath({ after }: Kit): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnode-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, 's')
}

/** The peer's api, once it is known. */
export async function remoteOf(d: OldDnode): Promise<Remote> {
  const [remote] = (await once(d, 'remote')) as [Remote]
  return remote
}

/** What a method answers through its last argument. */
export function ask(method: Callback | undefined, ...args: unknown[]): Promise<unknown[]> {
  return new Promise((resolve) => method?.(...args, (...answer: unknown[]) => resolve(answer)))
}
