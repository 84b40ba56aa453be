/** host-port — hosts, ports and addresses as a configuration writes them, and the Host field made of them. */

export interface HostPort {
  /** A name or an IP, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** Where the path of a socket stands in place of a host. */
const UNIX = 'unix:'

/** A socket of this machine, as `unix:/run/app.sock`. */
export function isSocketPath(host: string): boolean {
  return host.startsWith(UNIX)
}

/** Of "name:port", "1.2.3.4:port", "[::1]:port", or any of them without port. */
export function splitHostPort(text: string, defaultPort: number): HostPort {
  if (isSocketPath(text)) return { host: text, port: 0 }
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text)
  // More than one colon and no brackets: a bare IPv6 address.
  if (parts === null) return { host: text, port: defaultPort }
  return { host: parts[1] ?? parts[2] ?? '', port: parts[3] === undefined ? defaultPort : Number(parts[3]) }
}

/** True for an address as opposed to a name. No name contains a colon, and none consists of four numbers. */
export function isIp(host: string): boolean {
  if (isSocketPath(host)) return false
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}

/** `host` with its port, unless that is the scheme's own. IPv6 in brackets. */
export function authorityOf(host: string, port: number, protocol: string): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return port === (isTls(protocol) ? 443 : 80) ? name : `${name}:${port}`
}

export function isTls(protocol: string): boolean {
  return protocol === 'https' || protocol === 'grpcs' || protocol === 'tls' || protocol === 'wss'
}
