/** Sluice in its engines and shapes, this checkout's or another commit's. */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSecure, type Scenario } from '../load/scenario.ts'
import { certificateFiles, TLS_SUITE } from './certificate.ts'
import { asksVersion, findProgram, programOr } from './installed.ts'
import { ALL_METRICS, kongYml, type PluginEntry } from './kong-yml.ts'
import type { Launch, Peer, Place } from './peer.ts'

export interface SluiceOptions {
  /** Beside those that the work asks for. */
  plugins?(place: Place): readonly PluginEntry[]
  /** Beside those of the comparison. */
  env?(place: Place): Env
  readonly install?: string
  /** In place of those that a run asks for. */
  readonly workers?: number
  /** With nothing set for the comparison's sake: the defaults, or a profile's settings, are what is compared. */
  readonly asShipped?: boolean
  cannot?(scenario: Scenario): string
  /** Of the guarded work's limit. */
  limit?(place: Place): Record<string, unknown>
}

/** This checkout's, as it was built with this file. */
export const sluiceMain = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const seeds = fileURLToPath(new URL('seeds', import.meta.url))
const collector = fileURLToPath(new URL('node/collector.js', import.meta.url))

type Env = Readonly<Record<string, string>>

/** A Sluice whose program is `main`; `env` goes before what the bench sets itself. */
export function sluiceAt(name: string, main: string, env: Env = {}, options: SluiceOptions = {}): Peer {
  const { install = 'npm run build', cannot = () => '' } = options
  const version = asksVersion(() => [process.execPath, main, 'version'], /(\S+)/)
  return {
    name,
    install,
    isNode: true,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    version,
    cannot,
    launch: (at, scenario): Launch => {
      const place = { ...at, workers: options.workers ?? at.workers }
      const file = write(name, place, scenario, options)
      return {
        command: [process.execPath, main, 'start', '--config', file],
        env: {
          ...(options.asShipped ? {} : KEPT_ALIVE),
          ...settings(name, place, scenario),
          ...env,
          ...options.env?.(place),
        },
      }
    },
  }
}

function write(name: string, place: Place, { work }: Scenario, options: SluiceOptions): string {
  const file = join(place.directory, `${name}.yml`)
  const plugins = options.plugins?.(place) ?? []
  const limit = options.limit?.(place) ?? {}
  writeFileSync(file, kongYml({ originPort: place.originPort, work, plugins, limit }))
  return file
}

/** As the other peers: no connection is closed for its age or for want of room. */
const KEPT_ALIVE: Env = {
  SLUICE_KEEPALIVE_REQUESTS: '1000000000',
  SLUICE_UPSTREAM_KEEPALIVE_MAX_REQUESTS: '1000000000',
  SLUICE_UPSTREAM_KEEPALIVE_POOL_SIZE: '1024',
}

/** docs/config.md */
function settings(name: string, place: Place, scenario: Scenario): Record<string, string> {
  const { work, protocol } = scenario
  const own = join(place.directory, name)
  const flags = isSecure(scenario) ? ` ssl${protocol === 'h2' ? ' http2' : ''}` : ''
  const guarded = {
    SLUICE_PROXY_ACCESS_LOG: `${own}-access.log`,
    SLUICE_STATUS_LISTEN: `unix:${own}-status.sock`,
  }
  return {
    SLUICE_PROXY_LISTEN: `127.0.0.1:${place.port}${flags} backlog=4096`,
    ...(isSecure(scenario) ? tls(place) : {}),
    SLUICE_WORKERS: String(place.workers),
    SLUICE_PREFIX: own,
    ...(work === 'guarded' ? guarded : { SLUICE_STATUS_LISTEN: 'off' }),
  }
}

function tls({ directory }: Place): Record<string, string> {
  const { cert, key } = certificateFiles(directory)
  return {
    SLUICE_SSL_CERT: cert,
    SLUICE_SSL_CERT_KEY: key,
    SLUICE_SSL_PROTOCOLS: 'TLSv1.3',
    SLUICE_SSL_CIPHER_SUITE: 'custom',
    SLUICE_SSL_CIPHERS: TLS_SUITE,
  }
}

