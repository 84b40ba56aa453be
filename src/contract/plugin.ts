/**
 * plugin — what a plugin is: a name, a priority, a schema and a `build` that makes its handler.
 *
 * A plugin lives in one folder and is found by reading that folder; there is no list. `build` is cold: compile
 * patterns, keys and header bytes there. The handler's methods are hot and may not await; a step that must wait
 * answers WAIT and calls `x.flow.resume(x)` later, once; if the client has gone by then, nothing comes of it.
 * Phases and their order: Kong's (docs/plugins.md).
 */
import type { Exchange } from './exchange.ts'
import type { Identities } from './identity/identities.ts'
import type { LogDoor } from './machine/log-sinks.ts'
import type { Metrics } from './machine/metrics.ts'
import type { Offload } from './machine/offload.ts'
import type { RedisOpener } from './machine/redis.ts'
import type { Shared } from './machine/shared-memory.ts'
import type { StateStore } from './machine/state-store.ts'
import type { Balancer } from './plan.ts'
import type { Field, Infer } from './schema.ts'
import type { StreamFacts, StreamRecord } from './stream.ts'

/** A request step's verdict. */
export type Verdict = 0 | 1 | 2
/** Go on with the next plugin. */
export const NEXT = 0
/** The answer is in `x` (answer() or fault): later request steps are skipped, response and log steps still run. */
export const DONE = 1
/** The plugin will call `x.flow.resume(x)` or `x.flow.finish(x)`. */
export const WAIT = 2

/** One configuration of one plugin at work. Every method is optional; each is called at most once an exchange. */
export interface Handler {
  /**
   * Before all else, for every request while this configuration is in force, whatever it is bound to: the route is not
   * known yet. For who has to see the whole of an exchange, as a trace does.
   */
  onStart?(x: Exchange): void
  /** Of configurations with one key, one's onStart does for all: what it does does not depend on which. */
  readonly startKey?: string
  /** Before routing; runs for global configurations only. */
  onRewrite?(x: Exchange): Verdict
  /** After routing ("access"). */
  onRequest?(x: Exchange): Verdict
  /** Before the response head is written ("header_filter"); also for answers of our own. */
  onResponse?(x: Exchange): void
  /** With the whole body; only if `responseBodyMax` > 0. Answers the body to send. */
  onResponseBody?(x: Exchange, body: Buffer): Uint8Array
  /** After the answer is out, or the client is gone. */
  onLog?(x: Exchange): void
  /** A connection has got a stream route, and no target yet (Kong's preread). DONE: it is refused. It may not WAIT. */
  onStream?(facts: StreamFacts): Verdict
  /** A session of a stream route is over (Kong's log). */
  onStreamEnd?(record: StreamRecord): void
  /** Gives back timers, sockets, memory. Called once, when the plan that owns it has died. */
  close?(): void
  /** Bytes of request body to have in `x.requestBody` before `onRequest`; 0 or absent: not needed. Larger: 413. */
  readonly requestBodyMax?: number
  /** Bytes of response body to gather before the head is sent; 0 or absent: streamed. Larger: 502. */
  readonly responseBodyMax?: number
  /**
   * Asked before this request's body is gathered: false where this plugin does not need it. Not asked where a consumer
   * may have a configuration of its own, so `onRequest` may find a body all the same.
   */
  wantsRequestBody?(x: Exchange): boolean
  /** The same of the answer whose head is in x.response. */
  wantsResponseBody?(x: Exchange): boolean
}

/** Made by a plugin for one exchange: what its target is sent in place of the body that comes. */
export interface RequestTransform {
  /** For bytes [start, end), which are only lent; may be none. Null: they are malformed, and the request is refused. */
  pass(x: Exchange, bytes: Uint8Array, start: number, end: number): Uint8Array | null
  /** Behind the last of them. */
  end(x: Exchange): Uint8Array | null
}

/** The same for what its client is sent. The plugin that sets it also sees to x.responseLength. */
export interface ResponseTransform {
  pass(x: Exchange, bytes: Uint8Array, start: number, end: number): Uint8Array
  /** Behind the last of them. The trailers are in x.responseTrailers, and may be emptied. */
  end(x: Exchange): Uint8Array
}

