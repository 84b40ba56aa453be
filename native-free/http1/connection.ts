/**
 * connection — one client's connection: reads requests in order, and writes each answer before the next is read.
 *
 * WHAT    IDLE ─▶ HEAD ─▶ BODY ─▶ WAIT ─▶ IDLE …      one exchange at a time; what is pipelined waits in `#held`
 *                          └─▶ DISCARD ─┘             (answered before the body was read)
 *                                   └─▶ LINGER        (last answer sent: what still comes is read and dropped)
 *         All connections of a worker read into one shared buffer: what is read is handled before the next read.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Head by HeadLimits, body by bodyBytesMax, silence and rate by ListenerLimits, pipelined bytes by one read,
 *         unread answer bytes by OUTBOX_HIGH plus one read, discarded bytes by DISCARD_MAX.
 *
 * HOT     `onRead`, `writeHead`, `writeBody` and `end` run for every request.
 */
import type { Socket } from 'node:net'
import { appendBytes, NO_BYTES } from '../../src/base/append-bytes.ts'
import type { Timed } from '../../src/base/deadlines.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import { OUTBOX_HIGH, type Outbox } from '../../src/base/outbox.ts'
import type { Flushable } from '../../src/base/turn.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Client } from '../../src/contract/listener.ts'
import { MORE } from '../../src/http1/answers.ts'
import { INVALID, persists, requestLength } from '../../src/http1/framing.ts'
import { SocketWriter, type WriteOwner } from '../../src/socket/socket-writer.ts'
import type { ListenerSide } from '../listener-side.ts'
import { type Peer, PeerIdentity } from '../peer.ts'
import { AnswerWriter } from './answer-writer.ts'
import { BODY_DONE, BodyReader } from './body-reader.ts'
import { BODY, CLOSED, DISCARD, HEAD, IDLE, LINGER, patience, patienceMs, WAIT } from './client-state.ts'
import { headFault } from './head-fault.ts'
import { endsAtClose } from './response-framing.ts'

/** Bytes of an unwanted body read for the sake of keeping the connection. */
const DISCARD_MAX = 1024 * 1024

export class Connection extends PeerIdentity implements Client, Flushable, Timed, WriteOwner {
  readonly #listener: ListenerSide
  readonly #socket: Socket
  readonly #body: BodyReader
  readonly #writer: SocketWriter
  readonly #answer: AnswerWriter
  readonly out: Outbox
  #x: Exchange | null
  #state: number
  #held: Buffer
  #taking: boolean
  #reading: boolean
  #bodyOpen: boolean
  #inputEnded: boolean
  #discarded: number
  /** When the head had come, and then the body. */
  #wholeAtMs: number
  queued: boolean
  deadlineMs: number
  slot: number

  constructor(listener: ListenerSide, socket: Socket, peer: Peer) {
    super(peer)
    this.#listener = listener
    this.#socket = socket
    this.#body = new BodyReader(listener.limits)
    this.#writer = new SocketWriter(listener.writes, this)
    this.#writer.attach(socket, peer.scheme === 'https')
    this.out = this.#writer.out
    this.#answer = new AnswerWriter(this.out)
    this.#x = null
    this.#state = IDLE
    this.#held = NO_BYTES
    this.#taking = false
    this.#reading = true
    this.#bodyOpen = false
    this.#inputEnded = false
    this.#discarded = 0
    this.#wholeAtMs = 0
    this.queued = false
    this.deadlineMs = listener.clock.now() + listener.limits.headerTimeoutMs
    this.slot = -1
  }

  // ── what the client sends ────────────────────────────────────────────────────────────────────────

  /** From the socket: `count` bytes are in the shared buffer. False stops reading. */
  onRead(count: number, buffer: Buffer): boolean {
    this.take(buffer, 0, count)
    return this.#reading
  }

