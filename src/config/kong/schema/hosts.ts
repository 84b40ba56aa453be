/** Host names, addresses and host:port, as Kong's schemas take them. */
import { isSocketText, socketProblem } from './extensions/socket-path.ts'

export interface HostPort {
  readonly type: 'name' | 'ipv4' | 'ipv6'
  /** Without brackets; an IPv6 address in full, lower case, as Kong stores it. */
  readonly host: string
  readonly port: number | null
}

const TARGET_PORT_DEFAULT = 8000
const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/
const OCTETS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

/** Null when it is not a host with an optional port. */
export function parseHostPort(text: string): HostPort | null {
  const whole = fullIpv6(text)
  if (whole !== null) return { type: 'ipv6', host: whole, port: null }
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text)
  if (match === null) return null
  const port = match[2] === undefined ? null : Number(match[2])
  if (port !== null && port > 65535) return null
  const name = match[1]!
  if (name.startsWith('[')) {
    const address = fullIpv6(name.slice(1, -1))
    return address === null ? null : { type: 'ipv6', host: address, port }
  }
  if (isIpv4(name)) return { type: 'ipv4', host: name, port }
  return isHostname(name) ? { type: 'name', host: name, port } : null
}

export function isIpv4(text: string): boolean {
  const match = OCTETS.exec(text)
  return match?.slice(1).every((octet) => Number(octet) <= 255) === true
}

function isHostname(text: string): boolean {
  if (text === '' || text.length > 253 || /^[\d.]+$/.test(text)) return false
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.')
  return labels.every((label) => LABEL.test(label))
}

/** All eight groups of four digits; null when it is no IPv6 address. */
export function fullIpv6(text: string): string | null {
  if (!text.includes(':') || text.length > 45) return null
  const groups = withoutOctets(text)
  if (groups === null) return null
  const halves = groups.split('::')
  if (halves.length > 2) return null
  const head = halves[0] === '' ? [] : halves[0]!.split(':')
  const tail = halves[1] === undefined || halves[1] === '' ? [] : halves[1].split(':')
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const all = [...head, ...Array<string>(Math.max(missing, 0)).fill('0'), ...tail]
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null
  return all.map((group) => group.toLowerCase().padStart(4, '0')).join(':')
}

/** `::ffff:10.0.0.1` with its last part as two groups. */
function withoutOctets(text: string): string | null {
  const at = text.lastIndexOf(':') + 1
  const last = text.slice(at)
  if (!last.includes('.')) return text
  if (!isIpv4(last)) return null
  const [a, b, c, d] = last.split('.').map(Number)
  return `${text.slice(0, at)}${(a! * 256 + b!).toString(16)}:${(c! * 256 + d!).toString(16)}`
}

/** Kong's `host`: no port. */
export function hostRule(text: string): string | null {
  const parsed = parseHostPort(text)
  if (parsed === null) return `invalid value: ${text}`
  return parsed.port === null ? null : 'must not have a port'
}

/** Of a service: a host, or a socket of this machine. */
export function serviceHostRule(text: string): string | null {
  return isSocketText(text) ? socketProblem(text) : hostRule(text)
}

/** Kong's `host_with_optional_port`. */
export function hostPortRule(text: string): string | null {
  return parseHostPort(text) === null ? `invalid value: ${text}` : null
}

/** A route's host: a name or address, at most one wildcard at either end, an optional port. */
export function wildcardHostRule(text: string): string | null {
  const stars = text.split('*').length - 1
  if (stars === 0) return parseHostPort(text) === null ? `invalid hostname: ${text}` : null
  if (stars > 1) return 'invalid wildcard: must have at most one wildcard'
  const [name, port] = splitPort(text)
  if (!name.startsWith('*.') && !name.endsWith('.*')) {
    return 'invalid wildcard: must be placed at leftmost or rightmost label'
  }
  return parseHostPort(name.replace('*', 'wildcard') + port) === null ? `invalid hostname: ${text}` : null
}

function splitPort(text: string): [name: string, port: string] {
  const at = text.lastIndexOf(':')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
}

/** A server name: a host without a port, wildcards allowed. */
export function sniRule(text: string): string | null {
  if (text.includes(':')) return 'must not have a port'
  if (isIpv4(text)) return 'must not be an IP'
  return wildcardHostRule(text)
}

export function upstreamNameRule(text: string): string | null {
  const parsed = parseHostPort(text)
  if (parsed === null) return `Invalid name ('${text}'); must be a valid hostname`
  if (parsed.type !== 'name') return `Invalid name ('${text}'); no ip addresses allowed`
  return parsed.port === null ? null : `Invalid name ('${text}'); no port allowed`
}

export function ipOrCidrRule(text: string): string | null {
  const [ip, bits, more] = text.split('/')
  const wrong = `invalid ip or cidr range: '${text}'`
  if (more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return wrong
  const bitsMax = isIpv4(ip!) ? 32 : fullIpv6(ip!) !== null ? 128 : -1
  return Number(bits ?? 0) <= bitsMax ? null : wrong
}

export function targetRule(text: string): string | null {
  if (isSocketText(text)) return socketProblem(text)
  return parseHostPort(text) === null
    ? `Invalid target ('${text}'); not a valid hostname or ip address`
    : null
}

/** host:port with the default port filled in and IPv6 in brackets, a socket as it is; for a text that passed targetRule. */
export function normalTarget(text: string): string {
  const parsed = parseHostPort(text)
  if (parsed === null) return text
  const host = parsed.type === 'ipv6' ? `[${parsed.host}]` : parsed.host
  return `${host}:${parsed.port ?? TARGET_PORT_DEFAULT}`
}
