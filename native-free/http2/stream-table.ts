/**
 * stream-table — a connection's streams that are open, by id; those that wait to be used again; and the ids of those
 * that have gone, since frames for them may still be on their way.
 *
 * HOT     `find` runs once a frame: nearly always for the stream of the frame before.
 */
import { http2Limits } from './http2-limits.ts'
import type { Http2Output } from './http2-output.ts'
import type { Http2Stream } from './http2-stream.ts'

/** What became of a stream that is not open. */
export const NEVER_OPEN = 0
export const ENDED = 1
/** By us: the client may not have known when it sent. */
export const RESET = 2

export class StreamTable {
  count: number
  readonly #open: (Http2Stream | null)[]
  readonly #free: Http2Stream[]
  /** Ids of the last that have gone, those that we reset as negative numbers. */
  readonly #gone: Int32Array
  #goneAt: number
  #last: Http2Stream | null
  /** Whose turn it is to send. */
  #turn: number

  constructor() {
    this.count = 0
    this.#open = []
    this.#free = []
    this.#gone = new Int32Array(http2Limits.goneKept)
    this.#goneAt = 0
    this.#last = null
    this.#turn = 0
  }

  find(id: number): Http2Stream | null {
    const last = this.#last
    if (last !== null && last.id === id) return last
    for (let i = this.count - 1; i >= 0; i--) {
      const stream = this.#open[i]!
      if (stream.id !== id) continue
      this.#last = stream
      return stream
    }
    return null
  }

  /** The stream at a place below `count`. */
  at(place: number): Http2Stream | null {
    return place < this.count ? this.#open[place]! : null
  }

  /** One to use again, or null. */
  spare(): Http2Stream | null {
    return this.#free.pop() ?? null
  }

  add(stream: Http2Stream): void {
    stream.place = this.count
    this.#open[this.count++] = stream
    this.#last = stream
  }

  remove(stream: Http2Stream, isReset: boolean): void {
    if (stream.place < 0) return
    const moved = this.#open[--this.count]!
    this.#open[stream.place] = moved
    moved.place = stream.place
    this.#open[this.count] = null
    this.note(stream.id, isReset)
    stream.place = -1
    stream.id = 0
    if (this.#last === stream) this.#last = null
    this.#free.push(stream)
  }

  /** Remembers an id that is not open any more, or never was. */
  note(id: number, isReset: boolean): void {
    this.#gone[this.#goneAt] = isReset ? -id : id
    this.#goneAt = (this.#goneAt + 1) % http2Limits.goneKept
  }

  whatBecameOf(id: number): number {
    for (let i = 0; i < http2Limits.goneKept; i++) {
      if (this.#gone[i] === id) return ENDED
      if (this.#gone[i] === -id) return RESET
    }
    return NEVER_OPEN
  }

  /** Has streams send what waits, a frame each in turn, as far as windows and socket go. True when some left. */
  pump(output: Http2Output): boolean {
    let hasSent = false
    for (let moved = true; moved && !output.isBlocked; ) {
      moved = false
      for (let i = this.count; i > 0 && !output.isBlocked; i--) {
        // Goes on where it stopped the last time, so that nobody is always first.
        if (this.#turn >= this.count) this.#turn = 0
        const stream = this.at(this.#turn++)
        if (stream?.isPending === true && stream.pump()) moved = true
      }
      if (moved) hasSent = true
    }
    return hasSent
  }

  /** The socket has taken what waited. */
  tellRoom(): void {
    for (let i = this.count - 1; i >= 0; i--) this.at(i)?.tellRoom()
  }

  onDeadline(nowMs: number): void {
    for (let i = this.count - 1; i >= 0; i--) this.at(i)?.onDeadline(nowMs)
  }

  /** The first of all streams' limits of time; 0: none. */
  earliestMs(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.count; i++) {
      const stream = this.#open[i]!
      if (stream.bodyDeadlineMs !== 0) earliest = Math.min(earliest, stream.bodyDeadlineMs)
      if (stream.sendDeadlineMs !== 0) earliest = Math.min(earliest, stream.sendDeadlineMs)
    }
    return earliest === Number.POSITIVE_INFINITY ? 0 : earliest
  }
}
