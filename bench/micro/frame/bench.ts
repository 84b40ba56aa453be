/**
 * bench — what a micro bench is: groups of cases that do the same work in different ways, as data and functions.
 *
 * The cases of a group are timed in turns, and their ratios are to the group's first case.
 */

export interface Bench {
  /** Its file is NAME.bench.ts. */
  readonly name: string
  /** One sentence: what is measured. */
  readonly says: string
  readonly groups: readonly Group[]
}

export interface Group {
  readonly name: string
  /**
   * `cpu`, unless said otherwise: processor time of the whole process, so that a busy neighbour is not counted and the
   * collector's and the compiler's threads are. `wall` where a second thread of ours is at work meanwhile.
   */
  readonly clock?: ClockName
  /** Makes what the cases need, when their turn comes. `quick`: only to see that it runs, so small tables will do. */
  open(quick: boolean): readonly Case[] | Promise<readonly Case[]>
}

export type ClockName = 'cpu' | 'wall'

export interface Case {
  readonly name: string
  /** Name and version of what is not ours. */
  readonly peer?: string
  /** What to know of this case beside its times: what it took to build, say. */
  readonly note?: string
  /** How many operations one run is, where they come in packs; figures are of one operation. 1 if not told. */
  readonly pack?: number
  /** Does it so many times over. Answers a number that depends on every result, so that no call can be left out. */
  run(times: number): number | Promise<number>
  /** Around every stretch of runs, outside what is timed: wakes a second thread and lays it to rest. */
  begin?(): void
  end?(): void
  /** After the group's last round. */
  close?(): void | Promise<void>
}

/** Of a whole run, as the command line has it. */
export interface Settings {
  readonly rounds: number
  /** A stretch of runs takes at least as long. */
  readonly batchMs: number
  /** Parts of groups' full names, `bench / group`: what has none of them is left out. None: all. */
  readonly only: readonly string[]
  readonly quick: boolean
}
