/** sum-figures — figures of log sinks over several log threads. */
import type { SinkFigures } from './log-messages.ts'

/** Counters of both; what waits, only of the second. */
export function addFigures(
  before: readonly SinkFigures[],
  now: readonly SinkFigures[],
): readonly SinkFigures[] {
  const sums = new Map(before.map((each) => [each.label, { ...each, waiting: 0 }]))
  for (const each of now) {
    const old = sums.get(each.label)
    sums.set(each.label, old === undefined ? each : addOne(old, each))
  }
  return [...sums.values()]
}

/** The thread is gone, and what its sinks had with it. */
export function withWaitingLost(figures: readonly SinkFigures[], why: string): readonly SinkFigures[] {
  return figures.map((each) => {
    if (each.waiting === 0) return each
    return { ...each, lost: { ...each.lost, [why]: (each.lost[why] ?? 0) + each.waiting } }
  })
}

function addOne(old: SinkFigures, now: SinkFigures): SinkFigures {
  const lost: Record<string, number> = { ...old.lost }
  for (const [why, count] of Object.entries(now.lost)) lost[why] = (lost[why] ?? 0) + count
  return {
    label: now.label,
    records: old.records + now.records,
    delivered: old.delivered + now.delivered,
    lost,
    waiting: now.waiting,
  }
}
