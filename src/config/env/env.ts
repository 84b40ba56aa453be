/**
 * env — every environment variable the gateway reads, in one table; its type is what the rest of the program gets.
 *
 * Names are Kong's, with SLUICE_ in front; KONG_ is honoured where the SLUICE_ one is absent (env-read.ts). The table
 * is also the source of docs/config.md (env-docs.ts). Times are milliseconds and sizes bytes once read.
 */
import {
  buffers,
  bytes,
  duration,
  integer,
  integerOrAuto,
  list,
  oneOf,
  path,
  portPair,
  text,
  truth,
} from './env-kinds.ts'
import { cidr, listenList, nameServer, streamList } from './env-listen.ts'
import { logs } from './env-logs.ts'
import { row, type Variable } from './env-row.ts'
import { state } from './env-state.ts'
import { certificates } from './env-tls.ts'
import { tracing } from './env-tracing.ts'

const MILLION = 1_000_000
const seconds = duration('s')
const word = { says: 'words', read: (given: string) => given.toLowerCase() }

export const listening = {
  proxyListen: row('PROXY_LISTEN', listenList, '0.0.0.0:8000', 'Where clients connect.'),
  streamListen: row(
    'STREAM_LISTEN',
    streamList,
    'off',
    'Where clients of tcp, tls and tls_passthrough routes connect: with `ssl` those of tls and tls_passthrough, without it those of tcp.',
  ),
  adminListen: row(
    'ADMIN_LISTEN',
    listenList,
    'off',
    'Where the Admin API listens; it is read but not served yet.',
  ),
  statusListen: row(
    'STATUS_LISTEN',
    listenList,
    '127.0.0.1:8007',
    'Where status, readiness and metrics are served.',
  ),
  portMaps: row(
    'PORT_MAPS',
    list(portPair),
    '',
    'Ports clients see, where something in front maps them: `80:8000`.',
  ),
}

export const running = {
  profile: row(
    'PROFILE',
    text,
    '',
    'A preset of settings: a name of `profiles/`, or an env file. `start --profile` outranks it; settings that are given outrank both.',
  ),
  workers: row(
    'WORKERS NGINX_WORKER_PROCESSES',
    integerOrAuto(1, 256),
    'auto',
    'Threads that carry traffic; `auto` is one for each core the process may use.',
  ),
  engine: row(
    'ENGINE',
    oneOf('node', 'uws'),
    'node',
    'What listens: our own HTTP over Node, or uWebSockets.js.',
  ),
  prefix: row(
    'PREFIX',
    path,
    '',
    'Directory for the pid file; by default /run/sluice for root, else one of the user.',
  ),
  drainMs: row('DRAIN_MS', duration('ms'), '10000', 'How long a stop waits for exchanges under way.'),
  pluginWaitMs: row(
    'PLUGIN_WAIT_MS',
    duration('ms'),
    '90000',
    'How long a plugin may have a request wait before it is answered with 504; 0 is no limit.',
  ),
  workerStuckMs: row(
    'WORKER_STUCK_MS',
    duration('ms'),
    '30000',
    'How long a worker may stand still, in an endless loop say, before it is replaced; 0 is for ever.',
  ),
  connectionsMax: row(
    'CONNECTIONS_MAX NGINX_EVENTS_WORKER_CONNECTIONS',
    integerOrAuto(1, 10 * MILLION),
    'auto',
    'Client connections one worker holds; `auto` is 16384, or less where the limit of open files asks for it.',
  ),
}

export const configuration = {
  declarativeConfig: row('DECLARATIVE_CONFIG', path, '', 'The kong.yml to run; `--config` outranks it.'),
  declarativeConfigString: row(
    'DECLARATIVE_CONFIG_STRING',
    text,
    '',
    'The configuration itself, as YAML or JSON.',
  ),
  watch: row('WATCH', truth, 'off', 'Reload when the configuration file changes.'),
  pluginsDir: row('PLUGINS_DIR', list(path), '', 'Directories with plugins of your own, one folder each.'),
  routerFlavor: row(
    'ROUTER_FLAVOR',
    oneOf('traditional_compatible', 'traditional'),
    'traditional_compatible',
    "Which of Kong's rules rank routes.",
  ),
}

