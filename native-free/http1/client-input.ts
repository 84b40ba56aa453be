/**
 * client-input — what a client's connection reads: requests in order, one at a time, and the bytes of a tunnel.
 *
 * The reading half of connection.ts, whose header draws the states and names the limits.
 *
 * HOT     `onRead` runs once a read, the rest once a request or once a read of a body.
 */
import type { Socket } from 'node:net'
import { appendBytes, NO_BYTES } from '../../src/base/append-bytes.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import type { Outbox } from '../../src/base/outbox.ts'
import { type Exchange, UPGRADE_ASKED } from '../../src/contract/exchange.ts'
import type { Client } from '../../src/contract/listener.ts'
import { MORE } from '../../src/http1/answers.ts'
import { asksForWebSocket, INVALID, persists, requestLength } from '../../src/http1/framing.ts'
import { bit } from '../../src/http1/names.ts'
import type { SocketWriter } from '../../src/socket/socket-writer.ts'
import type { ListenerSide } from '../listener-side.ts'
import { type Peer, PeerIdentity } from '../peer.ts'
import { BODY_DONE, BodyReader } from './body-reader.ts'
import {
  BODY,
  CLOSED,
  DISCARD,
  HEAD,
  IDLE,
  LINGER,
  patience,
  patienceMs,
  TUNNEL,
  WAIT,
} from './client-state.ts'
import { headFault } from './head-fault.ts'

/** Bytes of an unwanted body read for the sake of keeping the connection. */
const DISCARD_MAX = 1024 * 1024
const HAS_UPGRADE = bit('upgrade')

export abstract class ClientInput extends PeerIdentity implements Client {
  protected readonly listener: ListenerSide
  protected readonly socket: Socket
  protected abstract readonly writer: SocketWriter
  protected x: Exchange | null
  protected state: number
  /** What has come and may not be handled yet. */
  protected held: Buffer
  protected taking: boolean
  protected reading: boolean
  protected inputEnded: boolean
  protected discarded: number
  readonly #body: BodyReader
  #bodyOpen: boolean
  /** When the head had come, and then the body. */
  #wholeAtMs: number
  deadlineMs: number

  constructor(listener: ListenerSide, socket: Socket, peer: Peer) {
    super(peer)
    this.listener = listener
    this.socket = socket
    this.x = null
    this.state = IDLE
    this.held = NO_BYTES
    this.taking = false
    this.reading = true
    this.inputEnded = false
    this.discarded = 0
    this.#body = new BodyReader(listener.limits)
    this.#bodyOpen = false
    this.#wholeAtMs = 0
    this.deadlineMs = listener.clock.now() + listener.limits.headerTimeoutMs
  }

  abstract readonly out: Outbox
  abstract writeHead(x: Exchange): void
  abstract halfEnd(x: Exchange): void
  abstract writeInfo(x: Exchange): void
  abstract writeBody(x: Exchange, bytes: Uint8Array, start: number, end: number): boolean
  abstract end(x: Exchange): void
  abstract abort(x: Exchange): void
  abstract writeContinue(x: Exchange): void
  /** The exchange is over and the connection goes on. */
  protected abstract nextRequest(): void
  /** What is gathered is the last that is sent. */
  protected abstract linger(): void
  protected abstract finishOutput(): void
  protected abstract hasOutput(): boolean
  abstract onGone(fault: Fault): void

  /** From the socket: `count` bytes are in the shared buffer. False stops reading. */
  onRead(count: number, buffer: Buffer): boolean {
    this.take(buffer, 0, count)
    return this.reading
  }

  /** Handles bytes [start, end) as far as they may be handled now, and holds the rest. */
  take(buffer: Buffer, start: number, end: number): void {
    let at = start
    this.taking = true
    while (at < end && this.state !== CLOSED) {
      if (this.state <= HEAD && !this.writer.isBlocked) at = this.#takeHead(buffer, at, end)
      else if (this.state === BODY && this.#bodyOpen) at = this.#takeBody(buffer, at, end)
      else if (this.state === TUNNEL && this.#bodyOpen) {
        this.listener.events.requestBody(this.x!, buffer, at, end)
        break
      } else if (this.state === DISCARD) at = this.#takeUnwanted(buffer, at, end)
      else if (this.state === LINGER) break
      else {
        this.#hold(buffer, at, end)
        break
      }
    }
    this.taking = false
  }

  #takeHead(buffer: Buffer, start: number, end: number): number {
    const listener = this.listener
    let x = this.x
    if (x === null) {
      x = listener.exchanges.acquire()
      x.client = this
      x.startMs = listener.clock.now()
      this.x = x
      this.state = HEAD
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
    const listener = this.listener
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
      this.state = WAIT
      x.requestEnded = true
      if ((head.present & HAS_UPGRADE) !== 0 && asksForWebSocket(head)) x.upgrade = UPGRADE_ASKED
    } else {
      this.state = BODY
      this.#body.reset(x.requestLength, this.#wholeAtMs)
    }
    listener.events.enter(x)
  }

