/** Kong's `redis` record in a limiting plugin's configuration, its older flat forms, and Sentinel and Cluster. */

import type { RedisSettings } from '../contract/machine/redis.ts'
import { type EntityCheck, type Infer, s, type Value } from '../contract/schema.ts'

const PORT: readonly [number, number] = [0, 65_535]
const TIMEOUT: readonly [number, number] = [0, 2 ** 31 - 2]
const PORT_DEFAULT = 6379
const TIMEOUT_DEFAULT = 2000

const node = s.record({
  host: s.string({ required: true }),
  port: s.integer({ required: true, default: PORT_DEFAULT, between: PORT }),
})

const redis = s.record(
  {
    host: s.string({ says: 'Where Redis is. Required with policy `redis`.' }),
    port: s.integer({ default: PORT_DEFAULT, between: PORT }),
    timeout: s.integer({
      default: TIMEOUT_DEFAULT,
      between: TIMEOUT,
      says: 'Milliseconds to connect, and to wait for an answer.',
    }),
    username: s.string({ referenceable: true, says: 'For Redis 6 and its access lists.' }),
    password: s.string({ referenceable: true, encrypted: true, len_min: 0 }),
    database: s.integer({ default: 0 }),
    ssl: s.boolean({ default: false, says: 'Speaks TLS.' }),
    ssl_verify: s.boolean({ default: false, says: "Checks the server's certificate." }),
    server_name: s.string({ says: 'The name to ask for and to check in TLS.' }),
    sentinel_master: s.string({ says: 'The name Sentinel knows the master by; `host` is then not used.' }),
    sentinel_nodes: s.array(node, { len_min: 1, says: 'Where Sentinel is.' }),
    sentinel_username: s.string({ referenceable: true }),
    sentinel_password: s.string({ referenceable: true, encrypted: true, len_min: 0 }),
    cluster_nodes: s.array(node, {
      len_min: 1,
      says: 'Some nodes of a Redis Cluster, from which the others are learned; `host` is then not used.',
    }),
  },
  { required: true, says: 'How to reach Redis.' },
)

const INSTEAD = 'Older form; use the field of `redis`.'

/** What a limiting plugin spreads into its schema. */
export const redisFields = {
  redis,
  redis_host: s.string({ says: INSTEAD }),
  redis_port: s.integer({ between: PORT, says: INSTEAD }),
  redis_timeout: s.integer({ between: TIMEOUT, says: INSTEAD }),
  redis_username: s.string({ referenceable: true, says: INSTEAD }),
  redis_password: s.string({ referenceable: true, encrypted: true, len_min: 0, says: INSTEAD }),
  redis_database: s.integer({ says: INSTEAD }),
  redis_ssl: s.boolean({ says: INSTEAD }),
  redis_ssl_verify: s.boolean({ says: INSTEAD }),
  redis_server_name: s.string({ says: INSTEAD }),
}

const all = s.record(redisFields)
type RedisConfig = Infer<typeof all>

/** A flat field that is there stands above the default of the record, and below what the record says. */
export function redisSettingsOf(config: RedisConfig): RedisSettings {
  const { redis } = config
  const own = <T>(value: T, usual: T, flat: T | null): T => (value === usual ? (flat ?? value) : value)
  return {
    host: redis?.host ?? config.redis_host ?? '',
    port: own(redis?.port ?? PORT_DEFAULT, PORT_DEFAULT, config.redis_port),
    timeout: own(redis?.timeout ?? TIMEOUT_DEFAULT, TIMEOUT_DEFAULT, config.redis_timeout),
    username: redis?.username ?? config.redis_username,
    password: redis?.password ?? config.redis_password,
    database: own(redis?.database ?? 0, 0, config.redis_database),
    ssl: own(redis?.ssl ?? false, false, config.redis_ssl),
    ssl_verify: own(redis?.ssl_verify ?? false, false, config.redis_ssl_verify),
    server_name: redis?.server_name ?? config.redis_server_name,
    sentinel_master: redis?.sentinel_master ?? null,
    sentinel_nodes: redis?.sentinel_nodes ?? null,
    sentinel_username: redis?.sentinel_username ?? null,
    sentinel_password: redis?.sentinel_password ?? null,
    cluster_nodes: redis?.cluster_nodes ?? null,
  }
}

type Config = { [key: string]: Value }

export const policyField = s.string({
  required: true,
  default: 'local',
  one_of: ['local', 'cluster', 'redis'],
  says: 'Where it is counted: on each machine by itself, or in one Redis for all. `cluster` with a `redis` block is `redis`.',
})

/** Kong counts 'cluster' in its database; a block that says where Redis is takes that place. */
export function usesRedis(config: Config): boolean {
  return config['policy'] === 'redis' || (config['policy'] === 'cluster' && namesRedis(config))
}

function namesRedis(config: Config): boolean {
  const redis = config['redis']
  const record = typeof redis === 'object' && redis !== null && !Array.isArray(redis) ? redis : {}
  const isSet = (value: Value | undefined) => value !== undefined && value !== null
  return (
    isSet(record['host']) ||
    isSet(record['cluster_nodes']) ||
    (isSet(record['sentinel_master']) && isSet(record['sentinel_nodes'])) ||
    isSet(config['redis_host'])
  )
}

export const redisChecks: readonly EntityCheck[] = [
  {
    name: 'redis with policy',
    fields: ['policy', 'redis', 'redis_host'],
    check: (config) =>
      config['policy'] === 'redis' && !namesRedis(config)
        ? "failed conditional validation given value of field 'config.policy'"
        : null,
    blames: ['redis.host', 'required field missing'],
  },
  {
    name: 'cluster without a database',
    fields: ['policy', 'redis', 'redis_host'],
    check: (config) =>
      config['policy'] === 'cluster' && !namesRedis(config)
        ? "policy 'cluster' counts in Kong's database, which is not here: use 'redis' and say in 'redis' where it is, or 'local'"
        : null,
  },
]
