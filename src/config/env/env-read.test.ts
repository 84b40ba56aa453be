/** What an operator's environment turns into, and what is said when it is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { variables } from './env.ts'
import { renderEnvironmentDocs } from './env-docs.ts'
import { filesNeeded, readEnvironment } from './env-read.ts'

const MACHINE = { cores: 4, filesMax: 1_000_000, runtimeDir: '/run/sluice' }

function read(given: Record<string, string>) {
  return readEnvironment(given, MACHINE)
}

function said(given: Record<string, string>): string[] {
  return read(given).problems.map(({ level, name, message }) => `${level} ${name}: ${message}`)
}

test('an empty environment starts: every default can be read, and nothing is said', () => {
  const { environment, problems } = read({})
  assert.deepEqual(problems, [])
  assert.equal(environment.workers, 4)
  assert.equal(environment.prefix, '/run/sluice')
  assert.equal(environment.connectionsMax, 16_384)
  assert.equal(environment.clientHeaderTimeoutMs, 8000)
  assert.deepEqual(environment.headersUpstream, ['x-kong-request-id'])
  assert.deepEqual(
    environment.proxyListen.map(({ host, port }) => [host, port]),
    [['0.0.0.0', 8000]],
  )
  assert.ok(Object.isFrozen(environment))
})

test('the slow head of a request is cut within ten seconds unless somebody asks otherwise', () => {
  assert.ok(read({}).environment.clientHeaderTimeoutMs < 10_000)
})

test("Kong's name counts where ours is absent, and ours wins", () => {
  assert.equal(read({ KONG_WORKERS: '3' }).environment.workers, 3)
  assert.equal(read({ KONG_NGINX_WORKER_PROCESSES: '2' }).environment.workers, 2)
  assert.equal(read({ KONG_WORKERS: '3', SLUICE_WORKERS: '5' }).environment.workers, 5)
  assert.equal(read({ KONG_WORKERS: '3', SLUICE_NGINX_WORKER_PROCESSES: '6' }).environment.workers, 6)
  assert.equal(
    read({ KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE: '10m' }).environment.clientMaxBodySize,
    10 * 1024 ** 2,
  )
  assert.equal(
    read({ KONG_NGINX_HTTP_LARGE_CLIENT_HEADER_BUFFERS: '4 8k' }).environment.largeClientHeaderBytes,
    32_768,
  )
})

test('a time without a unit counts in the unit Kong gives that name', () => {
  assert.equal(
    read({ KONG_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT: '60' }).environment.upstreamKeepaliveIdleTimeoutMs,
    60_000,
  )
  assert.equal(read({ SLUICE_DRAIN_MS: '60' }).environment.drainMs, 60)
  assert.equal(read({ SLUICE_CLIENT_HEADER_TIMEOUT: '250ms' }).environment.clientHeaderTimeoutMs, 250)
  assert.equal(read({ SLUICE_KEEPALIVE_TIMEOUT: '1.5m' }).environment.keepaliveTimeoutMs, 90_000)
})

test('all that is wrong is told in one run, and an unknown name of ours with the one that was meant', () => {
  assert.deepEqual(
    said({ SLUICE_PROXY_LISTN: 'x', SLUICE_WORKERS: 'many', SLUICE_LOG_LEVEL: 'loud', OTHER: 'y' }),
    [
      'error SLUICE_PROXY_LISTN: no such setting (did you mean SLUICE_PROXY_LISTEN?)',
      "error SLUICE_WORKERS: 'many' is neither auto nor an integer from 1 to 256",
      "error SLUICE_LOG_LEVEL: 'loud' is not one of debug, info, notice, warn, error, crit, alert, emerg",
    ],
  )
})

test("what only Kong has never stops a start: it is said once, or not at all where it says 'off'", () => {
  assert.deepEqual(
    said({ KONG_DATABASE: 'off', KONG_PLUGINS: 'bundled', SLUICE_ADMIN_GUI_LISTEN: 'off' }),
    [],
  )
  assert.deepEqual(said({ KONG_DATABASE: 'postgres', KONG_LUA_SOCKET_POOL_SIZE: '30' }), [
    'warning KONG_DATABASE: accepted, without effect here',
    'warning KONG_LUA_SOCKET_POOL_SIZE: accepted, without effect here',
  ])
  assert.deepEqual(said({ KONG_FROBNICATE: '1' }), ['warning KONG_FROBNICATE: not known here, passed over'])
})

test('an empty value means "not set"', () => {
  assert.equal(read({ SLUICE_WORKERS: '' }).environment.workers, 4)
  assert.deepEqual(said({ SLUICE_TRUSTED_IPS: '' }), [])
})

test('the default of connections fits the limit of open files, a value that was asked for is left as it is', () => {
  const small = readEnvironment({}, { ...MACHINE, filesMax: 1024 })
  assert.ok(filesNeeded(small.environment) <= 1024)
  const asked = readEnvironment({ SLUICE_CONNECTIONS_MAX: '5000' }, { ...MACHINE, filesMax: 1024 })
  assert.equal(asked.environment.connectionsMax, 5000)
  assert.ok(asked.given.has('connectionsMax'))
})

test('a file and a text of the configuration together are refused', () => {
  const problems = said({ SLUICE_DECLARATIVE_CONFIG: '/a', SLUICE_DECLARATIVE_CONFIG_STRING: '{}' })
  assert.match(problems[0]!, /^error SLUICE_DECLARATIVE_CONFIG: given together/)
})

test('every variable has a sentence and a row in docs/config.md, and no two share a name', () => {
  const docs = renderEnvironmentDocs()
  const seen = new Set<string>()
  for (const { name, aliases, says } of Object.values(variables)) {
    assert.match(says, /^[^.].*\.$/, name)
    assert.ok(docs.includes(`| \`${name}\``), name)
    for (const each of [name, ...aliases]) {
      assert.ok(!seen.has(each), each)
      seen.add(each)
    }
  }
})

test('the format of access lines stands behind their place, as in Kong, or in a variable of its own', () => {
  const formatOf = (given: Record<string, string>): string[] => {
    const { proxyAccessLog, accessLogFormat } = read(given).environment
    return [proxyAccessLog, accessLogFormat]
  }
  assert.deepEqual(formatOf({}), ['', ''])
  assert.deepEqual(formatOf({ KONG_PROXY_ACCESS_LOG: 'off' }), ['', ''])
  assert.deepEqual(formatOf({ KONG_PROXY_ACCESS_LOG: '/dev/stdout' }), ['/dev/stdout', ''])
  assert.deepEqual(formatOf({ KONG_PROXY_ACCESS_LOG: '/dev/stdout json' }), ['/dev/stdout', 'json'])
  assert.deepEqual(formatOf({ KONG_PROXY_ACCESS_LOG: '/a json buffer=32k flush=1s' }), ['/a', 'json'])
  assert.deepEqual(
    formatOf({ SLUICE_PROXY_ACCESS_LOG: '/a', SLUICE_PROXY_ACCESS_LOG_FORMAT: '$status $host' }),
    ['/a', '$status $host'],
  )
  const named = { KONG_NGINX_HTTP_LOG_FORMAT: `show escape=json '{"s":' "$status" '}'` }
  assert.deepEqual(formatOf({ KONG_PROXY_ACCESS_LOG: '/a show', ...named }), [
    '/a',
    'escape=json {"s":$status}',
  ])
  assert.deepEqual(formatOf({ KONG_PROXY_ACCESS_LOG: '/a', ...named }), ['/a', ''])
  assert.deepEqual(said({ SLUICE_PROXY_ACCESS_LOG: '/a b c' }), [
    "error SLUICE_PROXY_ACCESS_LOG: '/a b c' is more than a path and the name of a format",
  ])
  assert.deepEqual(said({ SLUICE_PROXY_ACCESS_LOG: '/a json', SLUICE_PROXY_ACCESS_LOG_FORMAT: 'kong' }), [
    "error SLUICE_PROXY_ACCESS_LOG: names the format 'json', and PROXY_ACCESS_LOG_FORMAT is given too",
  ])
  assert.match(said({ KONG_NGINX_HTTP_LOG_FORMAT: 'show $status' })[0]!, /not a name with a format in quotes/)
})