export const sluice = sluiceAt('sluice', sluiceMain)

const withUws = sluiceAt(
  'sluice-uws',
  sluiceMain,
  { SLUICE_ENGINE: 'uws' },
  {
    install: 'npm install',
    cannot: ({ protocol }) => (protocol === 'h2' ? 'its engine has no HTTP/2' : ''),
  },
)

const withRedis = sluiceAt(
  'sluice-redis',
  sluiceMain,
  {},
  {
    install: 'apt-get install redis-server',
    cannot: ({ work }) => (work === 'guarded' ? '' : 'only guarded work asks Redis'),
    limit: (place) => ({ policy: 'redis', redis: { host: '127.0.0.1', port: besidePort(place) } }),
  },
)

const PROFILED: SluiceOptions = {
  asShipped: true,
  cannot: ({ work }) => (work === 'plain' ? '' : 'profiles are compared in plain work'),
}

/** What it costs to see everything, beside the same without: an id, a line of the access log, Kong's metrics. */
const observed = sluiceAt(
  'sluice-observed',
  sluiceMain,
  {},
  {
    cannot: onlyPlain,
    plugins: () => [{ name: 'correlation-id' }, { name: 'prometheus', config: ALL_METRICS }],
    env: ({ directory }) => ({ SLUICE_PROXY_ACCESS_LOG: join(directory, 'observed-access.log') }),
  },
)

/** Of a hundred requests one is traced, and told to a collector. */
const traced: Peer = {
  ...sluiceAt(
    'sluice-traced',
    sluiceMain,
    {},
    {
      cannot: onlyPlain,
      plugins: (place) => [
        {
          name: 'opentelemetry',
          config: { traces_endpoint: `http://127.0.0.1:${besidePort(place)}/v1/traces`, sampling_rate: 0.01 },
        },
      ],
    },
  ),
  beside: (place) => ({ command: [process.execPath, collector, String(besidePort(place))], env: {} }),
}

function onlyPlain({ work }: Scenario): string {
  return work === 'plain' ? '' : 'it is compared in plain work'
}

export const sluices: readonly Peer[] = [
  sluice,
  sluiceAt('sluice-pipelining', sluiceMain, { SLUICE_UPSTREAM_PIPELINING: '1' }),
  { ...withUws, version: async () => (hasUws() ? withUws.version() : null) },
  sluiceAt('sluice-two-workers', sluiceMain, {}, { workers: 2 }),
  {
    ...withRedis,
    version: async () => (findProgram('redis-server') === null ? null : withRedis.version()),
    beside: (place) => ({ command: redis(place), env: {} }),
  },
  observed,
  traced,
  seeded('sluice-seeded-busy', 'busy-loop'),
  seeded('sluice-seeded-stall', 'stall'),
  sluiceAt('profile-none', sluiceMain, {}, PROFILED),
  ...['throughput', 'latency', 'small-box', 'behind-a-load-balancer'].map((name) =>
    sluiceAt(`profile-${name}`, sluiceMain, { SLUICE_PROFILE: name }, PROFILED),
  ),
]

/** Made slow on purpose: what the gate has to catch. */
function seeded(name: string, plugin: string): Peer {
  const cannot = ({ work }: Scenario) => (work === 'plain' ? '' : 'it proves the gate in plain work')
  return sluiceAt(
    name,
    sluiceMain,
    { SLUICE_PLUGINS_DIR: seeds },
    {
      plugins: () => [{ name: plugin }],
      cannot,
    },
  )
}

function hasUws(): boolean {
  try {
    createRequire(import.meta.url).resolve('uWebSockets.js')
    return true
  } catch {
    return false // optional, and not installed
  }
}

function redis(place: Place): string[] {
  const words = [
    '--port',
    String(besidePort(place)),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  return [programOr('redis-server'), ...words, '--dir', place.directory, '--loglevel', 'warning']
}

function besidePort({ besidePort }: Place): number {
  if (besidePort === undefined) throw new Error('it needs a Redis beside it, and this run starts none')
  return besidePort
}