  #takeBody(buffer: Buffer, start: number, end: number): number {
    const x = this.x!
    const now = this.listener.clock.now()
    const verdict = this.#body.read(x, buffer, start, end)
    const at = this.#body.pos
    // Spans lie in the reader until the next read; the flow may close us while it takes one.
    if (this.#body.dataEnd > this.#body.dataStart) {
      this.listener.events.requestBody(x, buffer, this.#body.dataStart, this.#body.dataEnd)
      if (this.x !== x || this.state !== BODY) return at
    }
    if (verdict === BODY_DONE) {
      this.state = WAIT
      this.#wholeAtMs = now
      this.rearm()
      this.listener.events.requestEnd(x)
      return at
    }
    const fault = this.#body.faultOf(verdict, now)
    if (fault === faults.NONE) this.rearm()
    else this.#refuse(x, fault)
    return at
  }

  /** The answer is out and the body was not wanted: reads on, so that the connection can be kept. */
  #takeUnwanted(buffer: Buffer, start: number, end: number): number {
    const x = this.x!
    const verdict = this.#body.read(x, buffer, start, end)
    const at = this.#body.pos
    this.discarded += at - start
    if (verdict === BODY_DONE) this.nextRequest()
    else if (verdict !== 0 || this.discarded > DISCARD_MAX) this.linger()
    return at
  }

  #hold(buffer: Buffer, start: number, end: number): void {
    this.held = appendBytes(this.held, buffer, start, end)
    this.reading = false
  }

  /** Handles what was held, then reads on. */
  protected release(): void {
    if (this.taking) return
    while (this.held.length > 0 && this.#mayTake()) {
      const held = this.held
      this.held = NO_BYTES
      this.take(held, 0, held.length)
    }
    if (this.held.length > 0 || !this.#mayTake()) return
    if (this.inputEnded) this.#afterInput()
    else if (!this.reading) {
      this.reading = true
      this.socket.resume()
    }
  }

  #mayTake(): boolean {
    if (this.state === BODY || this.state === TUNNEL) return this.#bodyOpen
    // A client that does not read its answers is not given more of them.
    return this.state !== CLOSED && this.state !== WAIT && !this.writer.isBlocked
  }

  #refuse(x: Exchange, fault: Fault): void {
    x.keepAlive = false
    this.state = LINGER
    this.listener.events.refuse(x, fault)
  }

  /** From the socket: the client has ended its side; a request that is whole still gets its answer. */
  onEnd(): void {
    this.inputEnded = true
    if (this.held.length === 0) this.#afterInput()
  }

  #afterInput(): void {
    const x = this.x
    if (this.state === WAIT && x !== null) {
      // A client that ends its side with its request waits for the answer; one that does so later has gone away.
      if (this.listener.clock.now() - this.#wholeAtMs > patience.longAfterMs) this.onGone(faults.CLIENT_GONE)
    } else if (this.state === TUNNEL) {
      if (!x!.requestEnded) this.listener.events.requestEnd(x!)
    } else if (this.state === LINGER) this.finishOutput()
    else if (this.state !== BODY && this.hasOutput()) this.linger()
    else this.onGone(faults.CLIENT_GONE)
  }

  onDeadline(): void {
    const x = this.x
    if (this.writer.isBlocked) this.onGone(faults.CLIENT_STALLED)
    else if ((this.state === HEAD || this.state === BODY) && x !== null)
      this.#refuse(x, faults.REQUEST_TIMEOUT)
    else this.onGone(faults.CLIENT_GONE)
  }

  /** Starts the limit of the state anew. A client that is behind with reading has that limit and no other. */
  protected rearm(): void {
    if (this.writer.isBlocked) return
    const ms = patienceMs(this.state, this.#bodyOpen, this.listener.limits)
    this.deadlineMs = ms === 0 ? 0 : this.listener.clock.now() + ms
  }

  pauseBody(): void {
    if ((this.state !== BODY && this.state !== TUNNEL) || !this.#bodyOpen) return
    this.#bodyOpen = false
    this.rearm()
    this.#body.stopped(this.listener.clock.now())
    if (this.taking) return
    this.reading = false
    this.socket.pause()
  }

  resumeBody(): void {
    if ((this.state !== BODY && this.state !== TUNNEL) || this.#bodyOpen) return
    this.#bodyOpen = true
    this.#body.started(this.listener.clock.now())
    this.rearm()
    this.release()
  }
}
