/**
 * gc-trace — what a program on V8 allocates and how long its collections stop it, read from its standard output.
 *
 * V8 writes a line for each collection of each thread. What was allocated is known when the next collection begins, so
 * an interval gets up to one young generation of a thread too much at its start, and as much too little at its end: of
 * N collections of one thread the error is at most 1/N. Where there are few, measure for longer, or start the program
 * with a smaller young generation (`--max-semi-space-size=1`), which pauses more often. Memory outside of V8's heap,
 * such as the bytes of a Buffer, is not in it; nor are the steps of marking between the pauses.
 */

/** For `node`, before the name of the program. Of V8's two forms of trace this one has bytes; the other, tenths of MB. */
export const GC_FLAGS: readonly string[] = ['--trace-gc-nvp']

export interface GcMark {
  readonly collections: number
  readonly allocatedBytes: number
}

export interface Collected {
  readonly collections: number
  readonly longestPauseMs: number
  /** All pauses together. */
  readonly pausedMs: number
  readonly allocatedBytes: number
}

/**
 * What counts, in the order in which it comes: whose line it is, the pause, bytes used before and after. It is looked
 * for in the stream, not in lines: a log that shares the output may cut a line in two. The space behind a number proves
 * that all of it has come. V8's own `allocated=` is not used: on Node 20 it is wrong for a collection during marking.
 */
const FIELDS =
  /\[\d+:(0x[0-9a-f]+)(?::\d+)?\] +\d+ ms: |\bpause=([\d.]+) |\b(?:total_size_before|start_object_size)=(\d+) |\b(?:total_size_after|end_object_size)=(\d+) /g

/** No field is longer: what is before can't be the beginning of one. */
const FIELD_MAX = 64

export class GcTrace {
  readonly #pausesMs: number[] = []
  /** By thread: bytes in use when its last collection ended. */
  readonly #used = new Map<string, number>()
  /** Threads whose line has begun; more than one where lines of two have run into each other. */
  #open: string[] = []
  #ended = 0
  #before = 0
  #allocatedBytes = 0
  #rest = ''

  /** In pieces as they come. */
  feed(text: string): void {
    const all = this.#rest + text
    let end = 0
    for (const found of all.matchAll(FIELDS)) {
      const [, thread, pause, before, after] = found
      if (thread !== undefined) this.#begin(thread)
      else if (pause !== undefined) this.#pausesMs.push(Number(pause))
      else if (before !== undefined) this.#before = Number(before)
      else this.#end(Number(after))
      end = found.index + found[0].length
    }
    this.#rest = all.slice(Math.max(end, all.length - FIELD_MAX))
  }

  mark(): GcMark {
    return { collections: this.#pausesMs.length, allocatedBytes: this.#allocatedBytes }
  }

  since(mark: GcMark): Collected {
    const pauses = this.#pausesMs.slice(mark.collections)
    return {
      collections: pauses.length,
      longestPauseMs: pauses.reduce((longest, pause) => Math.max(longest, pause), 0),
      pausedMs: pauses.reduce((sum, pause) => sum + pause, 0),
      allocatedBytes: this.#allocatedBytes - mark.allocatedBytes,
    }
  }

  #begin(thread: string): void {
    if (!this.#open.includes(thread)) this.#open.push(thread)
  }

  #end(after: number): void {
    const [thread] = this.#open
    if (thread === undefined) return // the beginning of the line was lost
    if (this.#open.length === 1) this.#count(thread, after)
    // Whose line is whose can't be known, so one interval of each thread is left out rather than guessed.
    else for (const one of this.#open) this.#used.delete(one)
    if (++this.#ended < this.#open.length) return
    this.#open = []
    this.#ended = 0
  }

  #count(thread: string, after: number): void {
    const used = this.#used.get(thread)
    // The first line of a thread has its start-up in it.
    if (used !== undefined) this.#allocatedBytes += this.#before - used
    this.#used.set(thread, after)
  }
}
