/**
 * connection — one client's connection: reads requests in order, and writes each answer before the next is read.
 *
 * WHAT    IDLE ─▶ HEAD ─▶ BODY ─▶ WAIT ─▶ IDLE …      one exchange at a time; what is pipelined waits in `held`
 *                          │       └─▶ TUNNEL         (the target said 101: bytes pass both ways until both ends)
 *                          └─▶ DISCARD ─┘             (answered before the body was read)
 *                                   └─▶ LINGER        (last answer sent: what still comes is read and dropped)
 *         All connections of a worker read into one shared buffer: what is read is handled before the next read. The
 *         reading half is client-input.ts.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Head by HeadLimits, body by bodyBytesMax, silence and rate by ListenerLimits, pipelined bytes by one read,
 *         unread answer bytes by OUTBOX_HIGH plus one read, discarded bytes by DISCARD_MAX. The silence of a tunnel is
 *         limited by the target's side.
 *
 * HOT     `onRead`, `writeHead`, `writeBody` and `end` run for every request.
 */
import type { Socket } from 'node:net'
import { NO_BYTES } from '../../src/base/append-bytes.ts'
import type { Timed } from '../../src/base/deadlines.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import { OUTBOX_HIGH, type Outbox } from '../../src/base/outbox.ts'
import type { Flushable } from '../../src/base/turn.ts'
import { type Exchange, UPGRADED } from '../../src/contract/exchange.ts'
import { SocketWriter, type WriteOwner } from '../../src/socket/socket-writer.ts'
import type { ListenerSide } from '../listener-side.ts'
import type { Peer } from '../peer.ts'
import { AnswerWriter } from './answer-writer.ts'
import { ClientInput } from './client-input.ts'
import { BODY, CLOSED, DISCARD, IDLE, LINGER, patience, TUNNEL } from './client-state.ts'
import { endsAtClose } from './response-framing.ts'

export class Connection extends ClientInput implements Flushable, Timed, WriteOwner {
  protected readonly writer: SocketWriter
  readonly out: Outbox
  readonly #answer: AnswerWriter
  /** Of a tunnel: the target has ended its side, and so do we. */
  #halfEnded: boolean
  queued: boolean
  slot: number

  constructor(listener: ListenerSide, socket: Socket, peer: Peer) {
    super(listener, socket, peer)
    this.writer = new SocketWriter(listener.writes, this)
    this.writer.attach(socket, peer.scheme === 'https')
    this.out = this.writer.out
    this.#answer = new AnswerWriter(this.out)
    this.#halfEnded = false
    this.queued = false
    this.slot = -1
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  writeHead(x: Exchange): void {
    if (this.listener.draining) x.keepAlive = false
    this.#answer.head(x)
    this.listener.turn.push(this)
    if (x.upgrade !== UPGRADED) return
    x.keepAlive = false
    this.state = TUNNEL
  }

  halfEnd(): void {
    this.#halfEnded = true
    this.listener.turn.push(this)
  }

  writeInfo(x: Exchange): void {
    this.#answer.info(x)
    this.listener.turn.push(this)
  }

  writeContinue(): void {
    this.#answer.continue()
    this.listener.turn.push(this)
  }

  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#halfEnded) return true
    this.#answer.body(bytes, start, end)
    if (this.writer.isBlocked) return false
    // A write that fails here fails again at the end of the turn, when nobody holds the exchange.
    if (this.out.used < OUTBOX_HIGH || !this.#send()) this.listener.turn.push(this)
    return !this.writer.isBlocked
  }

  end(x: Exchange): void {
    this.#answer.end(x)
    this.listener.turn.push(this)
    const wantsBody = !x.requestEnded && this.state === BODY
    if (!x.keepAlive || this.state === LINGER) this.linger()
    else if (!wantsBody) this.nextRequest()
    else if (x.expectsContinue) this.linger()
    else {
      this.state = DISCARD
      this.discarded = 0
      this.rearm()
      this.release()
    }
  }

  abort(x: Exchange): void {
    // What was gathered this turn goes too: a cut answer must not look whole, and where the close ends it only a
    // reset tells.
    if (endsAtClose(x) && this.peerAddress !== 'unix:') this.socket.resetAndDestroy()
    this.destroy()
    this.listener.exchanges.release(x)
  }

  protected nextRequest(): void {
    this.listener.exchanges.release(this.x!)
    this.x = null
    this.state = IDLE
    this.rearm()
    if (!this.taking && (this.held.length > 0 || !this.reading || this.inputEnded)) this.release()
  }

  /** The last answer is in the outbox: once it has left, end our side and wait a little for the client to end its. */
  protected linger(): void {
    const x = this.x
    this.x = null
    this.state = LINGER
    this.held = NO_BYTES
    if (x !== null) this.listener.exchanges.release(x)
    this.rearm()
    this.listener.turn.push(this)
    if (this.reading) return
    this.reading = true
    this.socket.resume()
  }

  flush(): void {
    if (this.state === CLOSED) return
    if (!this.#send()) return this.onGone(faults.CLIENT_GONE)
    if ((this.state === LINGER || this.#halfEnded) && !this.writer.isBlocked) this.finishOutput()
  }

  #send(): boolean {
    if (!this.writer.flush()) return false
    if (this.writer.isBlocked)
      this.deadlineMs = this.listener.clock.now() + this.listener.limits.sendTimeoutMs
    return true
  }

  protected hasOutput(): boolean {
    return this.out.used > 0 || this.writer.isBlocked
  }

  protected finishOutput(): void {
    const isOver = this.inputEnded && this.state === LINGER
    if (isOver && !this.writer.isBlocked && this.out.used === 0) this.destroy()
    else if (this.out.used === 0 && !this.socket.writableEnded) this.socket.end()
    else if (this.out.used > 0) this.listener.turn.push(this)
  }

  onProgress(): void {
    this.deadlineMs = this.listener.clock.now() + this.listener.limits.sendTimeoutMs
  }

  /** The client has read what it was behind with. */
  onWritten(ok: boolean): void {
    if (!ok) return this.onGone(faults.CLIENT_GONE)
    this.rearm()
    if (this.state === LINGER || this.#halfEnded) return this.finishOutput()
    if (this.x !== null) this.listener.events.clientDrain(this.x)
    this.release()
  }

  /** From the socket, or from a limit: nobody is there any more. */
  onGone(fault: Fault): void {
    if (this.state === CLOSED) return
    const x = this.x
    const whole = this.state >= BODY && this.state <= TUNNEL
    this.destroy()
    if (x === null) return
    if (whole) this.listener.events.clientGone(x, fault)
    this.listener.exchanges.release(x)
  }

  /** Ends an idle connection soon, or has the exchange under way be its last. */
  drain(): void {
    if (this.state !== IDLE) return
    if (this.hasOutput()) return this.linger()
    // A request may be on its way already: it is still answered, with `Connection: close`.
    this.deadlineMs = Math.min(this.deadlineMs, this.listener.clock.now() + patience.idleDrainMs)
  }

  destroy(): void {
    if (this.state === CLOSED) return
    this.state = CLOSED
    this.x = null
    this.held = NO_BYTES
    this.writer.detach()
    this.deadlineMs = 0
    this.socket.destroy()
    this.listener.closed(this)
  }
}