export const clients = {
  trustedIps: row(
    'TRUSTED_IPS',
    list(cidr),
    '',
    'Proxies in front whose X-Forwarded-* and X-Real-IP are believed.',
  ),
  realIpHeader: row(
    'REAL_IP_HEADER',
    text,
    'X-Real-IP',
    'The field that names the client, or `proxy_protocol`.',
  ),
  realIpRecursive: row(
    'REAL_IP_RECURSIVE',
    truth,
    'off',
    'Skip trusted addresses inside that field, from its end.',
  ),
  clientMaxBodySize: row(
    'CLIENT_MAX_BODY_SIZE NGINX_HTTP_CLIENT_MAX_BODY_SIZE NGINX_PROXY_CLIENT_MAX_BODY_SIZE',
    bytes,
    '0',
    'The largest request body; 0 is no limit.',
  ),
  clientHeaderTimeoutMs: row(
    'CLIENT_HEADER_TIMEOUT NGINX_HTTP_CLIENT_HEADER_TIMEOUT',
    seconds,
    '8s',
    'The longest time a client may take for a whole request head.',
  ),
  clientBodyTimeoutMs: row(
    'CLIENT_BODY_TIMEOUT NGINX_HTTP_CLIENT_BODY_TIMEOUT',
    seconds,
    '60s',
    'The longest silence inside a request body.',
  ),
  clientBodyRateMin: row(
    'CLIENT_BODY_RATE_MIN',
    bytes,
    '500',
    'Bytes a second a body must reach on average once it has lasted CLIENT_BODY_TIMEOUT; 0 is no minimum.',
  ),
  sendTimeoutMs: row(
    'SEND_TIMEOUT NGINX_HTTP_SEND_TIMEOUT',
    seconds,
    '60s',
    'The longest time a client may leave an answer unread.',
  ),
  keepaliveTimeoutMs: row(
    'KEEPALIVE_TIMEOUT NGINX_HTTP_KEEPALIVE_TIMEOUT',
    seconds,
    '75s',
    'How long a client connection may idle.',
  ),
  keepaliveRequests: row(
    'KEEPALIVE_REQUESTS NGINX_HTTP_KEEPALIVE_REQUESTS',
    integer(1, 1000 * MILLION),
    '10000',
    'Requests on one client connection before it is closed.',
  ),
  tunnelLifetimeMs: row(
    'TUNNEL_LIFETIME',
    seconds,
    '0s',
    'How long a WebSocket connection may live before it is closed with code 1001; 0 is no limit.',
  ),
  largeClientHeaderBytes: row(
    'LARGE_CLIENT_HEADER NGINX_HTTP_LARGE_CLIENT_HEADER_BUFFERS',
    buffers,
    '32k',
    'The largest request head.',
  ),
}

export const answers = {
  headers: row(
    'HEADERS',
    list(word),
    'server_tokens, latency_tokens, x-kong-request-id',
    'Fields of our own on the answer to the client.',
  ),
  headersUpstream: row(
    'HEADERS_UPSTREAM',
    list(word),
    'x-kong-request-id',
    'Fields of our own on the way to the target.',
  ),
  errorDefaultType: row(
    'ERROR_DEFAULT_TYPE',
    oneOf('text/plain', 'text/html', 'application/json', 'application/xml'),
    'text/plain',
    'The type of an error body when the request has no preference.',
  ),
  allowDebugHeader: row(
    'ALLOW_DEBUG_HEADER',
    truth,
    'off',
    'Answer a request with Kong-Debug with the route and service.',
  ),
}

