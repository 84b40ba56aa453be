/**
 * judge — holds a run to the bounds of bench/gates.json.
 *
 * Against the reference the median of the rounds' ratios counts, as the goals are stated; against a base commit
 * noise.ts decides, since a change is usually smaller than the noise. What could not be measured is never held.
 * A scenario with a failed request has one verdict, that one: figures of requests that failed say nothing.
 */
import { ratiosOf, type Spread, showCount, spreadOf } from '../report/ratios.ts'
import type { Round, RunResult, ScenarioResult, SubjectResult } from '../report/result.ts'
import { type Against, type Bound, boundsAgainst, PLAIN } from './bounds.ts'
import type { Gates } from './gates.ts'
import { sideOf } from './noise.ts'
import { type Party, remarkOn, whyLate, whyUnfit, whyUnseen } from './unfit.ts'

export type Outcome = 'held' | 'broken' | 'not measured'

export interface Verdict {
  readonly scenario: string
  readonly subject: string
  readonly against: Against
  /** The bound's name in gates.json; 'errors' for failed requests. */
  readonly bound: string
  /** What a ratio is to, in words: `nginx`, `base`, `plain-64`; '' for a figure that stands alone. */
  readonly to: string
  readonly limit: number
  /** What counted: the median of the rounds, or their worst where one is too many. */
  readonly found: number | null
  readonly spread: Spread | null
  readonly outcome: Outcome
  /** Why it was not measured, or what failed; '' else. */
  readonly why: string
  /** What the reader has to know of a percentile that was judged; '' else. */
  readonly remark: string
}

/** Base bounds only where the run had, or should have had, a base. */
export function judge(
  gates: Gates,
  run: RunResult,
  asked: readonly Against[] = askedOf(gates, run),
): Verdict[] {
  return asked.flatMap((against) =>
    [...gates[against].bounds].flatMap(([scenario, limits]) =>
      judgeScenario({ gates, run, against, scenario }, limits),
    ),
  )
}

function askedOf(gates: Gates, run: RunResult): Against[] {
  const { subject } = gates.base
  const ran = run.scenarios.some(({ subjects }) => subjects.some(({ name }) => name === subject))
  const hasBase = ran || run.missing.some(({ peer }) => peer === subject)
  return hasBase ? ['reference', 'base'] : ['reference']
}

interface Case {
  readonly gates: Gates
  readonly run: RunResult
  readonly against: Against
  readonly scenario: string
}

function judgeScenario(here: Case, limits: ReadonlyMap<string, number>): Verdict[] {
  const own = findSubject(here.run, here.scenario, here.gates.subject)
  const errors = judgeErrors(here, own)
  const isTold = here.against === 'base' && here.gates.reference.bounds.has(here.scenario)
  if (errors.outcome === 'broken') return isTold ? [] : [errors]
  const others = boundsAgainst(here.against)
    .filter((bound) => limits.has(bound.name))
    .map((bound) => judgeBound(here, bound, limits.get(bound.name)!))
  return isTold ? others : [errors, ...others]
}

function judgeErrors(here: Case, own: SubjectResult | null): Verdict {
  const rounds = own?.rounds ?? []
  const blank = { ...identify(here), bound: 'errors', to: '', limit: 0, spread: null, remark: '' }
  if (rounds.length === 0)
    return {
      ...blank,
      found: null,
      outcome: 'not measured',
      why: whyAbsent(here.run, here.scenario, blank.subject),
    }
  const failed = rounds.reduce((sum, round) => sum + round.capacity.errors + round.latency.errors, 0)
  if (failed === 0) return { ...blank, found: 0, outcome: 'held', why: '' }
  const why = `${showCount(failed)} of ${showCount(countRequests(rounds, here.run))} requests failed`
  return { ...blank, found: failed, outcome: 'broken', why }
}

/** Those of the closed loop are known by their rate alone. */
function countRequests(rounds: readonly Round[], run: RunResult): number {
  const inRound = (round: Round): number =>
    round.latency.requests + Math.round(round.capacity.requestsPerS * run.settings.seconds)
  return rounds.reduce((sum, round) => sum + inRound(round), 0)
}

