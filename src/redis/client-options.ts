/**
 * client-options — ioredis's options for Kong's `redis` record: one connection, no queue of its own, nothing sent
 * twice.
 */
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import type { RedisSettings } from '../contract/machine/redis.ts'

/** Between two tries to connect: from the first number, doubled, to the second. */
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 800
/** A connection that is to be closed has so long to say so. */
const GOODBYE_MS = 50
/** A connection that is silent so long while something is asked is given up. Shorter would be a storm of new ones. */
const SILENCE_MS_MIN = 1000
const RETRIES_EXPONENT_MAX = 10

/** Replies as Redis sent them; ioredis has types of clients for each form of reply. */
type Plain = RedisOptions & { readonly replyMapping: 'legacy' }

export function isCluster(settings: RedisSettings): boolean {
  return (settings.cluster_nodes ?? []).length > 0
}

/** `trusted`: certificates in PEM of who may sign a server's; empty: those that Node trusts. */
export function makeRedisOptions(settings: RedisSettings, trusted: readonly string[]): Plain {
  const options = makeCommonOptions(settings, trusted)
  const master = settings.sentinel_master ?? ''
  if (master === '') return { ...options, host: settings.host, port: settings.port, db: settings.database }
  return {
    ...options,
    db: settings.database,
    name: master,
    sentinels: (settings.sentinel_nodes ?? []).map(({ host, port }) => ({ host, port })),
    ...auth('sentinelUsername', settings.sentinel_username),
    ...auth('sentinelPassword', settings.sentinel_password),
    sentinelCommandTimeout: settings.timeout,
    sentinelRetryStrategy: retryMs,
    enableTLSForSentinelMode: settings.ssl,
    ...(options.tls === undefined ? {} : { sentinelTLS: options.tls }),
    // Only so is it looked at whether the address that Sentinel gave is a master's still.
    enableReadyCheck: true,
  }
}

export function makeClusterOptions(
  settings: RedisSettings,
  trusted: readonly string[],
): ClusterOptions & { readonly redisOptions: Plain } {
  return {
    redisOptions: makeCommonOptions(settings, trusted),
    clusterRetryStrategy: retryMs,
    slotsRefreshTimeout: settings.timeout,
    // What was under way when a connection broke may have counted already: it is not sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    enableReadyCheck: false,
  }
}

function makeCommonOptions(settings: RedisSettings, trusted: readonly string[]): Plain {
  return {
    ...auth('username', settings.username),
    ...auth('password', settings.password),
    ...(settings.ssl ? { tls: makeTls(settings, trusted) } : {}),
    // The replies are integers and texts, which the older protocol has as well; so does every server.
    protocol: 2,
    replyMapping: 'legacy',
    connectionName: 'sluice',
    disableClientInfo: true,
    connectTimeout: settings.timeout,
    socketTimeout: Math.max(settings.timeout, SILENCE_MS_MIN),
    disconnectTimeout: GOODBYE_MS,
    retryStrategy: retryMs,
    enableOfflineQueue: false,
    // INFO may be forbidden, and a server that still loads its data says so to the first probe.
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  }
}

function makeTls(settings: RedisSettings, trusted: readonly string[]): ConnectionOptions {
  const name = settings.server_name ?? ''
  const isAlone = !isCluster(settings) && (settings.sentinel_master ?? '') === ''
  const servername = name === '' && isAlone ? settings.host : name
  return {
    rejectUnauthorized: settings.ssl_verify,
    ...(servername !== '' && isIP(servername) === 0 ? { servername } : {}),
    ...(trusted.length > 0 ? { ca: [...trusted] } : {}),
  }
}

function auth(key: string, value: string | null | undefined): Record<string, string> {
  return typeof value === 'string' && value !== '' ? { [key]: value } : {}
}

function retryMs(times: number): number {
  const ms = Math.min(RETRY_MS_MIN * 2 ** Math.min(times - 1, RETRIES_EXPONENT_MAX), RETRY_MS_MAX)
  // Workers and machines that lost the same Redis must not come back in step.
  return ms + Math.random() * (ms / 4)
}
