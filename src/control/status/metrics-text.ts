/** metrics-text — all that /metrics shows, in Prometheus' text form. */
import { faultList } from '../../base/faults.ts'
import { counterRows, FAULTS, sumCounter } from '../../state/counters.ts'
import type { SeriesReader } from '../../state/series/series-reader.ts'
import { kongMetrics } from './kong-metrics.ts'
import { logMetrics } from './log-metrics.ts'
import { preamble, sample } from './metric-lines.ts'
import { processMetrics } from './process-metrics.ts'
import { sharedMetrics } from './shared-metrics.ts'
import type { StatusView } from './status-view.ts'
import { upstreamMetrics } from './upstream-metrics.ts'

export function metricsText(view: StatusView): string {
  const lines = [
    ...ownCounters(view),
    ...faultCounters(view),
    ...kongMetrics(view),
    ...processMetrics(),
    ...upstreamMetrics([...view.upstreams]),
    ...sharedMetrics(view.shared),
    ...seriesMetrics(view.series),
    ...logMetrics(view.logs),
  ]
  return `${lines.join('\n')}\n${view.series.text()}`
}

function ownCounters(view: StatusView): string[] {
  const lines: string[] = []
  let last = ''
  for (const row of counterRows) {
    const name = `sluice_${row.name}`
    if (name !== last) lines.push(...preamble(name, row.kind, row.says))
    last = name
    lines.push(sample(name, row.label, sumCounter(view.counters, row.index)))
  }
  const ready = view.workers.filter((worker) => worker.state === 'ready').length
  lines.push(...preamble('sluice_workers_ready', 'gauge', 'Workers that carry traffic.'))
  lines.push(sample('sluice_workers_ready', '', ready))
  lines.push(...preamble('sluice_config_epoch', 'gauge', 'Counts configurations since the start.'))
  lines.push(sample('sluice_config_epoch', '', view.epoch))
  return lines
}

function faultCounters(view: StatusView): string[] {
  const lines = preamble(
    'sluice_faults_total',
    'counter',
    'Exchanges that failed, by fault (docs/faults.md).',
  )
  for (const fault of faultList) {
    if (fault.code === 'NONE') continue
    const labels = `code="${fault.code}",blame="${fault.blame}"`
    lines.push(sample('sluice_faults_total', labels, sumCounter(view.counters, FAULTS + fault.id)))
  }
  return lines
}

function seriesMetrics(series: SeriesReader): string[] {
  return [
    ...preamble('sluice_metric_series', 'gauge', 'Series of plugins and threads, in shared memory.'),
    sample('sluice_metric_series', '', series.count),
    ...preamble(
      'sluice_metric_series_omitted_total',
      'counter',
      'Series that a worker does not count for want of room (SLUICE_SHARED_METRICS).',
    ),
    sample('sluice_metric_series_omitted_total', '', series.lost),
  ]
}
