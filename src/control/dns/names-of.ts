/** names-of — the host names a configuration needs resolved. */
import { isIP } from 'node:net'
import type { Config } from '../../config/model.ts'
import { isSocketPath } from '../../flow/balancer/host-port.ts'

/**
 * Hosts of services and of plugins (`upstream_host`) that are no upstream's name, and hosts of targets that have one;
 * in lower case, each once.
 */
export function namesOf(config: Config): string[] {
  const upstreams = new Set(config.upstreams.map(({ name }) => name.toLowerCase()))
  const elsewhere = config.plugins.map(({ config: its }) => its['upstream_host'])
  const hosts = [
    ...config.services.map(({ host }) => host),
    ...elsewhere.filter((host) => typeof host === 'string'),
  ]
    .map(bare)
    .filter((host) => !upstreams.has(host))
  const targets = config.targets.map(({ target }) => bare(target.replace(/:\d+$/, '')))
  return [...new Set([...hosts, ...targets])].filter(
    (host) => host !== '' && isIP(host) === 0 && !isSocketPath(host),
  )
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
}
