/**
 * tunnel — one exchange after its 101: bytes pass both ways as they are, and the gateway can end it in good order.
 *
 * WHAT    client ─▶ fromClient ─▶ carrier     target ─▶ fromTarget ─▶ client
 *         `close` waits in each direction for the end of the frame that is under way, puts a close frame behind it, and
 *         drops what follows: who has been sent a close frame may be sent nothing more. The tunnel is over when a
 *         close frame has come from both sides, or the time for it has run out. Where the two have begun to close by
 *         themselves there is nothing to put in, and only that time runs.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Nothing is kept here. Bytes on their way are bounded by the two connections, silence by the service's
 *         read_timeout, and life by TUNNEL_LIFETIME.
 *
 * HOT     `fromClient` and `fromTarget` run once a read of a tunnel.
 */
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange, ExchangeTunnel } from '../../contract/exchange.ts'
import { GOING_AWAY, makeClientClose, makeServerClose } from './close-frame.ts'
import { FrameTracker } from './frame-tracker.ts'

/** What a tunnel asks of the flow. */
export interface TunnelOwner {
  /** From [0, 1). */
  random(): number
  /** Calls back once, in `ms` milliseconds or a little later; answers a function that calls it off. */
  later(ms: number, callback: () => void): () => void
  /** Ends the exchange now. NONE: in good order. */
  endTunnel(x: Exchange, fault: Fault): void
  /** The tunnel is no more. */
  left(tunnel: Tunnel): void
}

export class Tunnel implements ExchangeTunnel {
  readonly #x: Exchange
  readonly #owner: TunnelOwner
  readonly #client: FrameTracker
  readonly #target: FrameTracker
  #isClosing: boolean
  /** Also within a call of ours: what is sent to one side may come back from the other before that returns. */
  #isOver: boolean
  /** The side has been sent a close frame of ours. */
  #toldClient: boolean
  #toldTarget: boolean
  #callOff: (() => void) | null

  constructor(x: Exchange, owner: TunnelOwner) {
    this.#x = x
    this.#owner = owner
    this.#client = new FrameTracker()
    this.#target = new FrameTracker()
    this.#isClosing = false
    this.#isOver = false
    this.#toldClient = false
    this.#toldTarget = false
    this.#callOff = null
  }

  fromClient(bytes: Buffer, start: number, end: number): boolean {
    const x = this.#x
    if (!this.#isClosing) {
      this.#client.follow(bytes, start, end, false)
      return x.carrier === null || x.carrier.writeBody(x, bytes, start, end)
    }
    const until = this.#toldTarget ? start : this.#client.follow(bytes, start, end, true)
    const hasRoom = until === start || x.carrier === null || x.carrier.writeBody(x, bytes, start, until)
    if (!this.#toldTarget) this.#tellTarget()
    this.#client.follow(bytes, until, end, false)
    return this.#hasClosed() || hasRoom
  }

  fromTarget(bytes: Buffer, start: number, end: number): boolean {
    const x = this.#x
    if (!this.#isClosing) {
      this.#target.follow(bytes, start, end, false)
      return x.client!.writeBody(x, bytes, start, end)
    }
    const until = this.#toldClient ? start : this.#target.follow(bytes, start, end, true)
    const hasRoom = until === start || x.client!.writeBody(x, bytes, start, until)
    if (!this.#toldClient) this.#tellClient()
    this.#target.follow(bytes, until, end, false)
    return this.#hasClosed() || hasRoom
  }

  /** Ends it in `ms`, in good order. */
  openLifetime(ms: number, graceMs: number): void {
    this.#callOff = this.#owner.later(ms, () => this.close(graceMs))
  }

  /** Has both sides close, and ends it when that takes longer than `graceMs`. */
  close(graceMs: number): void {
    if (this.#isClosing) return
    this.#openGrace(graceMs)
    if (this.#client.hasClosed || this.#target.hasClosed) return
    this.#isClosing = true
    this.#tellTarget()
    this.#tellClient()
  }

  #openGrace(ms: number): void {
    this.#callOff?.()
    this.#callOff = this.#owner.later(ms, () => this.#owner.endTunnel(this.#x, faults.TUNNEL_CLOSED))
  }

  #makeTargetClose(): Buffer {
    return makeClientClose(GOING_AWAY, () => this.#owner.random())
  }

  /** Not within a frame, and not behind a close frame of the other side's own. */
  #tellTarget(): void {
    if (this.#isOver || !this.#client.isBetween || this.#client.hasClosed || this.#x.requestEnded) return
    this.#toldTarget = true
    const frame = this.#makeTargetClose()
    this.#x.carrier?.writeBody(this.#x, frame, 0, frame.length)
  }

  #tellClient(): void {
    if (this.#isOver || !this.#target.isBetween || this.#target.hasClosed) return
    this.#toldClient = true
    const frame = makeServerClose(GOING_AWAY)
    this.#x.client!.writeBody(this.#x, frame, 0, frame.length)
  }

  /** True when both have closed: the exchange is over then. */
  #hasClosed(): boolean {
    if (this.#isOver) return true
    if (!this.#client.hasClosed || !this.#target.hasClosed) return false
    this.#owner.endTunnel(this.#x, faults.NONE)
    return true
  }

  ended(): void {
    this.#isOver = true
    this.#callOff?.()
    this.#callOff = null
    this.#owner.left(this)
  }
}
