/**
 * redis — what a limit that several machines share asks of Redis, and how.
 *
 * A limiting plugin owns objects of a class made from Check, fills one in, hands it to `link.check` and waits: all
 * checks of one turn of the event loop leave as one command, and each `onChecked` is called once, later, with the
 * answer in the object's fields. A check is atomic in Redis: two machines that ask at once never get more than the
 * limit between them.
 */

/** Kong's `redis` record, and what it lacks: Sentinel and Cluster. */
export interface RedisSettings {
  readonly host: string
  readonly port: number
  /** Milliseconds to connect, and from asking to the answer. */
  readonly timeout: number
  /** Absent or '': none. */
  readonly username?: string | null
  readonly password?: string | null
  /** Not used in a cluster, which has only 0. */
  readonly database: number
  readonly ssl: boolean
  readonly ssl_verify: boolean
  readonly server_name?: string | null
  /** The name Sentinel knows the master by: host and port are then not used. */
  readonly sentinel_master?: string | null
  readonly sentinel_nodes?: readonly RedisNode[] | null
  readonly sentinel_username?: string | null
  readonly sentinel_password?: string | null
  /** Some nodes of the cluster, from which the others are learned: host and port are then not used. */
  readonly cluster_nodes?: readonly RedisNode[] | null
}

export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** The most windows one check can have: second, minute, hour, day, month, year. */
export const WINDOWS_MAX = 6

export type CheckKind = 1 | 2 | 3 | 4 | 5
/** Up to WINDOWS_MAX counters with a cap each: all are raised by `cost`, or none when one of them is full. */
export const FIXED = 1
/** At most `caps[0]` in any interval of `windowMs`. */
export const SLIDING = 2
/** A token bucket of `burst` tokens, one more every `gapMs`. */
export const RATE = 3
/** A leaky bucket: one goes on every `gapMs`, at most `burst` wait. Cost is 1. */
export const QUEUE = 4
/** Up to WINDOWS_MAX counters raised by `cost` without asking. With a cost of 0 they are only read. */
export const ADD = 5

/**
 * Why a check was not decided. 'timeout': no answer in time. 'closed': the connection is or was lost; it is not known
 * whether what was under way has counted. 'refused': Redis answered with an error.
 */
export type RedisFailure = 'timeout' | 'closed' | 'refused'

/** One question. Owned by the caller, who must leave it alone while `isPending`. */
export abstract class Check {
  kind: CheckKind
  /**
   * What all keys of the check begin with; in a cluster it keeps them together. Never empty, never begins with "}".
   */
  name: string
  /** How many of `keys`, `caps` and `ttlsMs` are in use: 1 for SLIDING, RATE and QUEUE. */
  windows: number
  readonly keys: string[]
  /** Whole numbers. */
  readonly caps: Float64Array
  /** How long a counter lives from its first count. */
  readonly ttlsMs: Float64Array
  cost: number
  windowMs: number
  gapMs: number
  burst: number

  /** FIXED, ADD: the counts before this check. */
  readonly used: Float64Array
  /** FIXED: the first window that refuses; -1 when admitted. */
  refusedBy: number
  /**
   * SLIDING, RATE: 0 when admitted, else the time until asking again can succeed. QUEUE: when to go on, or minus the
   * time until a place is free. With fractions.
   */
  waitMs: number
  /** SLIDING, RATE: whole requests or tokens left after this check. */
  left: number
  /** True from `link.check` to `onChecked`. */
  isPending: boolean

  constructor() {
    this.kind = FIXED
    this.name = ''
    this.windows = 0
    this.keys = ['', '', '', '', '', '']
    this.caps = new Float64Array(WINDOWS_MAX)
    this.ttlsMs = new Float64Array(WINDOWS_MAX)
    this.cost = 1
    this.windowMs = 0
    this.gapMs = 0
    this.burst = 0
    this.used = new Float64Array(WINDOWS_MAX)
    this.refusedBy = -1
    this.waitMs = 0
    this.left = 0
    this.isPending = false
  }

  /** Begins a new question. */
  ask(kind: CheckKind, name: string, cost: number): void {
    this.kind = kind
    this.name = name
    this.windows = 0
    this.cost = cost
  }

  /** Adds a counter: for FIXED with its cap, for ADD with any. */
  window(key: string, cap: number, ttlMs: number): void {
    this.keys[this.windows] = key
    this.caps[this.windows] = cap
    this.ttlsMs[this.windows] = ttlMs
    this.windows++
  }

  /** Called once, never from inside `link.check`. Null: the answer is in the fields. */
  abstract onChecked(failure: RedisFailure | null): void
}

/** Counts gathered here, to be added to many counters at once (`sync_rate`). Owned by the caller, as Check is. */
export abstract class Push {
  readonly names: string[] = []
  readonly keys: string[] = []
  readonly deltas: number[] = []
  /** Seconds since 1970. */
  readonly expireAtS: number[] = []
  /** The totals after adding, in the order of `keys`; NaN for a counter that could not be raised. */
  readonly totals: number[] = []
  isPending = false

  /** `name` is the beginning of `key`, as in Check. */
  add(name: string, key: string, delta: number, expireAtS: number): void {
    this.names.push(name)
    this.keys.push(key)
    this.deltas.push(delta)
    this.expireAtS.push(expireAtS)
  }

  clear(): void {
    this.names.length = 0
    this.keys.length = 0
    this.deltas.length = 0
    this.expireAtS.length = 0
    this.totals.length = 0
  }

  /**
   * Called once. With a failure `totals` tells what came through: in a cluster, and of a long list, a part may have.
   */
  abstract onPushed(failure: RedisFailure | null): void
}

/**
 * 'opening' until the first connection is made or has failed: checks wait for it. 'down': they are refused at once.
 */
export type RedisState = 'opening' | 'up' | 'down'

export interface RedisLink {
  readonly state: RedisState
  /** False: there will be no answer and `onChecked` is not called, for Redis is down or too much is under way. */
  check(check: Check): boolean
  /** As `check`. */
  push(push: Push): boolean
  /** Gives the link back. What is under way is still answered. */
  close(): void
}

export interface RedisOpener {
  /** Cheap when a link with the same settings is open, or was a short while ago. */
  open(settings: RedisSettings): RedisLink
}
