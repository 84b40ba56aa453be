/**
 * ring-source — reads one worker's ring: opens and closes the sinks it names, and hands records to them.
 *
 * While a sink's module is being loaded this ring waits, and the others do not.
 */
import type { LogRecord } from '../../../contract/machine/log-sinks.ts'
import {
  CLOSE,
  LOSS_SLOTS,
  LogRingReader,
  OPEN,
  PROXY_LINES,
  RESET,
  SINKS_FIRST,
  STREAM_LINES,
} from '../../../state/logs/log-ring.ts'
import type { NumberedOpening } from '../log-messages.ts'
import type { Opening } from '../ring-door.ts'
import type { Figures } from './figures.ts'
import type { LinesSink } from './lines-sink.ts'
import { NO_ROOM } from './ring-losses.ts'
import type { ShippedSink } from './shipped-sink.ts'
import type { SinkSet } from './sink-set.ts'

export interface SourceOptions {
  readonly worker: number
  readonly ring: SharedArrayBuffer
  readonly sinks: SinkSet
  /** By number: PROXY_LINES, STREAM_LINES. */
  readonly lines: readonly (LinesSink | null)[]
  /** Where records of numbers that nobody knows are counted. */
  readonly unknown: Figures
  readonly readRecord: (bytes: Buffer, start: number, end: number) => LogRecord
  /** To be kept for a thread that takes this one's place; `number` -1: all of the worker. */
  readonly opened: (opening: NumberedOpening) => void
  readonly closed: (worker: number, number: number) => void
  /** There is something to read again. */
  readonly wake: () => void
}

export class RingSource {
  readonly reader: LogRingReader
  readonly #options: SourceOptions
  readonly #buffer: Buffer
  readonly #sinks = new Map<number, ShippedSink>()
  #isPaused = false

  constructor(options: SourceOptions) {
    this.#options = options
    this.reader = new LogRingReader(options.ring)
    const { buffer, byteOffset, byteLength } = this.reader.bytes
    this.#buffer = Buffer.from(buffer, byteOffset, byteLength)
  }

  /** There is something to be read, and nothing is waited for. */
  get isDue(): boolean {
    return !this.#isPaused && !this.reader.isEmpty
  }

  /** Takes over what a thread before this one had open. */
  restore(number: number, opening: Opening): void {
    this.#use(number, opening)
  }

  /** Once all is restored: what the thread before this one died of is lost. */
  passDeadly(): void {
    const { reader } = this
    if (!reader.passDeadly() || reader.sink < SINKS_FIRST) return
    const figures = this.#sinks.get(reader.sink)?.figures ?? this.#options.unknown
    figures.records++
    figures.lose(1, 'log thread ended')
  }

  /** At most so many records; answers how many there were. */
  read(records: number): number {
    const { reader } = this
    let count = 0
    while (count < records && !this.#isPaused && reader.next()) {
      this.#take(reader)
      reader.release()
      count++
    }
    return count
  }

  /** Brings what the worker found no room for to its sink's figures. */
  countLost(): void {
    this.#options.lines.forEach((lines, number) => {
      const lost = this.reader.takeLost(number)
      lines?.figures.lose(lost, NO_ROOM)
      if (lines !== null) lines.figures.records += lost
    })
    for (const [number, sink] of this.#sinks) this.#countLost(number, sink.figures)
    this.#countLost(LOSS_SLOTS, this.#options.unknown)
  }

  #countLost(number: number, figures: Figures): void {
    const lost = this.reader.takeLost(number)
    figures.records += lost
    figures.lose(lost, NO_ROOM)
  }

  #take(reader: LogRingReader): void {
    const { sink, count, start, end } = reader
    if (sink === PROXY_LINES || sink === STREAM_LINES)
      this.#options.lines[sink]?.write(this.#buffer, start, end, count)
    else if (sink >= SINKS_FIRST) this.#ship(sink, start, end)
    else if (sink === OPEN) this.#open(count, start, end)
    else if (sink === CLOSE) this.#close(count)
    else if (sink === RESET) this.#reset()
  }

  #ship(number: number, start: number, end: number): void {
    const sink = this.#sinks.get(number)
    const figures = sink?.figures ?? this.#options.unknown
    figures.records++
    if (sink === undefined) return figures.lose(1, 'not opened')
    let record: LogRecord
    try {
      record = this.#options.readRecord(this.#buffer, start, end)
    } catch (cause) {
      figures.lose(1, 'not readable')
      return sink.complain('a log record could not be read', cause)
    }
    sink.write(record)
  }

  #open(number: number, start: number, end: number): void {
    // What ring-door.ts has written.
    const opening = JSON.parse(this.#buffer.toString('utf8', start, end)) as Opening
    this.#close(number)
    // Before the record is released: a thread that takes over must know of it.
    this.#options.opened({ ...opening, worker: this.#options.worker, number })
    this.#use(number, opening)
  }

  #use(number: number, opening: Opening): void {
    const sink = this.#options.sinks.use(opening)
    this.#sinks.set(number, sink)
    if (!sink.isLoading) return
    this.#isPaused = true
    void sink.loaded.then(() => {
      this.#isPaused = [...this.#sinks.values()].some((each) => each.isLoading)
      this.#options.wake()
    })
  }

  #close(number: number): void {
    const sink = this.#sinks.get(number)
    if (sink === undefined) return
    this.#countLost(number, sink.figures)
    this.#sinks.delete(number)
    this.#options.closed(this.#options.worker, number)
    this.#options.sinks.unuse(sink)
  }

  #reset(): void {
    for (const number of [...this.#sinks.keys()]) this.#close(number)
  }
}
