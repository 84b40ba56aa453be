/** The counters in Prometheus' text form, with the node's gauges under the names Kong's dashboards ask for. */
import { faultList } from '../../base/faults.ts'
import {
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_ACTIVE,
  CONNECTIONS_READING,
  CONNECTIONS_WAITING,
  CONNECTIONS_WRITING,
  counterRows,
  FAULTS,
  REQUESTS,
  sumCounter,
} from '../../state/counters.ts'
import { preamble, sample } from './metric-lines.ts'
import { sharedMetrics } from './shared-metrics.ts'
import type { StatusView } from './status-view.ts'
import { upstreamMetrics } from './upstream-metrics.ts'

export const METRICS_TYPE = 'text/plain; charset=UTF-8'

export function metricsText(view: StatusView): string {
  const lines = [
    ...ownCounters(view),
    ...faultCounters(view),
    ...kongGauges(view),
    ...upstreamMetrics([...view.upstreams]),
    ...sharedMetrics(view.shared),
  ]
  return `${lines.join('\n')}\n`
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

function kongGauges(view: StatusView): string[] {
  const sum = (index: number) => sumCounter(view.counters, index)
  const node = `node_id="${view.nodeId}"`
  const states: [string, number][] = [
    ['accepted', sum(CONNECTIONS_ACCEPTED)],
    ['active', sum(CONNECTIONS_ACTIVE)],
    ['handled', sum(CONNECTIONS_ACCEPTED)],
    ['reading', sum(CONNECTIONS_READING)],
    ['total', sum(REQUESTS)],
    ['waiting', sum(CONNECTIONS_WAITING)],
    ['writing', sum(CONNECTIONS_WRITING)],
  ]
  return [
    ...preamble(
      'kong_nginx_connections_total',
      'gauge',
      'Client connections by state, under the name Kong gives it.',
    ),
    ...states.map(([state, n]) =>
      sample('kong_nginx_connections_total', `${node},subsystem="http",state="${state}"`, n),
    ),
    ...preamble('kong_nginx_requests_total', 'gauge', 'Requests, under the name Kong gives it.'),
    sample('kong_nginx_requests_total', `${node},subsystem="http"`, sum(REQUESTS)),
    ...preamble('kong_node_info', 'gauge', 'This node and its version.'),
    sample('kong_node_info', `${node},version="${view.version}"`, 1),
  ]
}