/** What a plugin may ask of the machine it runs on. */
export interface Machine {
  /** Of the machine: stable while the process lives. */
  readonly nodeId: string
  readonly hostname: string
  readonly workerId: number
  readonly pid: number
  readonly version: string
  /** `count` random bytes. */
  random(count: number): Buffer
  /** Milliseconds since 1970. */
  wall(): number
  /** Milliseconds of a clock that never steps and is the same in all threads. */
  now(): number
  /** The same clock read anew: `now` is as old as its turn, and another thread may have read it later meanwhile. */
  nowAnew(): number
  /** Calls back once, in `ms` milliseconds or a little later; answers a function that calls it off. */
  later(ms: number, callback: () => void): () => void
  readonly shared: Shared
  readonly redis: RedisOpener
  /** For what costs milliseconds of CPU. */
  readonly offload: Offload
  /** What outlives a restart, and all workers share; only for a plugin whose definition says `usesState`. */
  readonly state: StateStore
  /** For what is to be told of exchanges, without anybody waiting. */
  readonly logs: LogDoor
  readonly metrics: Metrics
  readonly tracing: TracingSettings
  /** Adds one to a counter of state/counters.ts. */
  count(counter: number): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void
}

/** What the environment says of traces. */
export interface TracingSettings {
  /** From 0 to 1: for who has none of its own. */
  readonly samplingRate: number
  /** Kong's words for steps that have spans: 'all', 'balancer', …; none: nothing is traced. */
  readonly instrumentations: readonly string[]
}

/** A plugin's only door to the world. */
export interface Host extends Machine {
  /** Of the configuration that the plugin is built for. */
  readonly identities: Identities
  /** The PEM of one of the configuration's ca_certificates, by its id; null where there is none. Cold. */
  caCertificate(id: string): string | null
  /**
   * For x.detour: a balancer for each service that a plugin of this scope can meet, by the service's id. It is what the
   * service would have with this host and port in place of its own. Cold, for `build`; the plan closes them. The host
   * stands in the plugin's configuration as `upstream_host`, by which names are known that have to be resolved.
   */
  detours(scope: PluginScope, place: Place): ReadonlyMap<string, Balancer>
  /** Path and query that the target of an exchange with a service is sent. Latin-1, as on the wire. */
  upstreamPath(x: Exchange): string
}

/** A host is an upstream's name, or a host; null: the service's own. */
export interface Place {
  readonly host: string | null
  readonly port: number | null
}

export interface PluginDefinition<F extends Field = Field> {
  readonly name: string
  /** One sentence: what it does for the operator. */
  readonly summary: string
  /** Kong's number where Kong has the plugin: higher runs first. */
  readonly priority: number
  readonly schema: F
  /** What it can serve, and does where its entity does not say; absent: http, https, grpc and grpcs. */
  readonly protocols?: readonly string[]
  /** Scopes it may not be bound to. */
  readonly noScope?: readonly ('route' | 'service' | 'consumer' | 'consumer_group')[]
  /** While one of its configurations is enabled, TLS listeners ask clients for a certificate (Client.tls). */
  readonly asksForCertificates?: boolean
  /** While one of its configurations is enabled, the gateway has a state (Machine.state). */
  readonly usesState?: boolean
  build(config: Infer<F>, host: Host, scope: PluginScope): Handler
}

/** What the configuration is bound to, for messages and keys. */
export interface PluginScope {
  readonly id: string
  readonly instanceName: string | null
  readonly routeId: string | null
  readonly serviceId: string | null
  readonly consumerId: string | null
}

export function definePlugin<const F extends Field>(definition: PluginDefinition<F>): PluginDefinition<F> {
  return definition
}

/** A definition whose config type is no longer known: what the registry holds. */
export type AnyPlugin = PluginDefinition<Field>

/** For values that a plugin hands to a later step or the log. Made when first needed: most exchanges have none. */
export function openNotes(x: Exchange): Map<string, unknown> {
  if (x.notes === null) x.notes = new Map()
  return x.notes
}
