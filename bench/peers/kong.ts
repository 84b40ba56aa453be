/**
 * Kong Gateway without a database. It is in no registry that this bench installs from, so this file is written from
 * Kong's configuration reference, and the first who has a `kong` on the PATH finds out whether it starts.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { whyNotClear } from '../load/scenario.ts'
import { asksVersion, findProgram, programOr } from './installed.ts'
import { kongYml } from './kong-yml.ts'
import type { Peer, Place } from './peer.ts'

/** As Kong's own container starts: `kong prepare` writes nginx's configuration, and nginx takes the shell's place. */
const START = `ulimit -n "$(ulimit -Hn)"; "$1" prepare -p "$KONG_PREFIX" &&
for nginx in /usr/local/openresty/nginx/sbin/nginx "$(command -v openresty)" "$(command -v nginx)"; do
  [ -x "$nginx" ] && exec "$nginx" -p "$KONG_PREFIX" -c nginx.conf
done`

export const kong: Peer = {
  name: 'kong',
  install: "Kong's package for Debian, so that `kong` is on the PATH",
  isNode: false,
  version: asksVersion(() => [findProgram('kong'), 'version'], /([\d.]+)/),
  cannot: whyNotClear,
  launch: (place, { work }) => {
    const file = join(place.directory, 'kong-peer.yml')
    const plugins = work === 'guarded' ? [{ name: 'prometheus' }] : []
    writeFileSync(file, kongYml({ originPort: place.originPort, work, plugins, limit: {} }))
    return {
      command: ['sh', '-c', START, 'sh', programOr('kong')],
      env: { ...settings(place), KONG_DECLARATIVE_CONFIG: file, ...logs(place, work === 'guarded') },
    }
  },
}

/** The two numbers of requests, the pool, the workers: "Optimize Kong Gateway performance". */
function settings(place: Place) {
  return {
    KONG_DATABASE: 'off',
    KONG_PREFIX: join(place.directory, 'kong-prefix'),
    KONG_PROXY_LISTEN: `127.0.0.1:${place.port} reuseport backlog=4096`,
    KONG_ADMIN_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_STATUS_LISTEN: 'off',
    KONG_ANONYMOUS_REPORTS: 'off',
    KONG_NGINX_DAEMON: 'off',
    KONG_NGINX_WORKER_PROCESSES: String(place.workers),
    KONG_NGINX_HTTP_KEEPALIVE_REQUESTS: '1000000000',
    KONG_UPSTREAM_KEEPALIVE_POOL_SIZE: '1024',
    KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS: '0',
  }
}

function logs({ directory }: Place, isOn: boolean) {
  return {
    KONG_PROXY_ACCESS_LOG: isOn ? join(directory, 'kong-access.log') : 'off',
    KONG_PROXY_ERROR_LOG: '/dev/stderr',
  }
}
