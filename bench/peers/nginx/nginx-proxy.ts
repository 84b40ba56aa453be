/** nginx as a reverse proxy, as its documentation says it is done with connections that are kept to the origin. */

import { routeTable } from '../../load/route-table.ts'
import { API_KEY, type Scenario, type Work } from '../../load/scenario.ts'
import type { Peer, Place } from '../peer.ts'
import { nginxCommand, nginxListen, nginxVersion } from './nginx-conf.ts'

export const nginx: Peer = {
  name: 'nginx',
  install: 'apt-get install nginx',
  isNode: false,
  version: nginxVersion,
  cannot: () => '',
  launch: (place, scenario) => ({ command: nginxCommand(place, 'nginx', proxy(place, scenario)), env: {} }),
}

/** Both lines of proxy_http_version and Connection, and `keepalive`: ngx_http_upstream_module, keepalive. */
function proxy(place: Place, scenario: Scenario): string {
  const { work, protocol } = scenario
  return `
  upstream origin {
    server 127.0.0.1:${place.originPort};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
${work === 'guarded' ? shared : ''}
  server {
    ${nginxListen(place, scenario)}
    proxy_http_version 1.1;
    ${protocol === 'websocket' ? UPGRADE : 'proxy_set_header Connection "";'}
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
${BODIES}
${locations(work, place)}
  }`
}

/** "WebSocket proxying" of its documentation. */
const UPGRADE = `proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_read_timeout 300s;`

/** ngx_http_core_module and ngx_http_proxy_module: bodies of these scenarios stay in memory, both ways. */
const BODIES = `    client_max_body_size 0;
    client_body_buffer_size 64k;
    proxy_buffer_size 16k;
    proxy_buffers 8 64k;
    proxy_busy_buffers_size 128k;
    proxy_max_temp_file_size 0;`

/** ngx_http_map_module for the key; ngx_http_limit_req_module for the limit, by who the key says it is. */
const shared = `
  map $http_apikey $client { default ""; "${API_KEY}" "bench"; }
  limit_req_zone $client zone=clients:10m rate=1000000r/s;`

/** ngx_http_log_module: lines are gathered in a buffer before they are written, as its example has it. */
function guards(place: Place): string {
  return `
    limit_req_status 429;
    access_log ${place.directory}/nginx-access.log combined buffer=64k flush=1s;
    proxy_set_header X-Request-ID $request_id;
    location = /nginx-status { access_log off; stub_status; }
    location / {
      if ($client = "") { return 401; }
      limit_req zone=clients burst=1000000 nodelay;
      proxy_pass http://origin;
    }`
}

function locations(work: Work, place: Place): string {
  if (work === 'guarded') return guards(place)
  if (work === 'plain') return '    location / { proxy_pass http://origin; }'
  // `^~`: no regular expressions are looked at behind a prefix that fits.
  const lines = routeTable().map(({ path }) => `    location ^~ ${path} { proxy_pass http://origin; }`)
  return [...lines, '    location / { return 404; }'].join('\n')
}
