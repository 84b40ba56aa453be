/** unfit — why a bound can't be judged by what was measured, or ''. */
import { showCount, spreadOf } from '../report/ratios.ts'
import type { Round, Settings } from '../report/result.ts'
import type { Bound } from './bounds.ts'

export interface Party {
  readonly name: string
  readonly rounds: readonly Round[]
  /** Why there are no rounds, or ''. */
  readonly absent: string
}

/** A percentile stands on at least so many requests that lie beyond it. */
const BEYOND_LEAST = 10
/** What the generator is late by must be small against what it measures. */
const LATE_SHARE = 0.5
/** A generator that has work nearly all the time queues itself. */
const BUSY_SHARE = 0.9

/** `other` is what ratios are to, or null. */
export function whyUnfit(bound: Bound, own: Party, other: Party | null, settings: Settings): string {
  const parties = other === null ? [own] : [own, other]
  return (
    parties.map((party) => party.absent).find((why) => why !== '') ||
    (bound.anyCores === true ? '' : whyCores(settings)) ||
    parties.map(whyErrors).find((why) => why !== '') ||
    parties.map((party) => whyFigure(bound, party)).find((why) => why !== '') ||
    (bound.beyond === undefined ? '' : whyPercentile(bound.beyond, own, other ?? own))
  )
}

function whyCores({ gatewayCores, loadCores }: Settings): string {
  if (gatewayCores.length === 0 || loadCores.length === 0)
    return 'nothing could be pinned to cores of its own'
  const both = gatewayCores.filter((core) => loadCores.includes(core))
  return both.length === 0 ? '' : `too few cores: gateway and load share core ${both.join(', ')}`
}

function whyErrors({ name, rounds }: Party): string {
  const failed = rounds.reduce((sum, { capacity, latency }) => sum + capacity.errors + latency.errors, 0)
  return failed === 0 ? '' : `${showCount(failed)} requests of ${name} failed`
}

function whyFigure(bound: Bound, { name, rounds }: Party): string {
  const isNone = rounds.some((round) => bound.read(round) === null)
  return isNone ? `${name} has no figures of its heap` : ''
}

function whyPercentile(beyond: number, own: Party, other: Party): string {
  const rounds = [...own.rounds, ...other.rounds]
  const requests = Math.min(...rounds.map((round) => round.latency.requests))
  const needed = Math.round(BEYOND_LEAST / beyond)
  if (requests < needed)
    return `too few requests: a round had ${showCount(requests)}, and ${showCount(needed)} are needed`
  return whyBusy(rounds) || whyLate(own, other)
}

function whyBusy(rounds: readonly Round[]): string {
  const most = Math.max(...rounds.map(({ latency }) => latency.busy))
  return most > BUSY_SHARE ? `the generator was busy ${Math.round(100 * most)} % of the time` : ''
}

/** Half of the rounds: fewer could not carry the median away. */
function whyLate(own: Party, other: Party): string {
  const pairs = own.rounds.slice(0, other.rounds.length).map(({ latency }, i) => {
    const reference = other.rounds[i]!.latency
    return { late: Math.max(latency.lateP99, reference.lateP99), p99: reference.p99 }
  })
  const late = pairs.filter((pair) => pair.late > pair.p99 * LATE_SHARE)
  if (late.length * 2 < pairs.length || late.length === 0) return ''
  const ms = (spreadOf(late.map((pair) => pair.late))!.median / 1000).toFixed(2)
  return `the generator was late itself (${ms} ms at p99) in ${late.length} of ${pairs.length} rounds`
}
