/** unfit — why a bound can't be judged by what was measured, or ''. */
import { sharedCores } from '../measure/shared-cores.ts'
import { BUSY_SHARE } from '../open-loop/load.ts'
import { showCount, spreadOf } from '../report/ratios.ts'
import type { Round, Settings } from '../report/result.ts'
import type { Bound } from './bounds.ts'

export interface Party {
  readonly name: string
  readonly rounds: readonly Round[]
  readonly gatewayCores: readonly number[]
  /** Why there are no rounds, or ''. */
  readonly absent: string
}

/** A percentile stands on at least so many requests that lie beyond it. */
const BEYOND_LEAST = 10
/** What the generator is late by is added to both sides of a ratio and pulls it to 1: it must be small against p99. */
export const LATE_SHARE = 0.2

/** A gateway that used less of its cores could have carried more. */
const USED_SHARE = 0.9

/** `other` is what ratios are to, or null. */
export function whyUnfit(bound: Bound, own: Party, other: Party | null, settings: Settings): string {
  const parties = other === null ? [own] : [own, other]
  return (
    parties.map((party) => party.absent).find((why) => why !== '') ||
    (bound.anyCores === true
      ? ''
      : parties.map((party) => whyCores(settings, party.gatewayCores)).find((why) => why !== '')) ||
    parties.map(whyErrors).find((why) => why !== '') ||
    parties.map((party) => whyFigure(bound, party)).find((why) => why !== '') ||
    (bound.atFullSpeed === true ? parties.map(whyIdle).find((why) => why !== '') : '') ||
    (bound.beyond === undefined ? '' : whyPercentile(bound.beyond, own, other ?? own))
  )
}

/** What is true of a percentile and leaves it fit to be judged, or ''. */
export function remarkOn(bound: Bound, settings: Settings): string {
  return bound.beyond === undefined ? '' : sharesOrigin(settings)
}

/** What one of the two waits for the other counts as latency of every gateway alike. */
export function sharesOrigin({ originCores, loadCores }: Settings): string {
  const both = sharedCores(originCores, loadCores)
  return both.length === 0 ? '' : `origin and load share core ${both.join(', ')}`
}

export function whyCores({ loadCores }: Settings, gatewayCores: readonly number[]): string {
  if (gatewayCores.length === 0 || loadCores.length === 0)
    return 'nothing could be pinned to cores of its own'
  const both = sharedCores(gatewayCores, loadCores)
  return both.length === 0 ? '' : `too few cores: gateway and load share core ${both.join(', ')}`
}

/** Where the gateway has time left, what was found is what the load can send. */
export function whyIdle({ name, rounds }: Pick<Party, 'name' | 'rounds'>): string {
  const used = spreadOf(rounds.map(({ capacity }) => capacity.used))!.median
  const percent = Math.round(100 * used)
  return used < USED_SHARE
    ? `${name} used ${percent} % of its cores at full speed: load or origin gave out first`
    : ''
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
  return whyFew(beyond, rounds) || whyBusy(rounds)
}

export function whyFew(beyond: number, rounds: readonly Round[]): string {
  const requests = Math.min(...rounds.map((round) => round.latency.requests))
  const needed = Math.round(BEYOND_LEAST / beyond)
  return requests < needed
    ? `too few requests: a round had ${showCount(requests)}, and ${showCount(needed)} are needed`
    : ''
}

/** Of the requests of a round. */
const UNSEEN_SHARE = 0.2

export function whyUnseen(rounds: readonly Round[]): string {
  const most = Math.max(...rounds.map(({ latency }) => latency.unseen))
  return most > UNSEEN_SHARE
    ? `the generator stood still for up to ${Math.round(100 * most)} % of a round's requests`
    : ''
}

export function whyBusy(rounds: readonly Round[]): string {
  const most = Math.max(...rounds.map(({ latency }) => latency.busy))
  return most > BUSY_SHARE ? `the generator was busy ${Math.round(100 * most)} % of the time` : ''
}

/** Half of the rounds: fewer could not carry the median away. */
export function whyLate(own: readonly Round[], other: readonly Round[]): string {
  const pairs = own.slice(0, other.length).map(({ latency }, i) => {
    const reference = other[i]!.latency
    return { late: Math.max(latency.lateP99, reference.lateP99), p99: reference.p99 }
  })
  const late = pairs.filter((pair) => pair.late > pair.p99 * LATE_SHARE)
  if (late.length * 2 < pairs.length || late.length === 0) return ''
  const ms = (spreadOf(late.map((pair) => pair.late))!.median / 1000).toFixed(2)
  return `the generator was late itself (${ms} ms at p99) in ${late.length} of ${pairs.length} rounds`
}
