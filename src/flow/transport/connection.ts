/**
 * connection — one connection to a target: sends requests, reads answers, and carries one exchange at a time.
 *
 * WHAT    connecting ─▶ sending/reading one exchange ─▶ idle in the pool ─▶ the next … ─▶ closed
 *                                 └─▶ tunnel, until both sides have ended theirs ─▶ closed
 *         All connections of a worker read into one shared buffer: what is read is handled before the next read.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Response heads by RESPONSE_LIMITS; bytes waiting for a target that does not read by OUTBOX_HIGH; silence
 *         by the service's three timeouts (as Kong), which stand still while the client is the one who is
 *         slow.
 *
 * HOT     `begin` and `#read` run for every request.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Timed } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import { OUTBOX_HIGH, type Outbox } from '../../base/outbox.ts'
import type { Flushable, Turn } from '../../base/turn.ts'
import { type Exchange, sendsChunks, UPGRADED } from '../../contract/exchange.ts'
import { type ConnectionLimits, HOLDS_PENDING, type Target } from '../../contract/target.ts'
import type { Carrier, TransportEvents } from '../../contract/transport.ts'
import { SocketWriter, type WriteOwner, type WriteRequests } from '../../socket/socket-writer.ts'
import { AnswerReader, READ_BAD, READ_DONE } from './answer-reader.ts'
import type { Pool, Pooled } from './pool.ts'
import type { RequestHead } from './request-head.ts'

const CONNECTING = 0
const IDLE = 1
const BUSY = 2
const CLOSED = 3

const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const CRLF = Buffer.from('\r\n')

/** What a connection needs of the transport that made it. */
export interface ConnectionOwner {
  readonly events: TransportEvents
  readonly clock: Clock
  readonly turn: Turn
  readonly head: RequestHead
  readonly writes: WriteRequests
  /** Requests that found a connection which had served before. */
  reuses: number
  /** Says why bytes from such a target are no answer, or '' where they don't show it. */
  explainBytes(pool: Pool, bytes: Uint8Array): string
  closed(connection: TargetConnection): void
}

export class TargetConnection implements Carrier, Flushable, Timed, Pooled, WriteOwner {
  readonly pool: Pool
  /** The upstream that counts it, or null. */
  readonly counted: ConnectionLimits | null
  readonly #owner: ConnectionOwner
  readonly #writer: SocketWriter
  readonly #out: Outbox
  readonly #reader: AnswerReader
  #socket: Socket | null
  #state: number
  #x: Exchange | null
  #target: Target | null
  #served: number
  /** The request has left whole. */
  #sent: boolean
  #paused: boolean
  /** The answer is whole, and TLS has not said yet that the request has left. */
  #lingers: boolean
  /** Of a tunnel: the target has ended its side; and the client. */
  #inputEnded: boolean
  #outputEnded: boolean
  queued: boolean
  deadlineMs: number
  slot: number

  constructor(owner: ConnectionOwner, pool: Pool, counted: ConnectionLimits | null) {
    this.pool = pool
    this.counted = counted
    this.#owner = owner
    this.#writer = new SocketWriter(owner.writes, this)
    this.#out = this.#writer.out
    this.#reader = new AnswerReader(owner.events)
    this.#socket = null
    this.#state = CONNECTING
    this.#x = null
    this.#target = null
    this.#served = 0
    this.#sent = false
    this.#paused = false
    this.#lingers = false
    this.#inputEnded = false
    this.#outputEnded = false
    this.queued = false
    this.deadlineMs = 0
    this.slot = -1
  }

  /** The first exchange waits while the socket connects. */
  open(socket: Socket, x: Exchange, target: Target): void {
    this.#socket = socket
    this.#x = x
    this.#target = target
    x.carrier = this
    this.deadlineMs = this.#owner.clock.now() + x.route!.service!.connectTimeoutMs
  }