  /** Handles bytes [start, end) as far as they may be handled now, and holds the rest. */
  take(buffer: Buffer, start: number, end: number): void {
    let at = start
    this.#taking = true
    while (at < end && this.#state !== CLOSED) {
      if (this.#state <= HEAD && !this.#writer.isBlocked) at = this.#takeHead(buffer, at, end)
      else if (this.#state === BODY && this.#bodyOpen) at = this.#takeBody(buffer, at, end)
      else if (this.#state === DISCARD) at = this.#takeUnwanted(buffer, at, end)
      else if (this.#state === LINGER) break
      else {
        this.#hold(buffer, at, end)
        break
      }
    }
    this.#taking = false
  }

  #takeHead(buffer: Buffer, start: number, end: number): number {
    const listener = this.#listener
    let x = this.#x
    if (x === null) {
      x = listener.exchanges.acquire()
      x.client = this
      x.startMs = listener.clock.now()
      this.#x = x
      this.#state = HEAD
      this.deadlineMs = x.startMs + listener.limits.headerTimeoutMs
    }
    const at = x.request.feed(buffer, start, end)
    if (at >= 0) {
      this.#begin(x)
      return at
    }
    if (at !== MORE) this.#refuse(x, headFault(at))
    return end
  }

  /** The head is whole: works out framing and persistence, and hands the exchange to the flow. */
  #begin(x: Exchange): void {
    const listener = this.#listener
    const head = x.request
    const limits = listener.limits
    this.#wholeAtMs = listener.clock.now()
    this.requestsOnConnection++
    x.requestLength = requestLength(head)
    if (x.requestLength === INVALID) return this.#refuse(x, faults.REQUEST_MALFORMED)
    x.keepAlive =
      persists(head) && this.requestsOnConnection < limits.keepAliveRequestsMax && !listener.draining
    if (limits.bodyBytesMax !== 0 && x.requestLength > limits.bodyBytesMax)
      return this.#refuse(x, faults.REQUEST_BODY_TOO_LARGE)
    this.deadlineMs = 0
    this.#bodyOpen = false
    if (x.requestLength === 0) {
      this.#state = WAIT
      x.requestEnded = true
    } else {
      this.#state = BODY
      this.#body.reset(x.requestLength, this.#wholeAtMs)
    }
    listener.events.enter(x)
  }

  #takeBody(buffer: Buffer, start: number, end: number): number {
    const x = this.#x!
    const now = this.#listener.clock.now()
    const verdict = this.#body.read(x, buffer, start, end)
    const at = this.#body.pos
    // Spans lie in the reader until the next read; the flow may close us while it takes one.
    if (this.#body.dataEnd > this.#body.dataStart) {
      this.#listener.events.requestBody(x, buffer, this.#body.dataStart, this.#body.dataEnd)
      if (this.#x !== x || this.#state !== BODY) return at
    }
    if (verdict === BODY_DONE) {
      this.#state = WAIT
      this.#wholeAtMs = now
      this.#rearm()
      this.#listener.events.requestEnd(x)
      return at
    }
    const fault = this.#body.faultOf(verdict, now)
    if (fault === faults.NONE) this.#rearm()
    else this.#refuse(x, fault)
    return at
  }

  /** The answer is out and the body was not wanted: reads on, so that the connection can be kept. */
  #takeUnwanted(buffer: Buffer, start: number, end: number): number {
    const x = this.#x!
    const verdict = this.#body.read(x, buffer, start, end)
    const at = this.#body.pos
    this.#discarded += at - start
    if (verdict === BODY_DONE) this.#nextRequest()
    else if (verdict !== 0 || this.#discarded > DISCARD_MAX) this.#linger()
    return at
  }

  #hold(buffer: Buffer, start: number, end: number): void {
    this.#held = appendBytes(this.#held, buffer, start, end)
    this.#reading = false
  }

  /** Handles what was held, then reads on. */
  #release(): void {
    if (this.#taking) return
    while (this.#held.length > 0 && this.#mayTake()) {
      const held = this.#held
      this.#held = NO_BYTES
      this.take(held, 0, held.length)
    }
    if (this.#held.length > 0 || !this.#mayTake()) return
    if (this.#inputEnded) this.#afterInput()
    else if (!this.#reading) {
      this.#reading = true
      this.#socket.resume()
    }
  }

  #mayTake(): boolean {
    if (this.#state === BODY) return this.#bodyOpen
    // A client that does not read its answers is not given more of them.
    return this.#state !== CLOSED && this.#state !== WAIT && !this.#writer.isBlocked
  }

  #refuse(x: Exchange, fault: Fault): void {
    x.keepAlive = false
    this.#state = LINGER
    this.#listener.events.refuse(x, fault)
  }

  /** From the socket: the client has ended its side; a request that is whole still gets its answer. */
  onEnd(): void {
    this.#inputEnded = true
    if (this.#held.length === 0) this.#afterInput()
  }

  #afterInput(): void {
    const x = this.#x
    if (this.#state === WAIT && x !== null) {
      // A client that ends its side with its request waits for the answer; one that does so later has gone away.
      if (this.#listener.clock.now() - this.#wholeAtMs > patience.longAfterMs) this.onGone(faults.CLIENT_GONE)
    } else if (this.#state === LINGER) this.#finishOutput()
    else if (this.#state !== BODY && (this.out.used > 0 || this.#writer.isBlocked)) this.#linger()
    else this.onGone(faults.CLIENT_GONE)
  }

  /** From the socket, or from a limit: nobody is there any more. */
  onGone(fault: Fault): void {
    if (this.#state === CLOSED) return
    const x = this.#x
    const whole = this.#state >= BODY && this.#state <= WAIT
    this.destroy()
    if (x === null) return
    if (whole) this.#listener.events.clientGone(x, fault)
    this.#listener.exchanges.release(x)
  }

  onDeadline(): void {
    const x = this.#x
    if (this.#writer.isBlocked) this.onGone(faults.CLIENT_STALLED)
    else if (this.#state === HEAD && x !== null) this.#refuse(x, faults.REQUEST_TIMEOUT)
    else if (this.#state === BODY && x !== null) this.#refuse(x, faults.REQUEST_TIMEOUT)
    else this.onGone(faults.CLIENT_GONE)
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  writeHead(x: Exchange): void {
    if (this.#listener.draining) x.keepAlive = false
    this.#answer.head(x)
    this.#listener.turn.push(this)
  }

  writeInfo(x: Exchange): void {
    this.#answer.info(x)
    this.#listener.turn.push(this)
  }

  writeContinue(): void {
    this.#answer.continue()
    this.#listener.turn.push(this)
  }

  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    this.#answer.body(bytes, start, end)
    if (this.#writer.isBlocked) return false
    // A write that fails here fails again at the end of the turn, when nobody holds the exchange.
    if (this.out.used < OUTBOX_HIGH || !this.#send()) this.#listener.turn.push(this)
    return !this.#writer.isBlocked
  }

  end(x: Exchange): void {
    this.#answer.end(x)
    this.#listener.turn.push(this)
    const wantsBody = !x.requestEnded && this.#state === BODY
    if (!x.keepAlive || this.#state === LINGER) this.#linger()
    else if (!wantsBody) this.#nextRequest()
    else if (x.expectsContinue) this.#linger()
    else {
      this.#state = DISCARD
      this.#discarded = 0
      this.#rearm()
      this.#release()
    }
  }

  /** Starts the limit of the state anew. A client that is behind with reading has that limit and no other. */
  #rearm(): void {
    if (this.#writer.isBlocked) return
    const ms = patienceMs(this.#state, this.#bodyOpen, this.#listener.limits)
    this.deadlineMs = ms === 0 ? 0 : this.#listener.clock.now() + ms
  }

  abort(x: Exchange): void {
    // What was gathered this turn goes too: a cut answer must not look whole, and where the close ends it only a
    // reset tells.
    if (endsAtClose(x) && this.peerAddress !== 'unix:') this.#socket.resetAndDestroy()
    this.destroy()
    this.#listener.exchanges.release(x)
  }

  #nextRequest(): void {
    this.#listener.exchanges.release(this.#x!)
    this.#x = null
    this.#state = IDLE
    this.#rearm()
    if (!this.#taking && (this.#held.length > 0 || !this.#reading || this.#inputEnded)) this.#release()
  }

  /** The last answer is in the outbox: once it has left, end our side and wait a little for the client to end its. */
  #linger(): void {
    const x = this.#x
    this.#x = null
    this.#state = LINGER
    this.#held = NO_BYTES
    if (x !== null) this.#listener.exchanges.release(x)
    this.#rearm()
    this.#listener.turn.push(this)
    if (this.#reading) return
    this.#reading = true
    this.#socket.resume()
  }

  flush(): void {
    if (this.#state === CLOSED) return
    if (!this.#send()) return this.onGone(faults.CLIENT_GONE)
    if (this.#state === LINGER && !this.#writer.isBlocked) this.#finishOutput()
  }

  #send(): boolean {
    if (!this.#writer.flush()) return false
    if (this.#writer.isBlocked)
      this.deadlineMs = this.#listener.clock.now() + this.#listener.limits.sendTimeoutMs
    return true
  }

  #finishOutput(): void {
    if (this.#inputEnded && !this.#writer.isBlocked && this.out.used === 0) this.destroy()
    else if (this.out.used === 0 && !this.#socket.writableEnded) this.#socket.end()
    else if (this.out.used > 0) this.#listener.turn.push(this)
  }

  onProgress(): void {
    this.deadlineMs = this.#listener.clock.now() + this.#listener.limits.sendTimeoutMs
  }

  /** The client has read what it was behind with. */
  onWritten(ok: boolean): void {
    if (!ok) return this.onGone(faults.CLIENT_GONE)
    this.#rearm()
    if (this.#state === LINGER) return this.#finishOutput()
    if (this.#x !== null) this.#listener.events.clientDrain(this.#x)
    this.#release()
  }

  pauseBody(): void {
    if (this.#state !== BODY || !this.#bodyOpen) return
    this.#bodyOpen = false
    this.#rearm()
    this.#body.stopped(this.#listener.clock.now())
    if (this.#taking) return
    this.#reading = false
    this.#socket.pause()
  }

  resumeBody(): void {
    if (this.#state !== BODY || this.#bodyOpen) return
    this.#bodyOpen = true
    this.#body.started(this.#listener.clock.now())
    this.#rearm()
    this.#release()
  }

  /** Ends an idle connection soon, or has the exchange under way be its last. */
  drain(): void {
    if (this.#state !== IDLE) return
    if (this.out.used > 0 || this.#writer.isBlocked) return this.#linger()
    // A request may be on its way already: it is still answered, with `Connection: close`.
    this.deadlineMs = Math.min(this.deadlineMs, this.#listener.clock.now() + patience.idleDrainMs)
  }

  destroy(): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    this.#x = null
    this.#held = NO_BYTES
    this.#writer.detach()
    this.deadlineMs = 0
    this.#socket.destroy()
    this.#listener.closed(this)
  }
}
