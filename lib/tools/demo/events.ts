/** What happens in the demo, as data; and the same as lines for people. */
import type { MeshView } from '../../index.js'
import { engineName } from '../cli/ls-rows.js'
import { showMesh } from '../cli/ls.js'
import type { Talk } from '../cli/talk.js'
import { jsonText, oneLine, span } from '../cli/text.js'

/** One event. With --json each is a line. */
export type Event =
  | { readonly type: 'start'; readonly version: string; readonly mesh: string; readonly engine: string }
  | { readonly type: 'fallback'; readonly engine: string; readonly reason: string }
  | {
      readonly type: 'up'
      readonly name: string
      readonly version: string
      readonly pid: number
      readonly address: string | null
      readonly note: string
    }
  | { readonly type: 'ready'; readonly ms: number }
  | {
      readonly type: 'call'
      readonly text: string
      readonly value: unknown
      readonly ms: number
      readonly healed?: number
    }
  | { readonly type: 'kill'; readonly name: string; readonly pid: number; readonly address: string | null }
  | { readonly type: 'waiting'; readonly name: string; readonly for: string }
  | { readonly type: 'mesh'; readonly view: MeshView }
  | { readonly type: 'done'; readonly ok: true }

/** Tells an event in the format that was asked for. */
export function tell(event: Event, talk: Talk): void {
  if (talk.json) return talk.document(event)
  if (event.type === 'mesh') {
    talk.data('')
    // a static list foresees addresses where nobody is yet; that is no finding here
    return showMesh({ ...event.view, unreachable: [] }, talk)
  }
  const line = lineOf(event, talk)
  if (line !== null) talk.data(line)
}

function lineOf(event: Exclude<Event, { type: 'mesh' }>, { style }: Talk): string | null {
  const { colors, marks } = style
  switch (event.type) {
    case 'start':
      return `${colors.bold('dservice')} ${event.version}  demo on loopback, nothing leaves this machine  ${colors.dim(`mesh ${event.mesh}, ${engineName(event.engine)}`)}`
    case 'fallback':
      return colors.yellow(
        `  ${marks.wait} no mDNS here: ${oneLine(event.reason)}; going on with a static list (${engineName(event.engine)})`,
      )
    case 'up': {
      const where = event.address ?? ''
      return `  ${marks.arrow} ${colors.bold(event.name.padEnd(6))} ${event.version.padEnd(6)} pid ${String(event.pid).padEnd(7)} ${where.padEnd(16)} ${event.note}`.trimEnd()
    }
    case 'ready':
      return `  ${colors.green(marks.ok)} ready in ${span(event.ms)}`
    case 'call': {
      const healed =
        event.healed === undefined ? '' : colors.green(`  ${marks.ok} healed in ${span(event.healed)}`)
      return `  client ${event.text} -> ${jsonText(event.value)}  ${colors.dim(span(event.ms))}${healed}`
    }
    case 'kill':
      return `  ${colors.red(`kill -9 ${event.name}`)}  pid ${event.pid}, ${event.address ?? ''}`
    case 'waiting':
      return `  ${colors.yellow(`${marks.wait} ${event.name} is waiting`)} for ${event.for}`
    case 'done':
      return null
  }
}
