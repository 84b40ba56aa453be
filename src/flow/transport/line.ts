/**
 * line — a connection that several requests share one behind the other (RFC 9112 §9.3.2), where UPSTREAM_PIPELINING
 * is on.
 *
 * WHAT    queue  | x | x | given up | x |      answers come in the order of the requests; the first in the queue is the
 *                  ^ being read                one whose answer is being read
 *         Only GET and HEAD without a body travel here. A request that is given up keeps its place until that is the
 *         first one: nobody knows whether its answer ever comes, so the line ends and the others move to another.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  DEPTH_MAX requests a line (lines.ts). When the first one's client is slow or gives up, or the line fails, the
 *         others are tried again elsewhere: one slow reader delays the rest by a turn, not by its slowness.
 *
 * HOT     `send` and `onRead` run for every request. Before and after, by `npm run bench`: see docs/engines.md.
 */
import type { Socket } from 'node:net'
import type { Timed } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Outbox } from '../../base/outbox.ts'
import type { Flushable } from '../../base/turn.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Target } from '../../contract/target.ts'
import type { Carrier } from '../../contract/transport.ts'
import { SocketWriter, type WriteOwner } from '../../socket/socket-writer.ts'
import { AnswerReader, READ_BAD, READ_DONE } from './answer-reader.ts'
import type { ConnectionOwner } from './connection.ts'
import type { PoolLimits } from './pool.ts'

export class Line implements Carrier, Flushable, Timed, WriteOwner {
  readonly #owner: ConnectionOwner
  readonly #limits: PoolLimits
  readonly #left: (line: Line) => void
  readonly #writer: SocketWriter
  readonly #out: Outbox
  readonly #reader: AnswerReader
  /** Null: given up. Never the first. */
  readonly #queue: (Exchange | null)[]
  #socket: Socket | null
  #isTls: boolean
  #connected: boolean
  #paused: boolean
  #served: number
  queued: boolean
  deadlineMs: number
  slot: number

  /** `left` is told once, when the line takes no more requests. */
  constructor(owner: ConnectionOwner, limits: PoolLimits, left: (line: Line) => void) {
    this.#owner = owner
    this.#limits = limits
    this.#left = left
    this.#writer = new SocketWriter(owner.writes, this)
    this.#out = this.#writer.out
    this.#reader = new AnswerReader(owner.events)
    this.#queue = []
    this.#socket = null
    this.#isTls = false
    this.#connected = false
    this.#paused = false
    this.#served = 0
    this.queued = false
    this.deadlineMs = 0
    this.slot = -1
  }

  get depth(): number {
    return this.#queue.length
  }

  /** False once the socket is gone. */
  get isOpen(): boolean {
    return this.#socket !== null
  }

  get served(): number {
    return this.#served
  }

  open(socket: Socket, isTls: boolean): void {
    this.#isTls = isTls
    this.#socket = socket
  }