export const targets = {
  upstreamKeepalivePoolSize: row(
    'UPSTREAM_KEEPALIVE_POOL_SIZE',
    integer(0, MILLION),
    '512',
    'Idle connections a worker keeps to one target; 0 keeps none.',
  ),
  upstreamKeepaliveMaxRequests: row(
    'UPSTREAM_KEEPALIVE_MAX_REQUESTS',
    integer(0, 1000 * MILLION),
    '10000',
    'Requests on one such connection; 0 is no limit.',
  ),
  upstreamKeepaliveIdleTimeoutMs: row(
    'UPSTREAM_KEEPALIVE_IDLE_TIMEOUT',
    seconds,
    '60s',
    'How long it may idle.',
  ),
  upstreamPipelining: row(
    'UPSTREAM_PIPELINING',
    integer(0, 1),
    '0',
    '1 sends GET and HEAD down connections that still wait for an answer: less CPU, but one slow answer delays others.',
  ),
  upstreamConnectionsMax: row(
    'UPSTREAM_CONNECTIONS_MAX',
    integer(0, MILLION),
    '0',
    'Connections a worker opens to one target; 0 is no limit.',
  ),
  upstreamQueueMax: row(
    'UPSTREAM_QUEUE_MAX',
    integer(0, MILLION),
    '1024',
    'Requests that wait for a connection to one target when UPSTREAM_CONNECTIONS_MAX is reached.',
  ),
  trustedCertificates: row(
    'SSL_TRUSTED_CERTIFICATE LUA_SSL_TRUSTED_CERTIFICATE',
    list(path),
    'system',
    'Files in PEM of who may sign the certificate of a Redis, or of a target of a service that has no ca_certificates; `system` is those that Node trusts.',
  ),
  sslVerifyDepth: row(
    'LUA_SSL_VERIFY_DEPTH SSL_VERIFY_DEPTH',
    integer(0, 100),
    '1',
    "Intermediate certificates that a target's chain may have, where the service has no tls_verify_depth.",
  ),
  clientSsl: row(
    'CLIENT_SSL',
    truth,
    'off',
    'Show a client certificate to targets that ask for one, where neither service nor upstream names one.',
  ),
  clientSslCert: row('CLIENT_SSL_CERT', path, '', 'That certificate: a file in PEM, the leaf first.'),
  clientSslCertKey: row('CLIENT_SSL_CERT_KEY', path, '', 'Its key: a file in PEM, not encrypted.'),
}

export const shared = {
  sharedLimitsBytes: row(
    'SHARED_LIMITS',
    bytes,
    '16m',
    'Memory for the counters of limits, all workers together: 64 bytes a key.',
  ),
  sharedMetricsBytes: row(
    'SHARED_METRICS',
    bytes,
    '4m',
    "Memory for metrics by route, of each worker: 30,000 counters, or all of Kong's metrics of 3000 routes.",
  ),
  sharedRoutes: row(
    'SHARED_ROUTES',
    integer(1, 65_536),
    '1024',
    'Routes that have statistics of their own: up to 11 KB each and worker, once used.',
  ),
  sharedTargets: row(
    'SHARED_TARGETS',
    integer(16, MILLION),
    '4096',
    'Addresses of targets whose health and load all workers share.',
  ),
  sharedUpstreams: row(
    'SHARED_UPSTREAMS',
    integer(16, MILLION),
    '1024',
    'Upstreams whose circuits all workers share.',
  ),
}

export const names = {
  dnsOrder: row(
    'DNS_ORDER',
    list(oneOf('LAST', 'SRV', 'A', 'AAAA', 'CNAME')),
    'LAST,SRV,A,CNAME',
    'Record types that are asked for, in order.',
  ),
  dnsResolver: row('DNS_RESOLVER', list(nameServer), '', "Name servers; the system's when empty."),
  dnsStaleTtlMs: row(
    'DNS_STALE_TTL',
    seconds,
    '3600s',
    'How long an old answer serves while a new one is not to be had.',
  ),
  dnsValidTtlMs: row(
    'DNS_VALID_TTL',
    seconds,
    '0',
    "How long an answer holds; 0 takes the record's own time.",
  ),
  dnsNotFoundTtlMs: row('DNS_NOT_FOUND_TTL', seconds, '30s', 'How long "no such name" holds.'),
  dnsErrorTtlMs: row('DNS_ERROR_TTL', seconds, '1s', 'How long a failed look-up holds.'),
}

/** The groups, in the order of docs/config.md. */
export const groups = {
  Listening: listening,
  Certificates: certificates,
  Process: running,
  Configuration: configuration,
  Logs: logs,
  Clients: clients,
  Answers: answers,
  Targets: targets,
  'Shared memory': shared,
  State: state,
  Names: names,
  Traces: tracing,
} as const

const table = {
  ...listening,
  ...certificates,
  ...running,
  ...configuration,
  ...logs,
  ...clients,
  ...answers,
  ...targets,
  ...shared,
  ...state,
  ...names,
  ...tracing,
}

type Table = typeof table

/** What the environment says, read and checked. Frozen. */
export type Environment = {
  readonly [K in keyof Table]: Table[K] extends Variable<infer T> ? T : never
}

export const variables: Readonly<Record<keyof Environment, Variable<unknown>>> = table
