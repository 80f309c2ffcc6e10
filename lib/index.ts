/// <reference lib="esnext.disposable" preserve="true" />
/** The public face: what is not exported here is nobody's business. */
import { DServiceError, isDServiceError, isRemoteError } from './base/errors.js'
import { DEFAULTS, LIMITS } from './base/options.js'
import { dservice } from './defaults.js'
import { context } from './dnode/context.js'
import { byReference } from './dnode/values/by-reference.js'
import { handOver } from './dnode/values/bytes.js'
import { all } from './mesh/patterns/all.js'
import { contracts } from './mesh/patterns/contracts.js'
import { forbidden } from './mesh/hooks.js'
import { instances } from './mesh/patterns/instances.js'
import { withOptions } from './mesh/calls/lookup.js'
import { method } from './mesh/method.js'
import { monitor } from './mesh/patterns/monitor.js'
import { pipeline } from './mesh/patterns/pipeline.js'

/** The exports that hang on the function for `require('dservice')`. */
interface Others {
  readonly dservice: typeof dservice
  readonly DServiceError: typeof DServiceError
  readonly isDServiceError: typeof isDServiceError
  readonly isRemoteError: typeof isRemoteError
  readonly DEFAULTS: typeof DEFAULTS
  readonly LIMITS: typeof LIMITS
  readonly context: typeof context
  readonly withOptions: typeof withOptions
  readonly forbidden: typeof forbidden
  readonly byReference: typeof byReference
  readonly handOver: typeof handOver
  readonly method: typeof method
  readonly pipeline: typeof pipeline
  readonly all: typeof all
  readonly instances: typeof instances
  readonly contracts: typeof contracts
  readonly monitor: typeof monitor
}

// `require('dservice')` is the function itself; the other exports hang on it
const others: Others = {
  dservice,
  DServiceError,
  isDServiceError,
  isRemoteError,
  DEFAULTS,
  LIMITS,
  context,
  withOptions,
  forbidden,
  byReference,
  handOver,
  method,
  pipeline,
  all,
  instances,
  contracts,
  monitor,
}
const callable: typeof dservice & Others = Object.assign(dservice, others)

export { dservice, dservice as default, callable as 'module.exports' }
export { DServiceError, isDServiceError, isRemoteError } from './base/errors.js'
export { DEFAULTS, LIMITS } from './base/options.js'
export { context } from './dnode/context.js'
export { byReference, type ByReference } from './dnode/values/by-reference.js'
export { handOver } from './dnode/values/bytes.js'
export { all, type All, type InstanceOutcome } from './mesh/patterns/all.js'
export { contracts, type ContractsOptions, type InstanceContract } from './mesh/patterns/contracts.js'
export { forbidden } from './mesh/hooks.js'
export { instances } from './mesh/patterns/instances.js'
export { withOptions } from './mesh/calls/lookup.js'
export { method } from './mesh/method.js'
export { monitor } from './mesh/patterns/monitor.js'
export { pipeline, type Piped } from './mesh/patterns/pipeline.js'
export type { Clock } from './base/clock.js'
export type { Code, Failure, Ran, RemoteError } from './base/errors.js'
export type { Identity, State } from './base/identity.js'
export type { Logger, LogFields } from './base/logger.js'
export type { Defaults, Limits } from './base/options.js'
export type { CallContext } from './dnode/context.js'
export type { Next } from './dnode/hook-chain.js'
export type { Leaving, Redact, SentError } from './dnode/redact.js'
export type { Arrived, ClassicRemote, Remote, RemoteFunction, UntypedRemote } from './dnode/remote.js'
export type { CustomType } from './dnode/values/port.js'
export type { ServedCall, ServeHook } from './dnode/serve-hook.js'
export type { CallChange, CallHook, HandleCall } from './mesh/calls/call-hook.js'
export type { DownReason, MonitorEvent } from './mesh/patterns/feed.js'
export type { Contract, JsonSchema, MethodContract, TypesContract } from './mesh/contract.js'
export type { Hooks } from './mesh/hooks.js'
export type { InputOf, MethodAbout, MethodOptions, OutputOf } from './mesh/method.js'
export type { Instance } from './mesh/choosing/present.js'
export type { Spread } from './mesh/choosing/resolve.js'
export type * from './mesh/remote-services.js'
export type {
  Balance,
  CallerView,
  Description,
  DnodeForCallback,
  DnodeView,
  DService,
  DServiceEvents,
  DServiceOptions,
  Duration,
  EdgeView,
  EjectionView,
  GraphEdge,
  GraphNode,
  GraphView,
  HandleOptions,
  IdentityView,
  InspectOptions,
  InstanceView,
  LookupView,
  MeshView,
  Missing,
  NodeView,
  PeerView,
  RelyOptions,
  SessionView,
  StandingView,
} from './mesh/types.js'
