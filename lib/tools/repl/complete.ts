/** Completion of services and their methods; anything else is left to Node. */
import { oneLine } from '../cli/text.js'

/** What can be completed: the services that were seen, and the methods of each. */
export interface Completable {
  readonly names: readonly string[]
  methods(name: string): readonly string[]
}

/** As node:readline wants it: the candidates, and the text that they replace. */
export type Completion = [string[], string]

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/
const MEMBER = /(?:^|[^\w$.\]])((?:svc\.)?([A-Za-z_$][\w$]*)\.)([\w$.]*)$/
const QUOTED_MEMBER = /(svc\[(['"`])([^'"`\]]+)\2\]\.)([\w$.]*)$/
const QUOTED_NAME = /(svc\[(['"`]))([^'"`\]]*)$/
const SVC_NAME = /(?:^|[^\w$.])(svc\.)([\w$]*)$/

/** Completes the end of a line; null where the line is about something else. */
export function complete(line: string, services: Completable): Completion | null {
  return quotedName(line, services) ?? member(line, services) ?? svcName(line, services)
}

function member(line: string, services: Completable): Completion | null {
  const quoted = QUOTED_MEMBER.exec(line)
  const match = quoted ? [quoted[1], quoted[3], quoted[4]] : MEMBER.exec(line)?.slice(1)
  const [lead = '', name = '', part = ''] = match ?? []
  const service = name.split('@')[0] || name
  if (!match || !services.names.includes(service)) return null
  // a name that would paint on the screen cannot be typed either
  const offered = services.methods(service).filter((method) => method === oneLine(method))
  const hits = offered.filter((method) => method.startsWith(part))
  return [hits.map((method) => lead + method), lead + part]
}

function quotedName(line: string, { names }: Completable): Completion | null {
  const match = QUOTED_NAME.exec(line)
  if (!match) return null
  const [, lead = '', quote = '', part = ''] = match
  return [names.filter((name) => name.startsWith(part)).map((name) => `${lead}${name}${quote}]`), lead + part]
}

function svcName(line: string, { names }: Completable): Completion | null {
  const match = SVC_NAME.exec(line)
  if (!match) return null
  const [, lead = '', part = ''] = match
  const hits = names.filter((name) => name.startsWith(part) && IDENTIFIER.test(name))
  return [hits.map((name) => lead + name), lead + part]
}

/** Whether a service can be a global of its own name. */
export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name)
}
