/** What the demo's director and its processes say to each other over their IPC channels. */
import type { State } from '../../index.js'

/** Who a process plays. */
export type Role = 'd1' | 'd2' | 'client'

/** From a process to the director. */
export type Said =
  /** It is there: a service listens, a client is connected to nothing yet. */
  | { readonly type: 'up'; readonly version: string; readonly address: string | null }
  | { readonly type: 'state'; readonly state: State }
  | {
      readonly type: 'failed'
      readonly code: string
      readonly message: string
      /** The message without its advice, where it has some. */
      readonly summary: string
    }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown; readonly ms: number }
  | { readonly type: 'threw'; readonly id: number; readonly code: string; readonly message: string }

/** From the director to the client. */
export interface Order {
  readonly type: 'call'
  readonly id: number
  readonly service: string
  readonly range: string
  readonly method: string
  readonly args: readonly unknown[]
}