  /** The socket is connected. */
  onConnect(): void {
    if (this.#state !== CONNECTING) return
    const x = this.#x
    this.#state = IDLE
    this.#writer.attach(this.#socket!, this.pool.address.tls !== null)
    if (x === null) this.#becomeIdle()
    else this.begin(x, this.#target!)
  }

  /** Sends an exchange's request; the connection must be idle. */
  begin(x: Exchange, target: Target): void {
    const now = this.#owner.clock.now()
    this.#state = BUSY
    this.#x = x
    this.#target = target
    if ((x.holds & HOLDS_PENDING) !== 0) target.limits!.givePending(x)
    this.#reader.reset(x)
    x.carrier = this
    x.reused = this.#served > 0
    if (x.reused) this.#owner.reuses++
    this.#served++
    x.sentMs = now
    if (x.connectedMs === 0) x.connectedMs = now
    this.#sent = x.requestBody === null && x.requestLength === 0
    this.#owner.head.write(this.#out, x, target)
    this.#owner.turn.push(this)
    this.deadlineMs = now + x.route!.service!.readTimeoutMs
    if (!this.#sent) this.#owner.events.targetReady(x)
  }

  writeBody(x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    if (x !== this.#x || this.#state !== BUSY) return true
    const out = this.#out
    if (sendsChunks(x)) {
      out.putHex(end - start)
      out.putAll(CRLF)
      out.put(bytes, start, end)
      out.putAll(CRLF)
    } else out.put(bytes, start, end)
    if (this.#writer.isBlocked) return false
    this.deadlineMs = this.#owner.clock.now() + x.route!.service!.readTimeoutMs
    // A write that fails here fails again at the end of the turn, when nobody holds the exchange.
    if (out.used < OUTBOX_HIGH || !this.#send(x)) this.#owner.turn.push(this)
    return !this.#writer.isBlocked
  }

  endBody(x: Exchange): void {
    if (x !== this.#x || this.#state !== BUSY) return
    if (x.upgrade === UPGRADED) {
      this.#outputEnded = true
      return this.#owner.turn.push(this)
    }
    if (this.#sent) return
    this.#sent = true
    if (!sendsChunks(x)) return
    if (x.requestTrailers.count > 0) {
      this.#out.putLatin1('0\r\n')
      x.requestTrailers.putFields(this.#out, 0)
      this.#out.putAll(CRLF)
    } else this.#out.putAll(LAST_CHUNK)
    this.#owner.turn.push(this)
  }

  flush(): void {
    if (this.#state <= CONNECTING) return
    if (!this.#send(this.#x)) this.onClose(faults.TARGET_RESET)
    else if (this.#outputEnded) this.#afterOutput()
  }

  /** Of a tunnel whose client has ended its side: once all of it has left we end ours, and it is over if both have. */
  #afterOutput(): void {
    if (this.#x === null || this.#writer.isBlocked || this.#out.used > 0) return
    if (this.#inputEnded) this.#finish(this.#x, false)
    else if (!this.#socket!.writableEnded) this.#socket!.end()
  }

  #send(x: Exchange | null): boolean {
    if (!this.#writer.flush()) return false
    if (this.#writer.isBlocked && x !== null)
      this.deadlineMs = this.#owner.clock.now() + x.route!.service!.writeTimeoutMs
    return true
  }

  onProgress(): void {
    if (this.#x !== null) this.deadlineMs = this.#owner.clock.now() + this.#x.route!.service!.writeTimeoutMs
  }

  onWritten(ok: boolean): void {
    if (!ok) return this.onClose(faults.TARGET_RESET)
    if (this.#x === null) return this.#linger()
    this.deadlineMs = this.#owner.clock.now() + this.#x.route!.service!.readTimeoutMs
    if (this.#outputEnded) this.#afterOutput()
    else this.#owner.events.targetDrain(this.#x)
  }

  /** From the socket: `count` bytes are in the shared buffer. False stops reading. */
  onRead(count: number, buffer: Buffer): boolean {
    const x = this.#x
    if (x === null) {
      // Nothing was asked: whatever this is, it can't be an answer to the next request.
      this.destroy()
      return false
    }
    const verdict = this.#reader.take(x, buffer, 0, count)
    if (this.#x !== x) return this.#state !== CLOSED
    // Bytes behind the end of an answer belong to nothing.
    if (verdict === READ_DONE) this.#finish(x, this.#reader.reusable && this.#reader.pos === count)
    else if (verdict === READ_BAD) this.#fail(faults.TARGET_INVALID)
    else {
      if (!this.#writer.isBlocked) this.deadlineMs = this.#owner.clock.now() + x.route!.service!.readTimeoutMs
      if (this.#reader.wantsPause) this.pause()
    }
    return !this.#paused
  }

  /** From the socket: the target has ended its side. */
  onEnd(): void {
    const x = this.#x
    if (x === null) return this.destroy()
    if (x.upgrade === UPGRADED) this.#endTunnelInput(x)
    else if (this.#reader.endsAtClose) this.#finish(x, false)
    else this.#fail(faults.TARGET_RESET)
  }

  #endTunnelInput(x: Exchange): void {
    this.#inputEnded = true
    if (this.#outputEnded && !this.#writer.isBlocked && this.#out.used === 0) this.#finish(x, false)
    else this.#owner.events.targetHalfEnd(x)
  }

  /** From the socket: it failed; `detail` says more, if not ''. */
  onFailure(fault: Fault, detail: string): void {
    if (this.#x !== null && detail !== '') this.#x.detail = detail
    this.onClose(fault)
  }

  /** From the socket: it failed or is gone. */
  onClose(fault: Fault): void {
    if (this.#state === CLOSED) return
    if (this.#x === null) return this.destroy()
    // Also of an answer that the close would have ended: only an orderly end says that nothing is missing.
    this.#fail(this.#state === CONNECTING ? fault : faults.TARGET_RESET)
  }

  onDeadline(nowMs: number): void {
    const x = this.#x
    if (x === null) return this.destroy()
    if (this.#state === CONNECTING) this.#fail(faults.TARGET_CONNECT_TIMEOUT)
    else if (this.#writer.isBlocked) this.#fail(faults.TARGET_WRITE_TIMEOUT)
    // While the client is slow, or has not sent all of its body, the silence is not the target's.
    else if (this.#paused || (!this.#sent && !this.#reader.started))
      this.deadlineMs = nowMs + x.route!.service!.readTimeoutMs
    else this.#fail(x.upgrade === UPGRADED ? faults.TUNNEL_IDLE : faults.TARGET_READ_TIMEOUT)
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#socket?.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#x !== null) this.deadlineMs = this.#owner.clock.now() + this.#x.route!.service!.readTimeoutMs
    this.#socket?.resume()
  }

  abort(x: Exchange): void {
    if (x !== this.#x) return
    this.#x = null
    this.destroy()
  }

  #fail(fault: Fault): void {
    const x = this.#x!
    this.#x = null
    this.destroy()
    x.carrier = null
    if (x.status === 0 && x.response.used > 0) this.#explain(x)
    this.#owner.events.targetFault(x, fault)
  }

  /** It has said something, and no answer came of it. */
  #explain(x: Exchange): void {
    const why = this.#owner.explainBytes(this.pool, x.response.bytes.subarray(0, x.response.used))
    if (why !== '') x.detail = why
  }

  /** The answer is whole. The connection goes back first: the next request may come from within targetEnd. */
  #finish(x: Exchange, reusable: boolean): void {
    this.#x = null
    this.#target = null
    x.carrier = null
    const limits = this.pool.limits
    const isOver = !reusable || !this.#sent || this.#served >= limits.requestsMax
    if (!isOver && !this.#writer.isBlocked) this.#becomeIdle()
    else if (!isOver && this.pool.address.tls !== null) {
      this.#lingers = true
      this.deadlineMs = this.#owner.clock.now() + limits.idleTimeoutMs
    } else this.destroy()
    this.#owner.events.targetEnd(x)
  }

  /** Through TLS a write is over a turn after the kernel has it, and a near target answers before that. */
  #linger(): void {
    if (!this.#lingers) return
    this.#lingers = false
    this.#becomeIdle()
  }

  #becomeIdle(): void {
    this.#state = IDLE
    this.resume()
    const waiting = this.pool.nextWaiting()
    if (waiting !== null) {
      waiting.leave()
      this.begin(waiting.x, waiting.target)
    } else if (this.pool.put(this)) this.deadlineMs = this.#owner.clock.now() + this.pool.limits.idleTimeoutMs
    else this.destroy()
  }

  destroy(): void {
    if (this.#state === CLOSED) return
    if (this.#state === IDLE) this.pool.drop(this)
    this.#state = CLOSED
    this.#writer.detach()
    this.deadlineMs = 0
    this.#socket?.destroy()
    this.#socket = null
    this.#owner.closed(this)
  }
}
