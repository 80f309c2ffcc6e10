/** dnode's free order of arguments: what each one is, its type says. */
/** What `connect` and `listen` take, in any order. `undefined` is ignored. */
export type DnodeArgument = string | number | undefined | ((...args: never[]) => void) | Target

/** Where to connect to or to listen at. */
export interface Target {
  readonly port?: number | string
  readonly host?: string
  /** A Unix socket. */
  readonly path?: string
  /** Called with the remote (`connect`), or once the server listens (`listen`). */
  readonly block?: (...args: never[]) => void
}

/** The arguments, sorted out. */
export interface Parsed {
  port?: number
  host?: string
  path?: string
  block?: (...args: never[]) => void
}

/** A number, or digits: a port. A leading slash: a Unix socket. Any other text: a host. An object: all of these by name. */
export function parseArgs(args: readonly unknown[]): Parsed {
  const parsed: Parsed = {}
  for (const arg of args) {
    if (typeof arg === 'number') parsed.port = arg
    else if (typeof arg === 'function') parsed.block = arg as (...args: never[]) => void
    else if (typeof arg === 'string') parseText(arg, parsed)
    else if (typeof arg === 'object' && arg !== null) parseTarget(arg, parsed)
  }
  return parsed
}

function parseText(arg: string, parsed: Parsed): void {
  if (/^\d+$/.test(arg)) parsed.port = Number(arg)
  else if (arg.startsWith('/')) parsed.path = arg
  else parsed.host = arg
}

function parseTarget({ port, host, path, block }: Target, parsed: Parsed): void {
  if (port !== undefined) parsed.port = Number.parseInt(String(port), 10)
  if (host !== undefined) parsed.host = host
  if (path !== undefined) parsed.path = path
  if (block !== undefined) parsed.block = block
}
