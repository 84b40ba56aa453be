/**
 * pipe — two sides joined: bytes and ends pass both ways, and a slow side stops the other.
 *
 * WHAT    client ──▶ outbox of the target ──▶ target          Each side may end its way while the other goes on; the
 *         client ◀── outbox of the client ◀── target          pipe is over when both have, or when a side is lost and
 *                                                             what it had sent before has left.
 *
 * LIMITS  `idleMs` without a byte either way; `stallMs` while the target takes nothing.
 *
 * HOT     `carry` runs for every read.
 */
import type { Clock } from '../../base/clock.ts'
import type { StreamEnd } from '../../contract/stream.ts'
import type { WriteRequests } from '../../socket/socket-writer.ts'
import { Side, type SideOwner } from './side.ts'

export interface PipeOwner {
  /** Set with every byte: when both have been still for too long. */
  deadlineMs: number
  /** `lost`: the side whose connection broke, or null when both have ended in order. */
  pipeOver(lost: Side | null): void
}

export class Pipe implements SideOwner {
  readonly client: Side
  readonly target: Side
  /** Who ended it first. */
  endedBy: StreamEnd
  #idleMs: number
  #stallMs: number
  #lost: Side | null
  #isOver: boolean
  readonly #clock: Clock
  readonly #owner: PipeOwner

  constructor(requests: WriteRequests, clock: Clock, owner: PipeOwner) {
    this.client = new Side(requests, this)
    this.target = new Side(requests, this)
    this.endedBy = 'gateway'
    this.#idleMs = 0
    this.#stallMs = 0
    this.#lost = null
    this.#isOver = false
    this.#clock = clock
    this.#owner = owner
  }

  /** The target's side is open. What the client has sent meanwhile goes first. */
  start(idleMs: number, stallMs: number): void {
    this.#idleMs = idleMs
    this.#stallMs = stallMs
    if (!this.target.flush()) return this.sideLost(this.target)
    this.sideDrained(this.target)
  }

  /** Bytes [start, end) came from `from`. False stops reading there. */
  carry(from: Side, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isOver || this.#lost !== null) return false
    const to = from === this.client ? this.target : this.client
    from.received += end - start
    to.put(bytes, start, end)
    if (to.isOpen) {
      if (!to.flush()) {
        this.sideLost(to)
        return false
      }
      this.#touch()
    }
    if (!to.isBehind) return true
    from.pause()
    return false
  }

  /** `side` has ended its way. */
  sideEnded(side: Side): void {
    if (this.#isOver || side.hasEnded) return
    side.hasEnded = true
    if (this.endedBy === 'gateway') this.endedBy = this.#nameOf(side)
    const other = side === this.client ? this.target : this.client
    other.finish()
    if (this.client.isEnded && this.target.isEnded) this.#end()
  }

  sideDrained(side: Side): void {
    if (this.#isOver) return
    this.#touch()
    const other = side === this.client ? this.target : this.client
    if (this.#lost === other) return this.#end()
    if (other.hasEnded) side.finish()
    else if (!side.isBehind) other.resume()
    if (this.client.isEnded && this.target.isEnded) this.#end()
  }

  sideProgressed(): void {
    this.#touch()
  }

  /** Its connection is gone. What it had sent before is still its peer's. */
  sideLost(side: Side): void {
    if (this.#isOver || this.#lost === side) return
    if (this.#lost !== null) return this.#end()
    this.#lost = side
    if (this.endedBy === 'gateway') this.endedBy = this.#nameOf(side)
    const other = side === this.client ? this.target : this.client
    if (!other.isWaiting) this.#end()
  }

  #nameOf(side: Side): StreamEnd {
    return side === this.client ? 'client' : 'target'
  }

  #touch(): void {
    if (!this.target.isOpen) return
    const limitMs = this.target.isBlocked ? this.#stallMs : this.#idleMs
    this.#owner.deadlineMs = this.#clock.now() + limitMs
  }

  #end(): void {
    this.#isOver = true
    this.#owner.pipeOver(this.#lost)
  }

  /** At once, both sides. */
  destroy(): void {
    this.#isOver = true
    this.client.destroy()
    this.target.destroy()
  }
}
