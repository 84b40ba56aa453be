/**
 * slot — a place for one request at a time, as a loop of load sees it: a connection of HTTP/1.1, a stream of HTTP/2, a
 * WebSocket, or a connection that is made for the handshake's sake.
 *
 * WHAT    closed ─▶ connecting ─▶ idle ◀─▶ busy, and from each back to closed. In one run all slots are of one class.
 */
import type { Target } from './target.ts'

export interface SlotOwner {
  readonly target: Target
  /** Bytes have come, or a step of a handshake is done; a large answer comes in many. */
  hasRead(): void
  /** It can carry a request. */
  opened(slot: Slot): void
  /** The answer to its request is whole. It is idle or closed now. */
  answered(slot: Slot, status: number): void
  /** Its request will get no answer. It is closed now. */
  failed(slot: Slot, reason: string): void
  /** It ended without a request; `reason` is '' for an orderly end. */
  ended(slot: Slot, reason: string): void
}

export interface Slot {
  /** Of the request it carries: which, and when that was due. */
  readonly index: number
  readonly dueUs: number
  /** When it was last opened. */
  readonly openedUs: number
  /** Answers since then. */
  readonly served: number
  readonly isClosed: boolean
  readonly isConnecting: boolean
  readonly isIdle: boolean
  readonly isBusy: boolean
  /** `opened` may be told before this returns. */
  open(nowUs: number): void
  /** It must be idle. */
  send(index: number, dueUs: number): void
  /** Gives its request up. */
  fail(reason: string): void
  close(): void
}
