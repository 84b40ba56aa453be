/**
 * ring-door — a worker's door to sinks: numbers them, tells the log thread of each with its first record, and puts
 * records into the ring.
 *
 * WHAT    Sinks of the same file and settings are one, so that a reload that changes nothing about a sink leaves it
 *         open: the new plan opens before the old one closes. What opens and closes goes through the ring too, and so
 *         stands in order with the records.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  What finds no room in the ring is lost, and counted for its sink; an opening that finds none is tried again
 *         with the next record, a closing with the next that opens or closes.
 *
 * HOT     `put` runs once a request and sink.
 */
import { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { LogDoor, LogSink } from '../../contract/machine/log-sinks.ts'
import { type Counters, LOGS_DROPPED } from '../../state/counters.ts'
import { CLOSE, OPEN, RECORD_BYTES_MAX, SINKS_FIRST } from '../../state/logs/log-ring.ts'
import type { RingEnd } from './ring-end.ts'

/** What the box of records keeps between two of them. */
const BOX_BYTES = 64 * 1024
const NOTHING = new Outbox()

/** Puts the record of an exchange behind what is in `out`. */
export type PutRecord = (out: Outbox, x: Exchange, extras: readonly (string | null)[] | null) => void

/** What an opening says, as JSON. */
export interface Opening {
  readonly from: string
  readonly name: string
  readonly settings: object
}

export class RingDoor implements LogDoor {
  readonly ring: RingEnd
  readonly counters: Counters
  readonly putRecord: PutRecord
  /** All records are made in it. */
  readonly box: Outbox
  readonly #sinks: Map<string, NumberedSink>
  /** Numbers whose sink is closed, and has been told to be. */
  readonly #free: number[]
  readonly #unclosed: number[]
  #next: number

  constructor(ring: RingEnd, counters: Counters, putRecord: PutRecord) {
    this.ring = ring
    this.counters = counters
    this.putRecord = putRecord
    this.box = new Outbox()
    this.box.reserve(BOX_BYTES)
    this.#sinks = new Map()
    this.#free = []
    this.#unclosed = []
    this.#next = SINKS_FIRST
  }

  open(from: string, name: string, settings: object): LogSink {
    this.#closeLate()
    const opening: Opening = { from, name, settings }
    const text = JSON.stringify(opening)
    const known = this.#sinks.get(text)
    if (known !== undefined) return new OpenedSink(known)
    const bytes = new Outbox()
    bytes.putAll(Buffer.from(text))
    if (bytes.used > RECORD_BYTES_MAX) throw new Error(`the settings of sink ${name} are too long`)
    const number = this.#free.pop() ?? this.#next++
    const sink = new NumberedSink(this, number, bytes, () => {
      this.#sinks.delete(text)
      if (sink.isOpen) this.#unclosed.push(number)
      else this.#free.push(number)
      this.#closeLate()
    })
    this.#sinks.set(text, sink)
    return new OpenedSink(sink)
  }

  #closeLate(): void {
    while (this.#unclosed.length > 0) {
      const number = this.#unclosed[0]!
      if (!this.ring.write(CLOSE, NOTHING, number)) return
      this.#unclosed.shift()
      this.#free.push(number)
    }
  }
}

/** One file with one set of settings, for all plans that have it. */
class NumberedSink {
  users: number
  isOpen: boolean
  readonly unused: () => void
  readonly #door: RingDoor
  readonly #number: number
  readonly #opening: Outbox

  constructor(door: RingDoor, number: number, opening: Outbox, unused: () => void) {
    this.users = 0
    this.isOpen = false
    this.unused = unused
    this.#door = door
    this.#number = number
    this.#opening = opening
  }

  put(x: Exchange, extras: readonly (string | null)[] | null): void {
    const door = this.#door
    const box = door.box
    box.used = 0
    door.putRecord(box, x, extras)
    if (!this.isOpen && !this.#openInRing()) door.ring.lose(this.#number, 1)
    else if (door.ring.write(this.#number, box, 1)) return this.#shrink(box)
    door.counters.add(LOGS_DROPPED, 1)
    this.#shrink(box)
  }

  #openInRing(): boolean {
    this.isOpen = this.#door.ring.write(OPEN, this.#opening, this.#number)
    return this.isOpen
  }

  #shrink(box: Outbox): void {
    if (box.bytes.length <= BOX_BYTES) return
    box.release()
    box.reserve(BOX_BYTES)
  }
}

/** One plan's hold on it. */
class OpenedSink implements LogSink {
  readonly #sink: NumberedSink
  #isClosed: boolean

  constructor(sink: NumberedSink) {
    this.#sink = sink
    this.#isClosed = false
    sink.users++
  }

  put(x: Exchange, extras: readonly (string | null)[] | null): void {
    this.#sink.put(x, extras)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (--this.#sink.users === 0) this.#sink.unused()
  }
}
