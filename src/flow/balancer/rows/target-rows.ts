/**
 * target-rows — where the targets of one upstream have their shared state: a row for each address, claimed by name.
 *
 * Addresses that come with the upstream are there from the start; those that a reload or a change of a name brings
 * later have joined then, which is what slow start asks. All workers build the same upstreams, so a thread that builds
 * one for the first time has started, or was replaced, and not reloaded.
 */
import { Fingerprint } from '../../../base/fingerprint.ts'
import { makeStandIn } from '../../../contract/target.ts'
import type { Rows } from '../../../state/rows.ts'
import { TargetState } from '../../../state/target-state.ts'

/** Where a balancer's targets get their state from. */
export interface TargetStates {
  /** `name`: of the address, within its upstream. */
  open(name: string): TargetState
  /** A target has left, and nothing of it is under way. */
  release(state: TargetState): void
  /** What comes now has joined later. */
  started(): void
  close(): void
}

/** Nobody else knows of these. */
export const PRIVATE_STATES: TargetStates = {
  open: makeStandIn,
  release: () => {},
  started: () => {},
  close: () => {},
}

/** The upstreams that this thread has built before, by the table it claims from: one table a thread. */
const built = new WeakMap<Rows, Set<string>>()

export class TargetRows implements TargetStates {
  readonly #rows: Rows
  readonly #upstreamId: string
  readonly #now: () => number
  readonly #held: Map<TargetState, number>
  #isStarting: boolean

  constructor(rows: Rows, upstreamId: string, now: () => number) {
    this.#rows = rows
    this.#upstreamId = upstreamId
    this.#now = now
    this.#held = new Map()
    const before = built.get(rows) ?? new Set()
    built.set(rows, before)
    this.#isStarting = !before.has(upstreamId)
    before.add(upstreamId)
  }

  open(name: string): TargetState {
    const rows = this.#rows
    const key = new Fingerprint()
    key.setText(rows.seedA, rows.seedB, `${this.#upstreamId}|${name}`)
    const at = rows.claim(key.a, key.b)
    const state = at < 0 ? privateState(rows) : new TargetState(rows.words, rows.doubles, at, rows.owner)
    if (at >= 0) this.#held.set(state, at)
    state.join(this.#isStarting ? 0 : this.#now())
    return state
  }

  release(state: TargetState): void {
    const at = this.#held.get(state)
    if (at === undefined) return
    this.#held.delete(state)
    this.#rows.release(at)
  }

  started(): void {
    this.#isStarting = false
  }

  close(): void {
    for (const state of [...this.#held.keys()]) this.release(state)
  }
}

/** The table is full: counted there, and known to this thread alone. */
function privateState(rows: Rows): TargetState {
  const row = rows.privateRow()
  return new TargetState(row.words, row.doubles, row.at, rows.owner)
}
