/** Envoy's HTTP connection manager for each kind of work: filters and routes by the names of its API, version 3. */
import { join } from 'node:path'
import { routeTable } from '../load/route-table.ts'
import { API_KEY, type Work } from '../load/scenario.ts'
import type { Place } from './peer.ts'

const FILTER = 'type.googleapis.com/envoy.extensions.filters.http'
/** In a minute, by client; no run reaches it. */
const LIMIT = 1_000_000_000

export function connectionManager(place: Place, work: Work) {
  const isGuarded = work === 'guarded'
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type':
        'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: 'clients',
      codec_type: 'HTTP1',
      // Adds X-Forwarded-For, as an edge proxy does.
      use_remote_address: true,
      // The FAQ on benchmarking says to turn ids off; guarded work asks for them.
      generate_request_id: isGuarded,
      route_config: { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], ...routes(work) }] },
      http_filters: [...(isGuarded ? guards : []), router],
      ...(isGuarded ? { access_log: [accessLog(place)] } : {}),
    },
  }
}

/** dynamic_stats: the FAQ on benchmarking says to turn them off; all other metrics stay. */
const router = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': `${FILTER}.router.v3.Router`, dynamic_stats: false },
}

/** The client's name goes from the key's filter to the limit's in a header, which the origin sees too. */
const CLIENT = 'x-client'

const apiKeyAuth = {
  '@type': `${FILTER}.api_key_auth.v3.ApiKeyAuth`,
  credentials: [{ key: API_KEY, client: 'bench' }],
  key_sources: [{ header: 'apikey' }],
  forwarding: { header: CLIENT },
}

const localRateLimit = {
  '@type': `${FILTER}.local_ratelimit.v3.LocalRateLimit`,
  stat_prefix: 'limit',
  filter_enabled: always(),
  filter_enforced: always(),
  token_bucket: { max_tokens: LIMIT, tokens_per_fill: LIMIT, fill_interval: '60s' },
  // An empty value stands for any: each client has a bucket of its own.
  descriptors: [
    {
      entries: [{ key: 'client', value: '' }],
      token_bucket: { max_tokens: LIMIT, tokens_per_fill: LIMIT, fill_interval: '60s' },
    },
  ],
  rate_limits: [{ actions: [{ request_headers: { header_name: CLIENT, descriptor_key: 'client' } }] }],
}

const guards = [
  { name: 'envoy.filters.http.api_key_auth', typed_config: apiKeyAuth },
  { name: 'envoy.filters.http.local_ratelimit', typed_config: localRateLimit },
]

function always() {
  return { default_value: { numerator: 100, denominator: 'HUNDRED' } }
}

function accessLog({ directory }: Place) {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: join(directory, 'envoy-access.log'),
    },
  }
}

/** "Route matching": where there are many routes, a matcher is more efficient than the list, which is searched in order. */
function routes(work: Work) {
  const route = { match: { prefix: '/' }, route: { cluster: 'origin' } }
  if (work !== 'routes') return { routes: [route] }
  const action = {
    name: 'route',
    typed_config: { '@type': 'type.googleapis.com/envoy.config.route.v3.Route', ...route },
  }
  const input = {
    name: 'path',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput',
      header_name: ':path',
    },
  }
  const map = Object.fromEntries(routeTable().map(({ path }) => [path, { action }]))
  return { matcher: { matcher_tree: { input, prefix_match_map: { map } } } }
}
