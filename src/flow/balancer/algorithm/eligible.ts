/**
 * eligible — which targets a pick may answer.
 *
 * A target is usable while it has weight and is not out: unhealthy or ejected; in a panic it is usable all the same.
 * Within one exchange each usable target is tried once before any is tried again: a pick goes through rounds, and in
 * round n takes only what has been tried n times.
 *
 * HOT     Runs at every pick; on a first try it is two loads and a comparison.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'

export function isUsable(target: Target): boolean {
  return target.weight > 0 && (!target.state.isOut || target.ignoresHealth)
}

export function isEligible(x: Exchange, target: Target, round: number): boolean {
  if (!isUsable(target)) return false
  return x.tried.length === 0 || timesTried(x, target) <= round
}

/** The fewest times any usable target has been tried in this exchange; -1 when none is usable. O(targets x tries). */
export function roundOf(x: Exchange, targets: readonly Target[]): number {
  let fewest = -1
  for (let i = 0; i < targets.length; i++) {
    if (!isUsable(targets[i]!)) continue
    const times = timesTried(x, targets[i]!)
    if (times === 0) return 0
    if (fewest < 0 || times < fewest) fewest = times
  }
  return fewest
}

function timesTried(x: Exchange, target: Target): number {
  const tried = x.tried
  let times = 0
  for (let i = 0; i < tried.length; i++) if (tried[i] === target) times++
  return times
}
