/** HAProxy as a reverse proxy; sections and words are those of its Configuration Manual. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { routeTable } from '../load/route-table.ts'
import { API_KEY, isSecure, type Scenario, type Work } from '../load/scenario.ts'
import { certificateFiles, TLS_SUITE } from './certificate.ts'
import { asksVersion, findProgram, programOr } from './installed.ts'
import type { Peer, Place } from './peer.ts'

/**
 * A body above half of its default buffer comes in pieces. tune.bufsize (section 3.2) warns of larger ones for the sake
 * of memory; where bodies are large they save it a fifth of the CPU time.
 */
const BUFFER = 8192

export const haproxy: Peer = {
  name: 'haproxy',
  install: 'apt-get install haproxy',
  isNode: false,
  version: asksVersion(() => [findProgram('haproxy'), '-v'], /version (\S+)/),
  cannot: () => '',
  launch: (place, scenario) => {
    const file = join(place.directory, 'haproxy.cfg')
    writeFileSync(file, configuration(place, scenario))
    // -db: in the foreground, without a master process.
    const command = [programOr('haproxy'), '-db', '-f', file]
    return { command: scenario.work === 'guarded' ? logged(command, place) : command, env: {} }
  },
}

/** It writes no files itself: "log stdout" (section 3.1) and the shell's redirection come nearest. */
function logged(command: readonly string[], { directory }: Place): string[] {
  return ['sh', '-c', `exec "$@" >>${join(directory, 'haproxy-access.log')}`, 'sh', ...command]
}

/** http-reuse always (section 4.2): for servers that keep their connections, as this origin does. */
function configuration(place: Place, scenario: Scenario): string {
  const { work, upload, answer } = scenario
  const hasLargeBodies = Math.max(upload, answer.bytes) > BUFFER
  return `global
  nbthread ${place.workers}
  maxconn 4096
${hasLargeBodies ? '  tune.bufsize 65536' : ''}
${work === 'guarded' ? '  log stdout format raw local0' : ''}

defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 60s
  timeout http-keep-alive 300s
  timeout tunnel 300s
  http-reuse always
  option forwardfor

${work === 'guarded' ? table : ''}

frontend clients
  bind 127.0.0.1:${place.port} backlog 4096${tls(place, scenario)}
  http-request set-header X-Forwarded-Proto ${isSecure(scenario) ? 'https' : 'http'}
  http-request set-header X-Real-IP %[src]
${rules(work, place)}

${work === 'guarded' ? metrics(place) : ''}

backend origin
  server origin 127.0.0.1:${place.originPort}
`
}

/** Section 5.1, bind options. */
function tls({ directory }: Place, scenario: Scenario): string {
  if (!isSecure(scenario)) return ''
  const alpn = scenario.protocol === 'h2' ? 'h2' : 'http/1.1'
  return ` ssl crt ${certificateFiles(directory).both} alpn ${alpn} ssl-min-ver TLSv1.3 ciphersuites ${TLS_SUITE}`
}

/** Section 11: counters by client in a table. */
const table = `backend rates
  stick-table type string len 32 size 100k expire 2m store http_req_rate(60s)`

function rules(work: Work, place: Place): string {
  if (work === 'plain') return '  default_backend origin'
  if (work === 'routes') return routes(place)
  const keys = join(place.directory, 'haproxy-keys.map')
  writeFileSync(keys, `${API_KEY} bench\n`)
  return `  log global
  option httplog
  unique-id-format %[uuid()]
  unique-id-header X-Request-ID
  http-request set-var(txn.client) req.hdr(apikey),map_str(${keys})
  http-request deny deny_status 401 unless { var(txn.client) -m found }
  http-request track-sc0 var(txn.client) table rates
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
  default_backend origin`
}

/** map_beg (section 7.3.1, map) finds the longest prefix in a tree, so that 10,000 routes cost about what one does. */
function routes({ directory }: Place): string {
  const file = join(directory, 'haproxy-routes.map')
  const lines = routeTable().map(({ path }) => `${path} origin\n`)
  writeFileSync(file, lines.join(''))
  return `  http-request set-var(txn.backend) path,map_beg(${file})
  http-request return status 404 unless { var(txn.backend) -m found }
  use_backend %[var(txn.backend)]`
}

/** Section 9, prometheus-exporter, which Debian builds in. */
function metrics({ directory }: Place): string {
  return `frontend metrics
  bind unix@${join(directory, 'haproxy-metrics.sock')}
  http-request use-service prometheus-exporter`
}
