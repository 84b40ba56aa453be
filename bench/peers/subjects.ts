/** What is measured against what: each subject is a program that proxies one port to the origin. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { proxyConf } from './nginx.ts'

export interface Subject {
  readonly name: string
  /** The command for a port of its own. */
  command(place: Place): string[]
  env(place: Place): Record<string, string>
}

export interface Place {
  readonly directory: string
  readonly port: number
  readonly originPort: number
  /** 0 where no redis-server is installed. */
  readonly redisPort: number
}

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** `plugins`: what stands behind `plugins:` of the one service. */
function sluice(name: string, extra: Record<string, string>, plugins = (_: Place) => '[]'): Subject {
  return {
    name,
    command: (place) => {
      const file = join(place.directory, `${name}.yml`)
      writeFileSync(
        file,
        `_format_version: "3.0"
services:
  - name: origin
    url: http://127.0.0.1:${place.originPort}
    routes: [{ name: all, paths: ["/"], strip_path: false }]
    plugins: ${plugins(place)}
`,
      )
      return [process.execPath, main, 'start', '--config', file]
    },
    env: (place) => ({
      SLUICE_PROXY_LISTEN: `127.0.0.1:${place.port} backlog=4096`,
      SLUICE_STATUS_LISTEN: 'off',
      SLUICE_WORKERS: '1',
      SLUICE_PREFIX: join(place.directory, name),
      SLUICE_KEEPALIVE_REQUESTS: '1000000000',
      SLUICE_UPSTREAM_KEEPALIVE_MAX_REQUESTS: '1000000000',
      SLUICE_UPSTREAM_KEEPALIVE_POOL_SIZE: '1024',
      ...extra,
    }),
  }
}

export const subjects: readonly Subject[] = [
  {
    name: 'nginx',
    command: (place) => ['nginx', '-c', proxyConf(place.directory, place.port, place.originPort)],
    env: () => ({}),
  },
  sluice('sluice', {}),
  sluice('sluice-pipelining', { SLUICE_UPSTREAM_PIPELINING: '1' }),
  sluice('sluice-uws', { SLUICE_ENGINE: 'uws' }),
  sluice('sluice-limited', {}, () => limiting('limit_by: ip')),
  sluice('sluice-redis', {}, ({ redisPort }) =>
    limiting(`limit_by: ip, policy: redis, redis: { host: 127.0.0.1, port: ${redisPort} }`),
  ),
]

/** A limit that no run reaches, so that what is measured is the asking. */
function limiting(config: string): string {
  return `[{ name: rate-limiting, config: { minute: 1000000000, ${config} } }]`
}