  onConnect(): void {
    this.#connected = true
    this.#writer.attach(this.#socket!, this.#isTls)
    if (this.#queue.length > 0) this.#expect(this.#queue[0]!)
    this.flush()
  }

  send(x: Exchange, target: Target): void {
    const now = this.#owner.clock.now()
    x.carrier = this
    x.reused = this.#served > 0
    if (x.reused) this.#owner.reuses++
    x.sentMs = now
    if (x.connectedMs === 0) x.connectedMs = now
    this.#served++
    this.#owner.head.write(this.#out, x, target)
    this.#queue.push(x)
    if (this.#queue.length === 1) {
      this.#reader.reset(x)
      this.deadlineMs =
        now + (this.#connected ? x.route!.service!.readTimeoutMs : x.route!.service!.connectTimeoutMs)
    }
    this.#owner.turn.push(this)
  }

  /** From the socket: `count` bytes are in the shared buffer. False stops reading. */
  onRead(count: number, buffer: Buffer): boolean {
    let at = 0
    while (at < count) {
      const x = this.#queue[0]
      if (x === undefined || x === null) {
        this.#fail(faults.TARGET_INVALID)
        return false
      }
      const verdict = this.#reader.take(x, buffer, at, count)
      if (this.#socket === null) return false
      if (verdict === READ_BAD) {
        this.#fail(faults.TARGET_INVALID)
        return false
      }
      if (verdict !== READ_DONE) break
      at = this.#reader.pos
      if (!this.#finish(x)) return false
    }
    if (this.#queue.length === 0) return true
    this.#expect(this.#queue[0]!)
    if (this.#reader.wantsPause) this.pause()
    return !this.#paused
  }

  /** The first answer is whole. False when the line ends with it. */
  #finish(x: Exchange): boolean {
    const goesOn = this.#reader.reusable
    this.#queue.shift()
    const next = this.#queue[0]
    if (!goesOn || next === null) this.#fail(faults.TARGET_RESET)
    else if (next !== undefined) this.#start(next)
    else if (this.#served >= this.#limits.requestsMax) this.destroy()
    else this.deadlineMs = this.#owner.clock.now() + this.#limits.idleTimeoutMs
    x.carrier = null
    this.#owner.events.targetEnd(x)
    return goesOn && this.#socket !== null
  }

  #start(x: Exchange): void {
    this.#reader.reset(x)
    this.#expect(x)
  }

  #expect(x: Exchange): void {
    this.deadlineMs = this.#owner.clock.now() + x.route!.service!.readTimeoutMs
  }

  flush(): void {
    if (!this.#writer.flush()) this.#fail(faults.TARGET_RESET)
  }

  onProgress(): void {}

  onWritten(ok: boolean): void {
    if (!ok) this.#fail(faults.TARGET_RESET)
  }

  /** From the socket: the target has ended its side, which may be the end of an answer. */
  onEnd(): void {
    const x = this.#queue[0]
    if (x && this.#reader.endsAtClose) this.#finish(x)
    else this.#fail(faults.TARGET_RESET)
  }

  /** From the socket: it failed; `detail` says more, if not ''. */
  onFailure(fault: Fault, detail: string): void {
    if (detail !== '') for (const x of this.#queue) if (x !== null) x.detail = detail
    this.onClose(fault)
  }

  /** From the socket: it failed or is gone. */
  onClose(fault: Fault): void {
    this.#fail(this.#connected ? faults.TARGET_RESET : fault)
  }

  onDeadline(): void {
    // The silence is the client's, not the target's.
    if (this.#paused && this.#queue.length > 0) return this.#expect(this.#queue[0]!)
    this.#fail(this.#connected ? faults.TARGET_READ_TIMEOUT : faults.TARGET_CONNECT_TIMEOUT)
  }

  abort(x: Exchange): void {
    const at = this.#queue.indexOf(x)
    if (at < 0) return
    this.#queue[at] = null
    if (at === 0) this.#fail(faults.TARGET_RESET)
  }

  /** The first client is slow: it keeps the connection for itself, the others go elsewhere. */
  pause(): void {
    this.#paused = true
    this.#left(this)
    const others = this.#queue.splice(1)
    this.#socket?.pause()
    // Their answers will come here too, and find nobody: the line ends behind the first.
    this.#reader.reusable = false
    for (const x of others) this.#moved(x, faults.TARGET_RESET)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#queue.length > 0) this.#expect(this.#queue[0]!)
    this.#socket?.resume()
  }

  writeBody(): boolean {
    return true
  }

  endBody(): void {}

  #moved(x: Exchange | null, fault: Fault): void {
    if (x === null) return
    x.carrier = null
    this.#owner.events.targetFault(x, fault)
  }

  /** What went wrong is the first one's; those behind it only lost their place, once there was one. */
  #fail(fault: Fault): void {
    this.destroy()
    const rest = this.#connected ? faults.TARGET_RESET : fault
    const all = this.#queue.splice(0)
    for (let i = 0; i < all.length; i++) this.#moved(all[i] ?? null, i === 0 ? fault : rest)
  }

  destroy(): void {
    if (this.#socket === null) return
    const socket = this.#socket
    this.#socket = null
    this.deadlineMs = 0
    this.#writer.detach()
    socket.destroy()
    this.#left(this)
  }
}
