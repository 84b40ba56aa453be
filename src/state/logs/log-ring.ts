/**
 * log-ring — what a worker tells of its exchanges, on its way to the log thread.
 *
 * WHAT    One SharedArrayBuffer a worker: a header, `size` bytes of ring, and a tail as long as the longest record, so
 *         that a record that begins before the end of the ring is contiguous. The next one then begins at 0.
 *
 *           byte 0      | written |  line of its own: where the next record will begin, in [0, size)
 *           byte 64     | read | at work |  line of its own: where the next record to be read begins; that + 1 while
 *                                         it is shipped, so that one that ends its reader is tried once
 *           byte 128    | lost by sink, 256 int32 | of these told, 256 int32 |
 *           byte 2176   | records …                                 size | tail, RECORD_BYTES_MAX and a head |
 *
 *         A record, at a multiple of 8:  | bytes of payload | sink | count | payload … |   three int32, then bytes
 *         `written` = `read`: empty. A record that would make them equal does not fit.
 *
 * WRITES  The worker: records, `lost` (plain), and `written`, by an atomic store behind the record: a worker that is
 *         killed in the middle of a record has written none, and its replacement goes on at `written`. The log thread:
 *         `read`, by an atomic store when it is done with the record, `at work` and `told` (plain). Neither waits.
 *
 * LIMITS  `size` bytes wait; beyond that the newest record is lost, and counted for its sink. So is one that is longer
 *         than RECORD_BYTES_MAX.
 *
 * HOT     `write` runs once a request and sink, or once a turn: a copy and an atomic store.
 */
import type { Outbox } from '../../base/outbox.ts'

export const RECORD_BYTES_MAX = 256 * 1024
/** Counts of what was lost: one a sink, the last for all sinks with higher numbers. */
export const LOSS_SLOTS = 256
/** Sinks with a meaning of their own; the others are numbered by the worker. */
export const PROXY_LINES = 0
export const STREAM_LINES = 1
export const SINKS_FIRST = 2
export const OPEN = -1
export const CLOSE = -2
export const RESET = -3

const WRITTEN = 0
const READ = 16
const AT_WORK = 17
const LOST = 32
const TOLD = LOST + LOSS_SLOTS
const HEADER_BYTES = (TOLD + LOSS_SLOTS) * 4
const HEAD_BYTES = 12
/** Below this many bytes a loop beats the typed array that a block copy has to create first. */
const LOOP_MAX = 96

/** `size` is rounded up to a multiple of 8. */
export function makeLogRing(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + rounded(size) + rounded(HEAD_BYTES + RECORD_BYTES_MAX))
}

/** The worker's end. */
export class LogRingWriter {
  readonly #words: Int32Array
  /** From byte 0 of the records. */
  readonly #heads: Int32Array
  readonly #bytes: Uint8Array
  readonly #size: number

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, HEADER_BYTES / 4)
    this.#heads = new Int32Array(buffer, HEADER_BYTES)
    this.#bytes = new Uint8Array(buffer, HEADER_BYTES)
    this.#size = sizeOf(buffer)
  }

  /** All that is in `out`. False: there was no room, and `count` records of `sink` are lost. */
  write(sink: number, out: Outbox, count: number): boolean {
    const end = out.used
    const at = this.#words[WRITTEN]!
    const next = this.#find(at, end)
    if (next < 0) {
      this.lose(sink, count)
      return false
    }
    const head = at >> 2
    this.#heads[head] = end
    this.#heads[head + 1] = sink
    this.#heads[head + 2] = count
    const bytes = this.#bytes
    const to = at + HEAD_BYTES
    if (end > LOOP_MAX) bytes.set(new Uint8Array(out.memory, 0, end), to)
    else for (let i = 0; i < end; i++) bytes[to + i] = out.bytes[i]!
    Atomics.store(this.#words, WRITTEN, next)
    return true
  }

  /** What never came as far as the ring. */
  lose(sink: number, count: number): void {
    const slot = LOST + slotOf(sink)
    this.#words[slot] = (this.#words[slot]! + count) | 0
  }

  /** Where the record behind one of `length` bytes begins; -1: there is no room. */
  #find(at: number, length: number): number {
    if (length > RECORD_BYTES_MAX) return -1
    const end = at + rounded(HEAD_BYTES + length)
    const read = Atomics.load(this.#words, READ)
    if (at < read) return end < read ? end : -1
    if (end < this.#size) return end
    return read === 0 ? -1 : 0
  }
}

/** The log thread's end. After `next` says true, the record's fields stand until `release`. */
export class LogRingReader {
  /** All records; the payload is at [start, end). */
  readonly bytes: Uint8Array
  sink: number
  count: number
  start: number
  end: number
  readonly #words: Int32Array
  readonly #heads: Int32Array
  readonly #size: number

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, HEADER_BYTES / 4)
    this.#heads = new Int32Array(buffer, HEADER_BYTES)
    this.bytes = new Uint8Array(buffer, HEADER_BYTES)
    this.#size = sizeOf(buffer)
    this.sink = 0
    this.count = 0
    this.start = 0
    this.end = 0
  }

  next(): boolean {
    const at = this.#words[READ]!
    if (at === Atomics.load(this.#words, WRITTEN)) return false
    this.#words[AT_WORK] = at + 1
    const head = at >> 2
    this.start = at + HEAD_BYTES
    this.end = this.start + this.#heads[head]!
    this.sink = this.#heads[head + 1]!
    this.count = this.#heads[head + 2]!
    return true
  }

  /** The record is done with: its bytes are the writer's again. */
  release(): void {
    const next = rounded(this.end)
    Atomics.store(this.#words, READ, next < this.#size ? next : 0)
    this.#words[AT_WORK] = 0
  }

  /** By a replacement: passes over the record that the reader before it died of. True: there was one, and it stands. */
  passDeadly(): boolean {
    if (this.#words[AT_WORK] !== this.#words[READ]! + 1) return false
    const isThere = this.next()
    if (isThere) this.release()
    return isThere
  }

  get isEmpty(): boolean {
    return this.#words[READ]! === Atomics.load(this.#words, WRITTEN)
  }

  /** Bytes between the two ends. */
  get waitingBytes(): number {
    const between = Atomics.load(this.#words, WRITTEN) - this.#words[READ]!
    return between >= 0 ? between : between + this.#size
  }

  /** What `sink` has lost since the last call; numbers that share a slot share the count. */
  takeLost(sink: number): number {
    const slot = slotOf(sink)
    const lost = this.#words[LOST + slot]!
    const count = (lost - this.#words[TOLD + slot]!) | 0
    this.#words[TOLD + slot] = lost
    return count
  }
}

function slotOf(sink: number): number {
  return sink < 0 || sink >= LOSS_SLOTS ? LOSS_SLOTS - 1 : sink
}

function sizeOf(buffer: SharedArrayBuffer): number {
  return buffer.byteLength - HEADER_BYTES - rounded(HEAD_BYTES + RECORD_BYTES_MAX)
}

function rounded(bytes: number): number {
  return (bytes + 7) & ~7
}
