/**
 * session — one HTTP/2 connection to a target and the tries that share it.
 *
 * WHAT    connecting ─▶ open ─▶ draining ─▶ closed
 *         Tries that come while it connects wait inside it. It drains once the target has said GOAWAY or it has served
 *         as often as it may: what is under way ends there, new requests go elsewhere.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  As many streams as the target allows, at most STREAMS_MAX, and until it has said what it said
 *         last, or STREAMS_FIRST. Where
 *         streams are open and nothing has come for PING_AFTER_MS the target is asked for a sign of life and has
 *         PING_WAIT_MS for it. Targets that see pings as abuse (gRPC servers do) are asked once a silence, and then
 *         once in PING_AGAIN_MS.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../../base/clock.ts'
import type { Timed } from '../../../base/deadlines.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { ConnectionLimits, Target } from '../../../contract/target.ts'
import { RESPONSE_LIMITS } from '../../../http1/limits.ts'
import type { PoolLimits } from '../pool.ts'
import { type StreamHome, type StreamTools, StreamTry } from './stream-try.ts'

export const STREAMS_FIRST = 100
const STREAMS_MAX = 256
const PING_AFTER_MS = 10_000
const PING_WAIT_MS = 10_000
const PING_AGAIN_MS = 330_000
/** What a target may send of one answer that nobody reads. */
const STREAM_WINDOW = 256 * 1024
const SESSION_WINDOW = 8 * 1024 * 1024
/** Of node:http2, in MiB: the windows above are the bound that counts. */
const SESSION_MEMORY = 256

const CONNECTING = 0
const OPEN = 1
const DRAINING = 2
const CLOSED = 3

/** Told of what becomes of a session. */
export interface SessionOwner {
  readonly clock: Clock
  readonly limits: PoolLimits
  /** A try starts or is over: its time limits are looked at from now on, or no more. */
  started(one: StreamTry): void
  over(one: StreamTry): void
  /** A stream has left, or the target allows more of them. */
  hasRoom(session: TargetSession): void
  /** It takes no new tries. */
  drains(session: TargetSession): void
  /** What the target allows. */
  allows(streams: number): void
  /** False: it is to end, since enough others idle. */
  mayIdle(session: TargetSession): boolean
  closed(session: TargetSession): void
}

export class TargetSession implements Timed, StreamHome {
  readonly scheme: 'http' | 'https'
  /** The upstream that counts it, or null. */
  readonly counted: ConnectionLimits | null
  readonly openedMs: number
  readonly #owner: SessionOwner
  readonly #tools: StreamTools
  readonly #socket: Socket
  readonly #tries: Set<StreamTry>
  #session: ClientHttp2Session | null
  #state: number
  #streamsMax: number
  #served: number
  /** Streams above it were never touched; -1 until GOAWAY. */
  #lastStream: number
  #heardMs: number
  /** When it was last asked for a sign of life, and whether that is still due. */
  #pingMs: number
  #isAsked: boolean
  hasAnswered: boolean
  deadlineMs: number
  slot: number

  constructor(owner: SessionOwner, tools: StreamTools, socket: Socket, about: SessionFacts) {
    this.#owner = owner
    this.#tools = tools
    this.#socket = socket
    this.scheme = about.isTls ? 'https' : 'http'
    this.counted = about.counted
    this.openedMs = owner.clock.now()
    this.#tries = new Set()
    this.#session = null
    this.#state = CONNECTING
    this.#streamsMax = about.streams
    this.#served = 0
    this.#lastStream = -1
    this.#heardMs = 0
    this.#pingMs = 0
    this.#isAsked = false
    this.hasAnswered = false
    this.deadlineMs = 0
    this.slot = -1
  }

  get isOpen(): boolean {
    return this.#state === OPEN
  }

  /** No stream is open. */
  get isIdle(): boolean {
    return this.#tries.size === 0
  }

  get hasRoom(): boolean {
    return (
      this.#state <= OPEN &&
      this.#tries.size < this.#streamsMax &&
      this.#served < this.#owner.limits.requestsMax
    )
  }

