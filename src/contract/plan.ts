/**
 * plan — the compiled configuration a worker runs: frozen, swapped whole, shared by nothing but this worker.
 *
 * compile (config/compile.ts) builds it; the stages of flow read it. A reload makes a new Plan and the old one dies
 * with its last exchange, which is why an exchange holds on to `x.plan`.
 */
import type { Fault } from '../base/faults.ts'
import type { Exchange } from './exchange.ts'
import type { Handler } from './plugin.ts'
import type { StreamRouter } from './stream.ts'
import type { Target } from './target.ts'

export interface Plan {
  /** Counts configurations, from 1. */
  readonly epoch: number
  /** The md5 of the configuration's text in hex, as Kong's `configuration_hash`. */
  readonly hash: string
  readonly router: Router
  /** Global plugins, for a request that no route matches. */
  readonly globalChain: Chain
  /** Handlers that have an onStart, each once. */
  readonly starters: readonly Handler[]
  readonly consumers: readonly Consumer[]
  readonly routes: readonly Route[]
  readonly services: readonly Service[]
  /** The routes of layer 4. */
  readonly streams: StreamRouter
  /** Closes every handler and balancer. Called once. */
  close(): void
}

export interface Router {
  /** Sets x.route, x.matchedLength and, for a regex with groups, x.captures. False: no route. Never allocates. */
  find(x: Exchange): boolean
}

/** What a regex path captured: numbered from 0, named by name. */
export interface RegExpCaptures {
  readonly numbered: readonly (string | undefined)[]
  readonly named: Readonly<Record<string, string>>
}

export interface Balancer {
  /** A target to try next, preferring those not in x.tried; null when none is usable. */
  pick(x: Exchange): Target | null
  /** Why the last pick answered null. */
  readonly refusal: Fault
  /** The final head of the answer is in x.response, as the target sent it. */
  answered(x: Exchange, target: Target): void
  /**
   * The try with `target` is over: gives back what it held. NONE: the answer is whole; a fault the client is to blame
   * for: given up, which says nothing of the target; any other: it failed.
   */
  done(x: Exchange, target: Target, fault: Fault): void
  /**
   * Asks for room for one more try among the upstream's retries, after `done` of the last one; `done` of that try gives
   * it back.
   */
  takeRetry(x: Exchange): boolean
  /** The try that takeRetry allowed is not made: no target was left for it, or the client has gone. */
  dropRetry(x: Exchange): void
  close(): void
  /** For explain and the Admin API. */
  readonly targets: readonly Target[]
}

/** Another way than the own targets of a route's service: a plugin sets it as x.detour in its request step. */
export interface Detour {
  /** Picks all tries; the rest, times and retries, is the service's. */
  readonly balancer: Balancer
  /** Where `balancer` has no target, the service's own are picked. */
  readonly fallsBack: boolean
  /** The exchange goes to its service's own targets after all: undoes what was changed for the others. */
  left(x: Exchange): void
}

export const PROTOCOL_HTTP = 1
export const PROTOCOL_HTTPS = 2
export const PROTOCOL_GRPC = 4
export const PROTOCOL_GRPCS = 8

/** Kong's service, as a worker needs it. Times in milliseconds. */
export interface Service {
  readonly id: string
  readonly name: string | null
  readonly protocol: string
  readonly host: string
  readonly port: number
  /** Null when the service has none. Latin-1, as configured. */
  readonly path: string | null
  readonly retries: number
  readonly connectTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly readTimeoutMs: number
  readonly tags: readonly string[]
  readonly balancer: Balancer
  /** Null: Kong's rules. */
  readonly retryPolicy: RetryPolicy | null
}

/** When a failed try may be followed by another, beyond Kong's rules (Envoy's words). */
export interface RetryPolicy {
  /** Answers that are as good as failures. Sorted; empty: none. */
  readonly statuses: readonly number[]
  readonly onConnectFailure: boolean
  readonly onReset: boolean
  readonly onTimeout: boolean
  /** POST, PATCH and LOCK too, although they may then act twice. */
  readonly nonIdempotent: boolean
  /** 0: none. */
  readonly perTryTimeoutMs: number
  /** Full jitter: the n-th pause is drawn from [0, min(max, base * 2^(n-1))). 0: no pause. */
  readonly backOffBaseMs: number
  readonly backOffMaxMs: number
}

/** Where whoever counts by route has its row (observe/route-tally.ts): so that nothing is looked up a request. */
export class RouteMark {
  /** -1: nobody has asked yet. */
  row: number

  constructor() {
    this.row = -1
  }
}

export interface Route {
  readonly id: string
  readonly name: string | null
  readonly mark: RouteMark
  readonly service: Service | null
  readonly tags: readonly string[]
  readonly chain: Chain
  /** PROTOCOL_* bits. */
  readonly protocols: number
  readonly httpsRedirectStatus: number
  readonly stripPath: boolean
  readonly preserveHost: boolean
  /** 0 or 1, for Kong's v0 and v1. */
  readonly pathHandling: number
  readonly requestBuffering: boolean
  readonly responseBuffering: boolean
}

export interface Consumer {
  readonly id: string
  readonly username: string | null
  readonly customId: string | null
  readonly tags: readonly string[]
  /** Names of the consumer groups it is in. */
  readonly groups: readonly string[]
  /** Plugin configurations bound to this consumer or to a group it is in, by plugin name; null when there are none. */
  readonly overrides: ReadonlyMap<string, ConsumerOverrides> | null
}

/**
 * The configurations of one plugin that a consumer has, its own and its groups', most specific first (rows 1 to 6,
 * 8 and 9 of chain/precedence.ts). In the first and in the last its own stands before its groups'.
 */
export interface ConsumerOverrides {
  readonly byRouteAndService: ReadonlyMap<string, Handler>
  readonly byRoute: ReadonlyMap<string, Handler>
  readonly byService: ReadonlyMap<string, Handler>
  readonly byGroupAndRoute: ReadonlyMap<string, Handler>
  readonly byGroupAndService: ReadonlyMap<string, Handler>
  readonly alone: Handler | null
}

/** One plugin in a chain. `handler` is null when only some consumers have it. */
export interface Link {
  readonly plugin: string
  readonly priority: number
  readonly handler: Handler | null
  /** True when `handler` is bound to route and service together, which outranks a consumer alone. */
  readonly outranksConsumer: boolean
  /** Where the configuration comes from, for `explain`: 'global', 'service orders', 'route orders-api'. */
  readonly origin: string
}

/** Numbers for the handlers of a Chain's arrays, by which shared memory says who runs (flow/chain/marks.ts). */
export interface ChainMarks {
  readonly links: readonly number[]
  readonly rewrite: readonly number[]
  readonly request: readonly number[]
  readonly response: readonly number[]
  readonly log: readonly number[]
}

/** The plugins of a route in order, highest priority first. */
export interface Chain {
  readonly routeId: string
  readonly serviceId: string
  readonly links: readonly Link[]
  /** True when no consumer override can change any link: the arrays below then hold. */
  readonly fixed: boolean
  /** Handlers that have the step, in order; the plain path reads only these. */
  readonly rewrite: readonly Handler[]
  readonly request: readonly Handler[]
  readonly response: readonly Handler[]
  readonly log: readonly Handler[]
  readonly marks: ChainMarks
  /** The largest body any link wants gathered. */
  readonly requestBodyMax: number
  readonly responseBodyMax: number
}
