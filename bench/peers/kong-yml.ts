/** The declarative configuration that Sluice and Kong share: one service with the routes and plugins of a scenario. */
import { stringify } from 'yaml'
import { routeTable } from '../load/route-table.ts'
import { API_KEY, type Work } from '../load/scenario.ts'

export interface PluginEntry {
  readonly name: string
  readonly config?: Readonly<Record<string, unknown>>
}

export interface KongYml {
  readonly originPort: number
  readonly work: Work
  /** Beside those that the work asks for. */
  readonly plugins: readonly PluginEntry[]
  /** Of the limit, beside its number. */
  readonly limit: Readonly<Record<string, unknown>>
}

export function kongYml({ originPort, work, plugins, limit }: KongYml): string {
  const paths = work === 'routes' ? routeTable() : [{ name: 'all', path: '/' }]
  const service = {
    name: 'origin',
    url: `http://127.0.0.1:${originPort}`,
    routes: paths.map(({ name, path }) => ({ name, paths: [path], strip_path: false })),
    plugins: [...(work === 'guarded' ? guards(limit) : []), ...plugins],
  }
  const consumers = [{ username: 'bench', keyauth_credentials: [{ key: API_KEY }] }]
  return stringify({
    _format_version: '3.0',
    services: [service],
    ...(work === 'guarded' ? { consumers } : {}),
  })
}

/** Of the prometheus plugin, whose defaults count nothing of a request. */
export const ALL_METRICS = { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true }

/** The limit is one that no run reaches, so that what is measured is the asking. */
function guards(limit: KongYml['limit']): PluginEntry[] {
  return [
    { name: 'key-auth' },
    { name: 'correlation-id', config: { header_name: 'X-Request-ID' } },
    { name: 'rate-limiting', config: { minute: 1_000_000_000, policy: 'local', ...limit } },
  ]
}
