/**
 * pool — one worker's connections to one address: idle ones last-in-first-out, and a bounded queue for the rest.
 *
 * WHAT    LIFO keeps few connections hot and lets the others age out. A request that finds no connection and no room
 *         for one waits in the queue; the queue is bounded and its wait counts as connect time, so a wedged target
 *         fails fast instead of pinning every client.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  `connectionsMax` open, `queueMax` waiting, `idleMax` idle; PoolLimits says which is which.
 *
 * HOT     `take` and `put` run once a request.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Address, Target, TargetPool } from '../../contract/target.ts'
import { Lines } from './lines.ts'

export interface PoolLimits {
  readonly connectionsMax: number
  readonly queueMax: number
  readonly idleMax: number
  readonly idleTimeoutMs: number
  readonly requestsMax: number
}

/** A connection as the pool sees it. */
export interface Pooled {
  begin(x: Exchange, target: Target): void
  destroy(): void
}

/** A try that waits for a connection. */
export interface WaitingTry {
  readonly x: Exchange
  readonly target: Target
  /** It is its turn: it waits no longer. */
  leave(): void
}

export class Pool implements TargetPool {
  readonly address: Address
  readonly limits: PoolLimits
  /** Connections shared by pipelined requests. */
  readonly lines: Lines
  readonly #idle: Pooled[]
  readonly #queue: WaitingTry[]
  /** Connections that exist, whatever their state. */
  open: number
  /** The transport's name for it. */
  key: string
  /** Targets that have it. At 0 no connection stays idle. */
  users: number

  constructor(address: Address, limits: PoolLimits) {
    this.address = address
    this.limits = limits
    this.lines = new Lines()
    this.#idle = []
    this.#queue = []
    this.open = 0
    this.users = 1
    this.key = ''
  }

  get idle(): number {
    return this.#idle.length
  }

  get queued(): number {
    return this.#queue.length
  }

  /** The connection used last, or null. */
  take(): Pooled | null {
    return this.#idle.pop() ?? null
  }

  hasRoom(): boolean {
    return this.open < this.limits.connectionsMax
  }

  /** One place is left for requests that can't share a connection. */
  hasRoomForLine(): boolean {
    return this.lines.hasRoom() && this.open + 1 < this.limits.connectionsMax
  }

  /** False when the queue is full. */
  enqueue(waiting: WaitingTry): boolean {
    if (this.#queue.length >= this.limits.queueMax) return false
    this.#queue.push(waiting)
    return true
  }

  /** The try that has waited longest, or null. It stays in the queue. */
  get firstWaiting(): WaitingTry | null {
    return this.#queue[0] ?? null
  }

  /** The same, and takes it out. */
  nextWaiting(): WaitingTry | null {
    return this.#queue.shift() ?? null
  }

  /** Takes a try that was given up out of the queue. */
  forget(waiting: WaitingTry): void {
    const at = this.#queue.indexOf(waiting)
    if (at >= 0) this.#queue.splice(at, 1)
  }

  /** Keeps a connection for the next request; false when there are enough idle ones. */
  put(connection: Pooled): boolean {
    if (this.users === 0 || this.#idle.length >= this.limits.idleMax) return false
    this.#idle.push(connection)
    return true
  }

  /** An idle connection died or aged out. */
  drop(connection: Pooled): void {
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  /** Ends every idle connection. */
  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }
}
