/**
 * client — the one connection (in a cluster: one a node) of a link, over ioredis, which is loaded when the first is
 * opened.
 */
import type { Cluster, Redis } from 'ioredis'
import type { RedisSettings } from '../contract/machine/redis.ts'
import { isCluster, makeClusterOptions, makeRedisOptions } from './client-options.ts'

export interface RedisClient {
  /** `done` is called once, later; or never, should the connection die without a word. */
  send(name: 'evalsha' | 'eval', args: readonly string[], done: Replied): void
  /** Leaves a server that only repeats what another says, to look for the other. */
  reconnect(): void
  close(): void
}

export type Replied = (error: Error | null | undefined, reply?: unknown) => void

export interface ClientEvents {
  onReady(): void
  onClosed(): void
  onProblem(text: string): void
}

export async function openClient(
  settings: RedisSettings,
  trusted: readonly string[],
  events: ClientEvents,
): Promise<RedisClient> {
  const { Cluster, Command, Redis } = await import('ioredis')
  const client = isCluster(settings)
    ? watchCluster(new Cluster(nodesOf(settings), makeClusterOptions(settings, trusted)), events)
    : watchRedis(new Redis(makeRedisOptions(settings, trusted)), events)
  return {
    send(name, args, done) {
      client.sendCommand(new Command(name, [...args], { replyEncoding: null }, done))
    },
    reconnect() {
      // The nodes of a cluster name the one to ask themselves.
      if (client instanceof Redis) client.disconnect(true)
    },
    close: () => client.disconnect(),
  }
}

function nodesOf(settings: RedisSettings): { host: string; port: number }[] {
  return (settings.cluster_nodes ?? []).map(({ host, port }) => ({ host, port }))
}

function watchRedis(redis: Redis, events: ClientEvents): Redis {
  redis.on('ready', () => events.onReady())
  redis.on('close', () => events.onClosed())
  redis.on('sentinelError', (error: Error) => events.onProblem(error.message))
  redis.on('error', (error: Error) => {
    events.onProblem(error.message)
    // ioredis would go on with database 0, where somebody else's counters may be.
    if (commandOf(error) === 'select') redis.disconnect(true)
  })
  return redis
}

function watchCluster(cluster: Cluster, events: ClientEvents): Cluster {
  cluster.on('ready', () => events.onReady())
  cluster.on('close', () => events.onClosed())
  cluster.on('error', (error: Error) => events.onProblem(error.message))
  cluster.on('node error', (error: Error, node: string) => events.onProblem(`${node}: ${error.message}`))
  return cluster
}

function commandOf(error: Error): string {
  const command: unknown = 'command' in error ? error.command : undefined
  const isNamed = typeof command === 'object' && command !== null && 'name' in command
  return isNamed ? String(command.name).toLowerCase() : ''
}
