/** measure — times the cases of a group in turns, then looks at what each allocates. */
import { type Allocation, allocationOf } from './allocation.ts'
import type { Case, ClockName, Group, Settings } from './bench.ts'
import { medianOf, type Spread, spreadOf } from './spread.ts'
import { findTimes, settle, timeStretch } from './stretch.ts'

export interface CaseResult {
  readonly name: string
  readonly peer: string | null
  readonly note: string | null
  readonly ns: Spread
  /** To the group's first case, round by round: the medians of the quotients and of the differences. */
  readonly ratio: number
  readonly moreNs: number
  /** Of one operation; null where a collection came in between. */
  readonly allocated: Allocation | null
  /** Nanoseconds an operation, a figure a round. */
  readonly rounds: readonly number[]
}

export interface GroupResult {
  readonly name: string
  readonly clock: ClockName
  readonly cases: readonly CaseResult[]
}

/** What is running now. */
export type Tell = (what: string) => void

/** Runs before the first round take so many times as long as a stretch does. */
const WARM_UP = 4
/** Of a stretch's runs, for the look at the heap, which has tens of them. */
const HEAP_SHARE = 0.2

export async function measureGroup(group: Group, settings: Settings, tell: Tell): Promise<GroupResult> {
  const clock = group.clock ?? 'cpu'
  const cases = await group.open(settings.quick)
  try {
    return { name: group.name, clock, cases: await measureCases(cases, clock, settings, tell) }
  } finally {
    for (const one of cases) await one.close?.()
  }
}

async function measureCases(
  cases: readonly Case[],
  clock: ClockName,
  settings: Settings,
  tell: Tell,
): Promise<CaseResult[]> {
  tell('warming up')
  for (const one of cases) await findTimes(one, clock, settings.batchMs * WARM_UP)
  // Anew, since code that cases share is compiled differently when all have run.
  const times: number[] = []
  for (const one of cases) times.push(await findTimes(one, clock, settings.batchMs))
  const rounds: number[][] = cases.map(() => [])
  for (let round = 1; round <= settings.rounds; round++) {
    tell(`round ${round} of ${settings.rounds}`)
    for (const [i, one] of cases.entries()) {
      await settle()
      rounds[i]!.push((await timeStretch(one, clock, times[i]!)) / (times[i]! * (one.pack ?? 1)))
    }
  }
  tell('heap')
  const results: CaseResult[] = []
  for (const [i, one] of cases.entries()) {
    const allocated = await allocationOf(one, Math.ceil(times[i]! * HEAP_SHARE))
    results.push(resultOf(one, rounds[i]!, rounds[0]!, allocated))
  }
  return results
}

function resultOf(
  one: Case,
  rounds: readonly number[],
  first: readonly number[],
  allocated: Allocation | null,
): CaseResult {
  return {
    name: one.name,
    peer: one.peer ?? null,
    note: one.note ?? null,
    ns: spreadOf(rounds),
    ratio: medianOf(rounds.map((ns, i) => ns / first[i]!)),
    moreNs: medianOf(rounds.map((ns, i) => ns - first[i]!)),
    allocated,
    rounds,
  }
}
