/** stream-counts — counts what becomes of connections on stream listeners, and writes their lines. */
import type { Clock } from '../base/clock.ts'
import { faults } from '../base/faults.ts'
import type { StreamRecord, StreamTally } from '../contract/stream.ts'
import {
  type Counters,
  FAULTS,
  PLUGIN_FAILURES,
  STREAM_BYTES_IN,
  STREAM_BYTES_OUT,
  STREAMS,
  STREAMS_OPEN,
  STREAMS_REFUSED,
} from '../state/counters.ts'
import { LineTime } from './line-time.ts'
import { streamLine } from './stream-line.ts'
import type { AccessSink } from './tally.ts'

export class StreamCounts implements StreamTally {
  readonly #counters: Counters
  readonly #access: AccessSink | null
  readonly #time: LineTime

  /** `access` is null while PROXY_STREAM_ACCESS_LOG is off. */
  constructor(counters: Counters, access: AccessSink | null, clock: Clock) {
    this.#counters = counters
    this.#access = access
    this.#time = new LineTime(clock)
  }

  opened(): void {
    this.#counters.add(STREAMS, 1)
    this.#counters.add(STREAMS_OPEN, 1)
  }

  refused(): void {
    this.#counters.add(STREAMS_REFUSED, 1)
  }

  closed(record: StreamRecord): void {
    const { fault, tries, bytesIn, bytesOut } = record
    this.#counters.add(STREAMS_OPEN, -1)
    if (fault !== faults.NONE) this.#counters.add(FAULTS + fault.id, 1)
    if (fault !== faults.NONE && tries === 0) this.refused()
    this.#counters.add(STREAM_BYTES_IN, bytesIn)
    this.#counters.add(STREAM_BYTES_OUT, bytesOut)
    this.#tellPlugins(record)
    const access = this.#access
    if (access === null) return
    // As an access line has it, which goes on with a quote.
    const time = Buffer.from(this.#time.read()).toString('latin1').slice(1, -2)
    access.openLine().putLatin1(streamLine(record, time))
    access.closeLine()
  }

  /** A plugin that throws is no reason to lose the line. */
  #tellPlugins(record: StreamRecord): void {
    for (const handler of record.route?.ends ?? [])
      try {
        handler.onStreamEnd!(record)
      } catch {
        this.#counters.add(PLUGIN_FAILURES, 1)
      }
  }
}
