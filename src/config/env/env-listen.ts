/** Addresses as the environment writes them: Kong's listen lists, CIDR blocks and IP literals. */
import type { ListenAddress } from '../../contract/listener.ts'
import { type Kind, Wrong, words } from './env-kinds.ts'

/** Kong's, and enough for a burst of connects: the kernel caps it at net.core.somaxconn. */
const BACKLOG = 16384

/** `0.0.0.0:8000 reuseport backlog=16384, [::]:8443 ssl http2, unix:/run/sluice.sock`, or `off`. */
export const listenList: Kind<readonly ListenAddress[]> = {
  says:
    'a comma-separated list of `IP:PORT`, `[IPv6]:PORT` or `unix:/path`, each with flags after spaces ' +
    '(`ssl`, `http2`, `proxy_protocol`, `reuseport`, `backlog=N`, `deferred`, `bind`, `so_keepalive=…`); or `off`',
  read(given) {
    const addresses: ListenAddress[] = []
    for (const entry of words(given)) {
      const address = readListen(entry)
      if (address instanceof Wrong) return address
      addresses.push(address)
    }
    return addresses
  },
}

/** `0.0.0.0:9000 reuseport, 0.0.0.0:9443 ssl`, or `off`. */
export const streamList: Kind<readonly ListenAddress[]> = {
  says:
    'a comma-separated list of `IP:PORT`, `[IPv6]:PORT` or `unix:/path`, each with flags after spaces ' +
    '(`ssl`, `proxy_protocol`, `reuseport`, `backlog=N`, `deferred`, `bind`, `so_keepalive=…`); or `off`',
  read(given) {
    for (const entry of words(given)) {
      const flags = entry.split(/\s+/).slice(1)
      if (flags.includes('udp')) return new Wrong(`'udp' in '${entry}': streams of UDP are not served`)
      if (flags.includes('http2'))
        return new Wrong(`'http2' in '${entry}' is not a flag of a stream's address`)
    }
    const addresses = listenList.read(given)
    return addresses instanceof Wrong ? addresses : addresses.map((each) => ({ ...each, isStream: true }))
  },
}

interface Place {
  host: string
  port: number
  path: string
}

function readListen(entry: string): ListenAddress | Wrong {
  const [where, ...flags] = entry.split(/\s+/)
  const place = readPlace(where!)
  if (place instanceof Wrong) return place
  let backlog = BACKLOG
  for (const flag of flags) {
    const size = /^backlog=(\d{1,7})$/.exec(flag)
    if (size !== null) backlog = Number(size[1])
    else if (!FLAGS.test(flag))
      return new Wrong(`'${flag}' in '${entry}' is not a flag of a listening address`)
  }
  return {
    ...place,
    ssl: flags.includes('ssl'),
    http2: flags.includes('http2'),
    proxyProtocol: flags.includes('proxy_protocol'),
    reuseport: flags.includes('reuseport'),
    backlog,
    fd: -1,
  }
}

// deferred, bind and so_keepalive tune nginx's sockets; they are read so that Kong's lists work, and change nothing.
const FLAGS = /^(ssl|http2|proxy_protocol|reuseport|deferred|bind|so_keepalive(=\S+)?)$/

function readPlace(where: string): Place | Wrong {
  if (where.startsWith('unix:')) {
    const path = where.slice(5)
    // The kernel's sockaddr_un holds 108 bytes, the closing NUL included.
    if (!path.startsWith('/')) return new Wrong(`'${where}': a unix socket needs an absolute path`)
    if (path.length > 107) return new Wrong(`'${where}': the path of a unix socket has at most 107 bytes`)
    return { host: '', port: 0, path }
  }
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(where)
  if (parts === null) return new Wrong(`'${where}' is not IP:PORT, [IPv6]:PORT or unix:/path`)
  const port = Number(parts[3])
  if (port > 65535) return new Wrong(`'${where}': port ${port} is above 65535`)
  const host = parts[1] ?? (parts[2] === 'localhost' ? '127.0.0.1' : parts[2]!)
  const known = parts[1] !== undefined ? isIpv6(host) : isIpv4(host)
  return known ? { host, port, path: '' } : new Wrong(`'${where}': '${host}' is not an IP address`)
}

/** `10.0.0.0/8`, `::1`, `unix:` as trusted_ips writes them. */
export const cidr: Kind<string> = {
  says: 'IP addresses or CIDR blocks (`10.0.0.0/8`, `::1`, `unix:`)',
  read(given) {
    if (given === 'unix:') return given
    const [ip, bits, ...rest] = given.split('/')
    const most = isIpv4(ip!) ? 32 : isIpv6(ip!) ? 128 : -1
    const isBlock = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
    return most > 0 && isBlock && rest.length === 0
      ? given
      : new Wrong(`'${given}' is not an IP address or CIDR block`)
  },
}

/** A name server: `10.0.0.2`, `10.0.0.2:5353`, `[::1]:53`. */
export const nameServer: Kind<string> = {
  says: 'name servers (`10.0.0.2`, `10.0.0.2:5353`, `[::1]:53`)',
  read(given) {
    const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(given)
    const isKnown =
      isIpv6(given) ||
      (parts !== null &&
        Number(parts[3] ?? 53) <= 65535 &&
        (isIpv6(parts[1] ?? '') || isIpv4(parts[2] ?? '')))
    return isKnown ? given : new Wrong(`'${given}' is not the IP address of a name server`)
  },
}

export function isIpv4(given: string): boolean {
  const parts = given.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

export function isIpv6(given: string): boolean {
  const halves = given.split('::')
  if (halves.length > 2 || given === '') return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1)
  let count = groups.length
  if (last?.includes('.') && !given.endsWith('::')) {
    if (!isIpv4(last)) return false
    groups.pop()
    count++
  }
  return (
    groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) &&
    (halves.length === 2 ? count < 8 : count === 8)
  )
}

/** For messages: the address as it was written, without flags. */
export function addressText(address: { host: string; port: number; path: string }): string {
  if (address.path !== '') return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
