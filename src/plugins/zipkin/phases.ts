/**
 * phases — when Kong's phases began and ended, from what a record has of the exchange.
 *
 *     request whole ─▶ rewrite ─▶ route found ─▶ access ─▶ first try …
 *                                  … head of the answer ─▶ header_filter ─▶ body_filter ─▶ end
 */
import type { LoggedTrace, LogRecord } from '../../contract/machine/log-sinks.ts'

/** Milliseconds since the exchange began. */
export interface Phase {
  readonly name: 'rewrite' | 'access' | 'header_filter' | 'body_filter'
  /** Its annotations: `krs` and `krf`, say. */
  readonly letter: 'r' | 'a' | 'h' | 'b'
  readonly startMs: number
  readonly endMs: number
}

export function phasesOf(record: LogRecord): Phase[] {
  const trace = record.trace!
  const total = Math.max(record.timers.total, 0)
  const within = (ms: number, floor: number) => Math.min(Math.max(ms, floor), total)
  const start = within(record.timers.request, 0)
  const rewritten = within(startOf(trace, 'router', startOf(trace, 'access.', start)), start)
  const accessed = within(
    record.triesCount > 0 ? firstTry(record) : endOf(trace, 'access.', rewritten),
    rewritten,
  )
  const last = record.tries.at(-1)
  const answered =
    last !== undefined && record.proxied ? last.headMs : startOf(trace, 'header_filter.', accessed)
  const headStart = within(answered, accessed)
  const headEnd = within(endOf(trace, 'header_filter.', headStart), headStart)
  return [
    { name: 'rewrite', letter: 'r', startMs: start, endMs: rewritten },
    { name: 'access', letter: 'a', startMs: rewritten, endMs: accessed },
    { name: 'header_filter', letter: 'h', startMs: headStart, endMs: headEnd },
    { name: 'body_filter', letter: 'b', startMs: headEnd, endMs: total },
  ]
}

function firstTry(record: LogRecord): number {
  return record.tries[0]?.startMs ?? -1
}

function startOf(trace: LoggedTrace, prefix: string, otherwise: number): number {
  return trace.steps.find((step) => step.name.startsWith(prefix))?.startMs ?? otherwise
}

function endOf(trace: LoggedTrace, prefix: string, otherwise: number): number {
  return trace.steps.findLast((step) => step.name.startsWith(prefix))?.endMs ?? otherwise
}