function judgeBound(here: Case, bound: Bound, limit: number): Verdict {
  const own = partyOf(here, here.scenario, bound.of ?? here.gates.subject)
  const other = otherOf(here, bound)
  const blank = { ...identify(here), bound: bound.name, to: nameOf(here, bound), limit, remark: '' }
  const why = whyUnfit(bound, own, other, here.run.settings)
  if (why !== '') return { ...blank, found: null, spread: null, outcome: 'not measured', why }
  const figures = figuresOf(bound, own, other)
  const spread = spreadOf(figures)
  const isFigure = (one: number): boolean =>
    Number.isFinite(one) && (one > 0 || (one === 0 && bound.canBeZero === true))
  if (spread === null || !figures.every(isFigure)) {
    const none = `a round has no ${bound.says}`
    return { ...blank, found: null, spread: null, outcome: 'not measured', why: none }
  }
  const found = bound.worst === true ? spread.most : spread.median
  const remark = remarkOn(bound, here.run.settings)
  const decided = decide(here.against, bound, limit, { found, figures })
  const late = bound.beyond === undefined ? '' : whyHidden(own.rounds, (other ?? own).rounds)
  // A generator that was late, or blind, adds to both sides and pulls the ratio to 1. So it may hide what is over, but
  // what is over in nearly every round all the same is over; a median, as against the reference, could be chance.
  if (late !== '' && !(here.against === 'base' && decided.outcome === 'broken'))
    return { ...blank, found: null, spread: null, outcome: 'not measured', why: late }
  return { ...blank, found, spread, remark, ...decided }
}

function whyHidden(own: readonly Round[], other: readonly Round[]): string {
  return whyLate(own, other) || whyUnseen([...own, ...other])
}

function decide(
  against: Against,
  bound: Bound,
  limit: number,
  { found, figures }: { found: number; figures: readonly number[] },
): Pick<Verdict, 'outcome' | 'why'> {
  const isOver = (figure: number): boolean => (bound.atLeast === true ? figure < limit : figure > limit)
  if (against === 'reference') return { outcome: isOver(found) ? 'broken' : 'held', why: '' }
  const side = sideOf(figures, isOver)
  if (side === 'over') return { outcome: 'broken', why: '' }
  if (side === 'within') return { outcome: 'held', why: '' }
  const why = `${figures.length} rounds are too few, or too far apart, to tell`
  return { outcome: 'not measured', why }
}

/** Rounds of two scenarios are minutes apart: each is set against the median of the other's, not beside its namesake. */
function figuresOf(bound: Bound, own: Party, other: Party | null): number[] {
  const read = (party: Party): number[] => party.rounds.map((round) => bound.read(round) ?? Number.NaN)
  if (other === null) return read(own)
  if (bound.to !== 'plain') return ratiosOf(read(own), read(other))
  const plain = spreadOf(read(other))!.median
  return read(own).map((figure) => figure / plain)
}

function otherOf(here: Case, bound: Bound): Party | null {
  if (bound.to === 'none') return null
  if (bound.to === 'plain') return partyOf(here, PLAIN, here.gates.subject)
  return partyOf(here, here.scenario, nameOf(here, bound))
}

function nameOf(here: Case, bound: Bound): string {
  if (bound.to === 'none') return ''
  if (bound.to === 'subject') return here.gates.subject
  return bound.to === 'plain' ? PLAIN : here.gates[here.against].subject
}

function partyOf({ run }: Case, scenario: string, name: string): Party {
  const { rounds, gatewayCores = run.settings.gatewayCores } = findSubject(run, scenario, name) ?? {
    rounds: [],
  }
  return { name, rounds, gatewayCores, absent: rounds.length > 0 ? '' : whyAbsent(run, scenario, name) }
}

function whyAbsent(run: RunResult, scenario: string, name: string): string {
  const missing = run.missing.find((one) => one.peer === name && one.scenario === scenario)
  if (missing !== undefined) return `${name} is missing: ${missing.why}`
  if (findScenario(run, scenario) === null) return `${scenario} was not run`
  return `${name} did not take part in ${scenario}`
}

function findScenario(run: RunResult, name: string): ScenarioResult | null {
  return run.scenarios.find(({ scenario }) => scenario.name === name) ?? null
}

function findSubject(run: RunResult, scenario: string, name: string): SubjectResult | null {
  return findScenario(run, scenario)?.subjects.find((subject) => subject.name === name) ?? null
}

function identify({ gates, scenario, against }: Case): Pick<Verdict, 'scenario' | 'subject' | 'against'> {
  return { scenario, subject: gates.subject, against }
}
