/**
 * uws-tunnel — a client of uWebSockets.js after its 101: the library speaks in messages, the flow in bytes.
 *
 * WHAT    client ─ message ─▶ frame ─▶ flow ─▶ target      target ─▶ flow ─ bytes ─▶ receiver ─ message ─▶ client
 *         Messages are whole on this way: fragments are put together, and no extension is negotiated with either side.
 *         The library answers pings itself; they are told to the target too, and its pongs are dropped.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  A message by MESSAGE_MAX. The library can't be told to read no more: what waits for a slow target is bounded
 *         by QUEUE_MAX, and then the client is sent away with 1013. What waits for a slow client pauses the target from
 *         OUTBOX_HIGH on, and is given up after sendTimeoutMs.
 */
import type { Timed } from '../../../base/deadlines.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import { OUTBOX_HIGH, Outbox } from '../../../base/outbox.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Client } from '../../../contract/listener.ts'
import type { UwsWebSocket } from './uws-api.ts'
import {
  closePayload,
  type FrameReceiver,
  LOST,
  makeFrame,
  NO_CODE,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from './uws-framing.ts'
import type { UwsShared } from './uws-shared.ts'

/** The longest message, of either side. */
export const MESSAGE_MAX = 16 * 1024 * 1024
/** Bytes of messages that wait for a slow target. */
export const QUEUE_MAX = 1024 * 1024
/** "Try again later" (the registry of close codes), and a frame that breaks the rules. */
const TRY_AGAIN_LATER = 1013
const PROTOCOL_ERROR = 1002

export class UwsTunnel implements Client, Timed {
  readonly #shared: UwsShared
  readonly #receiver: FrameReceiver
  #ws: UwsWebSocket | null
  #x: Exchange | null
  #isOpen: boolean
  #queue: Buffer[]
  #queuedBytes: number
  #inputEnded: boolean
  #isBlocked: boolean
  deadlineMs: number
  slot: number
  readonly out: Outbox
  readonly peerAddress: string
  readonly peerPort: number
  readonly localAddress: string
  readonly localPort: number
  readonly scheme: 'http' | 'https'
  readonly sni: string
  readonly tls: null
  readonly isHttp2: boolean
  readonly proxiedAddress: string
  readonly connectionId: number
  readonly requestsOnConnection: number
  forwardFields: Uint8Array
  forwardHost: Uint8Array
  forwardPort: number

  /** `asked` is the client that the request came with. */
  constructor(shared: UwsShared, x: Exchange, asked: Client) {
    this.#shared = shared
    this.#receiver = this.#makeReceiver()
    this.#ws = null
    this.#x = x
    this.#isOpen = false
    this.#queue = []
    this.#queuedBytes = 0
    this.#inputEnded = false
    this.#isBlocked = false
    this.deadlineMs = 0
    this.slot = -1
    this.out = new Outbox()
    this.peerAddress = asked.peerAddress
    this.peerPort = asked.peerPort
    this.localAddress = asked.localAddress
    this.localPort = asked.localPort
    this.scheme = asked.scheme
    this.sni = asked.sni
    this.tls = null
    this.isHttp2 = false
    this.proxiedAddress = asked.proxiedAddress
    this.connectionId = asked.connectionId
    this.requestsOnConnection = asked.requestsOnConnection
    this.forwardFields = asked.forwardFields
    this.forwardHost = asked.forwardHost
    this.forwardPort = asked.forwardPort
  }

  #makeReceiver(): FrameReceiver {
    const receiver = new this.#shared.framing.Receiver({ isServer: false, maxPayload: MESSAGE_MAX })
    receiver.on('message', (data, isBinary) => void this.#ws?.send(data, isBinary, false))
    receiver.on('ping', (data) => void this.#ws?.ping(data))
    receiver.on('conclude', (code, reason) => this.#close(code === NO_CODE ? 0 : code, reason))
    receiver.on('error', () => this.#close(PROTOCOL_ERROR, 'the target sent a frame that breaks the rules'))
    return receiver
  }

  // ── what the client sends ────────────────────────────────────────────────────────────────────────

  /** From the engine, within the call that upgrades. */
  opened(ws: UwsWebSocket): void {
    this.#ws = ws
  }

  message(bytes: ArrayBuffer, isBinary: boolean): void {
    this.#take(isBinary ? OPCODE_BINARY : OPCODE_TEXT, bytes)
  }

  pinged(bytes: ArrayBuffer): void {
    this.#take(OPCODE_PING, bytes)
  }

  ponged(bytes: ArrayBuffer): void {
    this.#take(OPCODE_PONG, bytes)
  }

  #take(opcode: number, bytes: ArrayBuffer): void {
    if (this.#x === null || this.#inputEnded) return
    const frame = makeFrame(this.#shared.framing, opcode, Buffer.from(bytes))
    if (this.#isOpen) return this.#shared.events.requestBody(this.#x, frame, 0, frame.length)
    this.#queue.push(frame)
    this.#queuedBytes += frame.length
    if (this.#queuedBytes > QUEUE_MAX) this.#close(TRY_AGAIN_LATER, 'the target does not keep up')
  }

  /** From the engine: the connection is closed, by whomever, and may not be touched any more. */
  closed(code: number, reason: ArrayBuffer): void {
    const x = this.#x
    this.#ws = null
    if (x === null) return
    if (code === LOST) return this.#gone(x, faults.CLIENT_GONE)
    this.deadlineMs = 0
    this.#inputEnded = true
    // What was too much for the target is not sent any more, but it is told how the connection ended.
    const keeps = code === TRY_AGAIN_LATER ? [] : this.#queue
    this.#queue = [
      ...keeps,
      makeFrame(this.#shared.framing, OPCODE_CLOSE, closePayload(code, Buffer.from(reason))),
    ]
    if (code === TRY_AGAIN_LATER) this.#isOpen = true
    if (this.#isOpen) this.#empty(x)
  }

  #gone(x: Exchange, fault: Fault): void {
    this.#x = null
    this.#shared.events.clientGone(x, fault)
    this.#shared.exchanges.release(x)
    this.#shared.leftTunnel(this)
  }

  pauseBody(): void {
    this.#isOpen = false
  }

  resumeBody(x: Exchange): void {
    if (this.#isOpen || this.#x !== x) return
    this.#isOpen = true
    this.#empty(x)
  }

  #empty(x: Exchange): void {
    const { events } = this.#shared
    while (this.#isOpen && this.#x === x && this.#queue.length > 0) {
      const frame = this.#queue.shift()!
      this.#queuedBytes -= frame.length
      events.requestBody(x, frame, 0, frame.length)
    }
    if (this.#x === x && this.#inputEnded && this.#queue.length === 0 && !x.requestEnded) events.requestEnd(x)
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  writeHead(): void {
    // It left with the call that upgraded.
  }

  writeInfo(): void {
    // Interim answers come before a 101.
  }

  writeContinue(): void {
    // The same.
  }

  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    // The receiver keeps what is no whole message yet, and the bytes are only lent.
    this.#receiver.write(Buffer.from(bytes.subarray(start, end)))
    if (this.#ws === null || this.#ws.getBufferedAmount() <= OUTBOX_HIGH) return true
    if (!this.#isBlocked) this.deadlineMs = this.#shared.clock.now() + this.#shared.limits.sendTimeoutMs
    this.#isBlocked = true
    return false
  }

  /** From the engine: some of what it keeps has left. */
  drained(): void {
    if (this.#ws === null || !this.#isBlocked) return
    this.deadlineMs = this.#shared.clock.now() + this.#shared.limits.sendTimeoutMs
    if (this.#ws.getBufferedAmount() > OUTBOX_HIGH) return
    this.#isBlocked = false
    this.deadlineMs = 0
    if (this.#x !== null) this.#shared.events.clientDrain(this.#x)
  }

  onDeadline(): void {
    const x = this.#x
    this.deadlineMs = 0
    if (x !== null) this.#gone(x, faults.CLIENT_STALLED)
    this.#cut()
  }

  /** The target has ended its side. Without a close frame before, that is a connection lost. */
  halfEnd(): void {
    this.#cut()
  }

  end(x: Exchange): void {
    this.#leave(x)
  }

  abort(x: Exchange): void {
    this.#leave(x)
  }

  #leave(x: Exchange): void {
    this.#x = null
    this.#shared.exchanges.release(x)
    this.#cut()
    this.#shared.leftTunnel(this)
  }

  /** Comes back through `closed`. */
  #close(code: number, reason: Buffer | string): void {
    this.#ws?.end(code, reason)
  }

  #cut(): void {
    this.#ws?.close()
  }
}
