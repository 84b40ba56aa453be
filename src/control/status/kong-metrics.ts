/** kong-metrics — the node as Kong's dashboards ask for it: their names, our values. */
import {
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_ACTIVE,
  CONNECTIONS_READING,
  CONNECTIONS_WAITING,
  CONNECTIONS_WRITING,
  Counters,
  HEAP_BYTES,
  REQUESTS,
  sumCounter,
} from '../../state/counters.ts'
import { SLOT_BYTES } from '../../state/key-table.ts'
import { escapeLabel } from '../../state/series/label-text.ts'
import { preamble, sample } from './metric-lines.ts'
import type { StatusView } from './status-view.ts'

export function kongMetrics(view: StatusView): string[] {
  return [...connections(view), ...node(view), ...workerMemory(view), ...dictionaries(view)]
}

function connections(view: StatusView): string[] {
  const sum = (index: number) => sumCounter(view.counters, index)
  const states: [string, number][] = [
    ['accepted', sum(CONNECTIONS_ACCEPTED)],
    ['active', sum(CONNECTIONS_ACTIVE)],
    ['handled', sum(CONNECTIONS_ACCEPTED)],
    ['reading', sum(CONNECTIONS_READING)],
    ['total', sum(REQUESTS)],
    ['waiting', sum(CONNECTIONS_WAITING)],
    ['writing', sum(CONNECTIONS_WRITING)],
  ]
  const name = 'kong_nginx_connections_total'
  const labels = `node_id="${view.nodeId}",subsystem="http"`
  return [
    ...preamble(name, 'gauge', 'Client connections by state, under the name Kong gives it.'),
    ...states.map(([state, n]) => sample(name, `${labels},state="${state}"`, n)),
    ...preamble('kong_nginx_requests_total', 'gauge', 'Requests, under the name Kong gives it.'),
    sample('kong_nginx_requests_total', labels, sum(REQUESTS)),
  ]
}

function node(view: StatusView): string[] {
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const info = `node_id="${view.nodeId}",version="${escapeLabel(view.version)}"`
  return [
    ...preamble('kong_nginx_timers', 'gauge', 'Timers of the primary, under the name Kong gives it.'),
    sample('kong_nginx_timers', 'state="running"', 0),
    sample('kong_nginx_timers', 'state="pending"', timers),
    ...preamble('kong_datastore_reachable', 'gauge', 'Always 1: the configuration is a file.'),
    sample('kong_datastore_reachable', '', 1),
    ...preamble('kong_node_info', 'gauge', 'This node and its version.'),
    sample('kong_node_info', info, 1),
    ...preamble(
      'kong_nginx_metric_errors_total',
      'counter',
      'Series that are not counted for want of room, under the name Kong gives it.',
    ),
    sample('kong_nginx_metric_errors_total', '', view.series.lost),
  ]
}

/** Threads share their process' id, so that the worker's number tells them apart. */
function workerMemory(view: StatusView): string[] {
  const name = 'kong_memory_workers_lua_vms_bytes'
  const labels = `node_id="${view.nodeId}",pid="${view.pid}",kong_subsystem="http"`
  return [
    ...preamble(name, 'gauge', 'Heap in use by each worker, under the name Kong gives it.'),
    ...view.workers.map(({ id }) =>
      sample(name, `${labels},worker="${id}"`, new Counters(view.counters, id).get(HEAP_BYTES)),
    ),
  ]
}

/** Shared memory that does what one of Kong's dictionaries does, under that one's name. */
function dictionaries({ nodeId, shared, series }: StatusView): string[] {
  const { limits } = shared
  const rows = [
    ['kong_rate_limiting_counters', limits.entries * SLOT_BYTES, limits.slots * SLOT_BYTES],
    ['prometheus_metrics', series.bytesUsed, series.bytes],
  ] as const
  const labels = (dict: string) => `node_id="${nodeId}",shared_dict="${dict}",kong_subsystem="http"`
  const [used, total] = ['kong_memory_lua_shared_dict_bytes', 'kong_memory_lua_shared_dict_total_bytes']
  return [
    ...preamble(used, 'gauge', 'Shared memory in use, under the name Kong gives it.'),
    ...rows.map(([dict, bytes]) => sample(used, labels(dict), bytes)),
    ...preamble(total, 'gauge', 'Shared memory there is, under the name Kong gives it.'),
    ...rows.map(([dict, , bytes]) => sample(total, labels(dict), bytes)),
  ]
}
