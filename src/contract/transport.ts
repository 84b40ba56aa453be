/**
 * transport — the contract between the flow and whoever carries a request to a target.
 *
 * `send` takes one try. Calls back, in order: targetInfo* · targetHead · targetBody* · targetEnd, or targetFault at
 * any point, after which nothing follows. A 101 is a targetHead with x UPGRADED, and the body behind it is the
 * tunnel's. The transport decides nothing: retries, timeouts' meaning and answers are
 * the flow's.
 */
import type { Fault } from '../base/faults.ts'
import type { Exchange } from './exchange.ts'
import type { Pools, Target } from './target.ts'

export interface Transport extends Pools {
  /** Sends x.request's head to `target`; x.carrier is set when it returns, unless targetFault was called. */
  send(x: Exchange, target: Target): void
}

/** One try under way: the target's side of an exchange. */
export interface Carrier {
  /** Sends request body; false asks to pause the client until FlowSide.targetDrain. Bytes are copied. */
  writeBody(x: Exchange, bytes: Uint8Array, start: number, end: number): boolean
  /** The request body is whole. */
  endBody(x: Exchange): void
  /** Gives up the try at once: the connection is closed and no callback follows. */
  abort(x: Exchange): void
  pause(): void
  resume(): void
}

export interface TransportEvents {
  /** The worker's clock. */
  now(): number
  /** The request head has left for a connected target: body bytes may follow. */
  targetReady(x: Exchange): void
  /** A 1xx head is in x.response. */
  targetInfo(x: Exchange): void
  /** The final head is in x.response, its body's length in x.responseLength. */
  targetHead(x: Exchange): void
  /** Bytes [start, end) of body, decoded, lent. False asks for a pause; `carrier.resume()` ends it. */
  targetBody(x: Exchange, bytes: Buffer, start: number, end: number): boolean
  targetEnd(x: Exchange): void
  /** Of a tunnel: the target has ended its side, and may still be sent to. targetEnd follows once both have ended. */
  targetHalfEnd(x: Exchange): void
  targetFault(x: Exchange, fault: Fault): void
  /** Room again after writeBody answered false. */
  targetDrain(x: Exchange): void
}
