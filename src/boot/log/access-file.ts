/**
 * access-file — the access lines of one worker on their way into a file.
 *
 * WHAT    Two boxes take turns: lines are put into one while the other is being written, so that no batch is copied.
 *
 *           openLine · closeLine ──▶ gathering ──swap──▶ leaving ──▶ one append by a thread of libuv's
 *                                        ▲                  │
 *                                        └──────────────────┘
 *
 *         A line after a pause leaves at the end of its turn. Those that follow within PAUSE_MS leave together when
 *         that is over, or at once when BATCH_BYTES have gathered: an append costs as much as making twenty lines.
 *
 * WRITES  The owning worker only. O_APPEND keeps lines of several workers whole.
 *
 * LIMITS  ACCESS_BYTES_MAX may wait for a slow disk or pipe; beyond that lines are dropped, and counted. A box that
 *         had to grow is given back when it has been written.
 *
 * HOT     `openLine` and `closeLine` run once a request. No allocation but a write's own, once a batch.
 */
import { openSync, write } from 'node:fs'
import { Outbox } from '../../base/outbox.ts'
import type { AccessSink } from '../../observe/tally.ts'
import { type Counters, LOGS_DROPPED } from '../../state/counters.ts'

const ACCESS_BYTES_MAX = 4 * 1024 * 1024
const PAUSE_MS = 5
const BATCH_BYTES = 32 * 1024
/** What a box has from the start: a batch, and the longest line that is not rare. */
const BOX_BYTES = 2 * BATCH_BYTES
/** Between two tries to write to a pipe that nobody reads. */
const FULL_MS = 10

export class AccessFile implements AccessSink {
  readonly #fd: number
  readonly #counters: Counters
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  #gathering: Outbox
  #leaving: Outbox
  /** End of the last whole line in `#gathering`. */
  #ready: number
  /** Of `#leaving`: 0 when nothing is being written. */
  #left: number
  #written: number
  /** A flush will come by itself. */
  #awaited: boolean
  /** A flush was asked for while one was under way. */
  #due: boolean
  #flushedMs: number
  /** Who is to be told when every line is written. */
  readonly #waiting: (() => void)[]

  /** `now`: milliseconds of any clock. */
  constructor(place: string, counters: Counters, now: () => number) {
    this.#fd = openPlace(place)
    this.#counters = counters
    this.#now = now
    this.#timer = setTimeout(this.#flush, PAUSE_MS)
    this.#gathering = new Outbox()
    this.#leaving = new Outbox()
    this.#gathering.reserve(BOX_BYTES)
    this.#leaving.reserve(BOX_BYTES)
    this.#ready = 0
    this.#left = 0
    this.#written = 0
    this.#awaited = false
    this.#due = false
    this.#flushedMs = -Infinity
    this.#waiting = []
  }

  /** Where the next line is to be put; it counts from `closeLine` on. */
  openLine(): Outbox {
    // What somebody failed to finish is no line.
    this.#gathering.used = this.#ready
    return this.#gathering
  }

  closeLine(): void {
    const used = this.#gathering.used
    if (this.#left + used > ACCESS_BYTES_MAX) return this.#counters.add(LOGS_DROPPED, 1)
    this.#ready = used
    if (!this.#awaited) this.#await()
    else if (used >= BATCH_BYTES && this.#left === 0) this.#flush()
  }

  /** Calls `done` when every line is written, or has failed to be: also those that come until then. */
  whenIdle(done: () => void): void {
    this.#flush()
    if (this.#left === 0) done()
    else this.#waiting.push(done)
  }

  #await(): void {
    this.#awaited = true
    if (this.#now() - this.#flushedMs >= PAUSE_MS) setImmediate(this.#flush)
    else this.#timer.refresh()
  }

  readonly #flush = (): void => {
    this.#due = this.#left !== 0
    if (this.#due) return
    this.#awaited = false
    if (this.#ready === 0) return
    const batch = this.#gathering
    this.#gathering = this.#leaving
    this.#leaving = batch
    this.#left = this.#ready
    this.#ready = 0
    this.#written = 0
    this.#flushedMs = this.#now()
    this.#write()
  }

  readonly #write = (): void => {
    const from = this.#written
    write(this.#fd, this.#leaving.bytes, from, this.#left - from, null, this.#onWrite)
  }

  readonly #onWrite = (cause: NodeJS.ErrnoException | null, count: number): void => {
    if (cause === null) {
      this.#written += count
      if (this.#written < this.#left) return this.#write()
    } else if (cause.code === 'EAGAIN') {
      setTimeout(this.#write, FULL_MS)
      return
    }
    // A disk that is full or gone must not stop traffic: the batch is lost and counted.
    else this.#counters.add(LOGS_DROPPED, 1)
    this.#ended()
  }

  #ended(): void {
    this.#left = 0
    if (this.#leaving.bytes.length > BOX_BYTES) {
      this.#leaving.release()
      this.#leaving.reserve(BOX_BYTES)
    }
    if (this.#due || this.#waiting.length !== 0 || this.#ready >= BATCH_BYTES) this.#flush()
    while (this.#left === 0 && this.#waiting.length !== 0) this.#waiting.shift()!()
  }
}

/** The standard streams by number: opening /dev/stdout fails where it is a socket, as under systemd. */
export function openPlace(place: string): number {
  if (place === '/dev/stdout') return 1
  if (place === '/dev/stderr') return 2
  return openSync(place, 'a', 0o640)
}
