/** sink-set — the sinks of the log thread, one for each file and settings, whichever workers and plans use it. */
import type { Opening } from '../ring-door.ts'
import { type FigureBook, labelOf } from './figures.ts'
import { type CommonTools, ShippedSink } from './shipped-sink.ts'

/** What a sink that no plan has any more may take to deliver the rest. */
const UNUSED_MS = 30_000

export class SinkSet {
  readonly #sinks = new Map<string, ShippedSink>()
  readonly #keys = new Map<ShippedSink, string>()
  /** Unused ones on their way out. */
  readonly #leaving = new Map<ShippedSink, Promise<void>>()
  readonly #book: FigureBook
  readonly #common: CommonTools

  constructor(book: FigureBook, common: CommonTools) {
    this.#book = book
    this.#common = common
  }

  use({ from, name, settings }: Opening): ShippedSink {
    const key = JSON.stringify([from, name, settings])
    let sink = this.#sinks.get(key)
    if (sink === undefined) {
      const opening = { from, name, settings }
      sink = new ShippedSink(opening, this.#book.of(labelOf(opening)), this.#common)
      this.#sinks.set(key, sink)
      this.#keys.set(sink, key)
    }
    sink.users++
    return sink
  }

  unuse(sink: ShippedSink): void {
    if (--sink.users > 0) return
    this.#sinks.delete(this.#keys.get(sink) ?? '')
    this.#keys.delete(sink)
    this.#leaving.set(
      sink,
      sink.close(UNUSED_MS).finally(() => this.#leaving.delete(sink)),
    )
  }

  reopen(): void {
    for (const sink of this.#sinks.values()) sink.reopen()
    for (const sink of this.#leaving.keys()) sink.reopen()
  }

  countWaiting(): void {
    for (const sink of this.#sinks.values()) sink.figures.waiting += sink.waiting
    for (const sink of this.#leaving.keys()) sink.figures.waiting += sink.waiting
  }

  /** At most `graceMs`, also for those that were on their way out with more time than that. */
  async close(graceMs: number): Promise<void> {
    const open = [...this.#sinks.values()].map((sink) => sink.close(graceMs))
    let late: NodeJS.Timeout | undefined
    const isLate = new Promise<void>((resolve) => {
      late = setTimeout(resolve, graceMs)
    })
    await Promise.all([...open, Promise.race([Promise.all(this.#leaving.values()), isLate])])
    clearTimeout(late)
    for (const sink of this.#leaving.keys()) sink.figures.lose(sink.waiting, 'closed')
    this.#leaving.clear()
  }
}
