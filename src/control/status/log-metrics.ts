/** log-metrics — what became of what was to be logged: records of log plugins, and lines of the access logs. */
import { escapeLabel } from '../../state/series/label-text.ts'
import { preamble, sample } from './metric-lines.ts'

/** Of all sinks with one label. */
export interface LogFigures {
  readonly label: string
  readonly records: number
  readonly delivered: number
  /** By why. */
  readonly lost: Readonly<Record<string, number>>
  readonly waiting: number
}

export function logMetrics(figures: readonly LogFigures[]): string[] {
  if (figures.length === 0) return []
  const of = (each: LogFigures) => `sink="${escapeLabel(each.label)}"`
  return [
    ...preamble('sluice_log_records_total', 'counter', 'Records and lines that were to be logged.'),
    ...figures.map((each) => sample('sluice_log_records_total', of(each), each.records)),
    ...preamble(
      'sluice_log_delivered_total',
      'counter',
      'Of these, written to their file or taken by their receiver.',
    ),
    ...figures.map((each) => sample('sluice_log_delivered_total', of(each), each.delivered)),
    ...preamble('sluice_log_lost_total', 'counter', 'Of these, lost, by why.'),
    ...figures.flatMap((each) =>
      Object.entries(each.lost).map(([why, count]) =>
        sample('sluice_log_lost_total', `${of(each)},why="${escapeLabel(why)}"`, count),
      ),
    ),
    ...preamble('sluice_log_waiting', 'gauge', 'Of these, on their way.'),
    ...figures.map((each) => sample('sluice_log_waiting', of(each), each.waiting)),
  ]
}