  /** Sends, at once or when it is connected. There must be room. */
  send(x: Exchange, target: Target): void {
    const one = new StreamTry(x, target, this, this.#tools)
    const isReused = this.#served > 0
    this.#served++
    this.#tries.add(one)
    this.#owner.started(one)
    if (this.#state !== OPEN) return
    if (this.#tries.size === 1) {
      this.#heardMs = this.#owner.clock.now()
      this.#watch()
    }
    one.begin(this.#session!, isReused)
    if (this.#served >= this.#owner.limits.requestsMax) this.#drain()
  }

  /** The socket is connected, and HTTP/2 is what both speak. */
  onConnect(): void {
    if (this.#state !== CONNECTING) return
    const session = connect('http://target', {
      createConnection: () => this.#socket,
      maxSessionMemory: SESSION_MEMORY,
      maxHeaderListPairs: RESPONSE_LIMITS.fieldsMax,
      peerMaxConcurrentStreams: this.#streamsMax,
      settings: {
        enablePush: false,
        initialWindowSize: STREAM_WINDOW,
        maxHeaderListSize: RESPONSE_LIMITS.headBytesMax,
      },
    })
    this.#session = session
    this.#state = OPEN
    this.#heardMs = this.#owner.clock.now()
    session.on('connect', () => session.setLocalWindowSize(SESSION_WINDOW))
    session.on('remoteSettings', (settings) => this.#onSettings(settings.maxConcurrentStreams))
    session.on('goaway', (_code, lastStream) => this.#onGoaway(lastStream))
    session.on('error', () => {}) // 'close' follows, and its streams tell
    session.on('close', () => this.#close(faults.TARGET_RESET))
    if (this.#tries.size === 0) return this.#becomeIdle()
    this.#watch()
    let isReused = false
    for (const one of [...this.#tries]) {
      one.begin(session, isReused)
      isReused = true
    }
    if (this.#served >= this.#owner.limits.requestsMax) this.#drain()
  }

  #onSettings(streams: number | undefined): void {
    this.#heardMs = this.#owner.clock.now()
    this.#streamsMax = Math.min(streams ?? STREAMS_MAX, STREAMS_MAX)
    this.#owner.allows(this.#streamsMax)
    if (this.hasRoom) this.#owner.hasRoom(this)
  }

  #onGoaway(lastStream: number | undefined): void {
    this.#lastStream = lastStream ?? -1
    this.#drain()
  }

  #drain(): void {
    if (this.#state >= DRAINING) return
    this.#state = DRAINING
    this.#owner.drains(this)
    if (this.#tries.size === 0) this.destroy()
  }

  answered(): void {
    this.hasAnswered = true
    this.#heardMs = this.#owner.clock.now()
  }

  isUntouched(streamId: number | undefined): boolean {
    return streamId === undefined || (this.#lastStream >= 0 && streamId > this.#lastStream)
  }

  leave(over: StreamTry): void {
    if (!this.#tries.delete(over)) return
    this.#owner.over(over)
    if (this.#tries.size === 0) this.#becomeIdle()
    if (this.hasRoom) this.#owner.hasRoom(this)
  }

  #becomeIdle(): void {
    // Nobody waits for it any more while it connects, or it takes no more.
    if (this.#state !== OPEN || !this.#owner.mayIdle(this)) return this.destroy()
    this.deadlineMs = this.#owner.clock.now() + this.#owner.limits.idleTimeoutMs
  }

  /** Sets the time of the next look at a session with open streams. */
  #watch(): void {
    const again = this.#pingMs > this.#heardMs ? this.#pingMs + PING_AGAIN_MS : 0
    this.deadlineMs = Math.max(this.#heardMs + PING_AFTER_MS, again)
  }

  onDeadline(nowMs: number): void {
    if (this.#state === CLOSED) return
    if (this.#tries.size === 0 || this.#isAsked) return this.destroy()
    this.#watch()
    if (this.deadlineMs > nowMs) return
    this.#isAsked = this.#session!.ping(() => {
      this.#isAsked = false
      if (this.#tries.size > 0) this.#watch()
    })
    this.#pingMs = nowMs
    this.deadlineMs = nowMs + PING_WAIT_MS
  }

  /** All that wait for it, who are to go another way: ALPN has chosen HTTP/1.1. */
  release(): StreamTry[] {
    const waiting = [...this.#tries]
    this.#tries.clear()
    for (const one of waiting) this.#owner.over(one)
    this.destroy()
    return waiting
  }

  /** The socket has failed before there was a session. */
  onFailed(fault: Fault, detail: string): void {
    if (this.#state === CONNECTING) this.#close(fault, detail)
  }

  /** Ends it; tries that are left fail. */
  destroy(): void {
    this.#close(faults.TARGET_RESET)
  }

  #close(fault: Fault, detail = ''): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    this.deadlineMs = 0
    this.#session?.destroy()
    this.#socket.destroy()
    this.#owner.closed(this)
    for (const one of [...this.#tries]) one.onGone(fault, detail)
  }
}

export interface SessionFacts {
  readonly isTls: boolean
  /** What the target is thought to allow at once. */
  readonly streams: number
  readonly counted: ConnectionLimits | null
}
