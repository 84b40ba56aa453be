/** What nginx needs around its servers, as origin and as proxy, so that it runs for anybody and from any folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSecure, type Scenario } from '../../load/scenario.ts'
import { certificateFiles, TLS_SUITE } from '../certificate.ts'
import { asksVersion, findProgram, programOr } from '../installed.ts'
import type { Place } from '../peer.ts'

export const nginxVersion = asksVersion(() => [findProgram('nginx'), '-v'], /nginx\/(\S+)/)

/** Answers the command. `-e`: else it opens a log of its system before it has read which one to open. */
export function nginxCommand(place: Place, name: string, http: string): string[] {
  const file = join(place.directory, `${name}.conf`)
  writeFileSync(file, nginxConf(place, name, http))
  return [programOr('nginx'), '-e', 'stderr', '-c', file]
}

function nginxConf(place: Place, name: string, http: string): string {
  const own = join(place.directory, name)
  mkdirSync(own, { recursive: true })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `# ngx_core_module, worker_rlimit_nofile: there are descriptors for both sides of each connection.
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes ${place.workers};
worker_rlimit_nofile 40000;
daemon off;
pid ${own}.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  ${temporary.map((path) => `${path}_temp_path ${own}/${path};`).join(' ')}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
${http}
}
`
}

/** ngx_http_core_module, listen: with `reuseport` the kernel shares connections out, where there is more than one. */
export function nginxListen(place: Place, scenario: Pick<Scenario, 'protocol'> = {}): string {
  const reuse = place.workers > 1 ? ' reuseport' : ''
  const secure = isSecure(scenario) ? ` ssl${scenario.protocol === 'h2' ? ' http2' : ''}` : ''
  const listen = `listen 127.0.0.1:${place.port}${secure} backlog=4096${reuse};`
  return isSecure(scenario) ? `${listen}\n${nginxTls(place)}` : listen
}

/** ngx_http_ssl_module. Tickets stay on, as they are by default. */
function nginxTls({ directory }: Place): string {
  const { cert, key } = certificateFiles(directory)
  return `    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${TLS_SUITE};`
}
