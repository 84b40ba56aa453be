/** receiver-fields — the rules that fields about a receiver share, in Kong's words: URLs, hosts, ports, times, headers. */
import { s, type Value } from '../contract/schema.ts'

/** Milliseconds. Timers take no more. */
const TIME: readonly [number, number] = [0, 2 ** 31 - 2]
const TIMEOUT_MIN_MS = 1

export const hostField = s.string({
  required: true,
  custom: hostRule,
  says: 'Name or address of the receiver.',
})

export const portField = s.integer({
  required: true,
  between: [0, 65_535],
  says: 'Port of the receiver.',
})

export function timeoutField(says: string) {
  return s.number({ default: 10_000, between: [TIMEOUT_MIN_MS, TIME[1]], says })
}

export function keepaliveField(says: string) {
  return s.number({ default: 60_000, between: TIME, says })
}

export const verifyField = s.boolean({
  default: false,
  says: "Checks the receiver's certificate, by `SSL_TRUSTED_CERTIFICATE`. Kong does not, and so the default is that.",
})

export function urlRule(value: Value): string | null {
  const text = String(value)
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return 'missing scheme in url'
  if (!/^https?:/i.test(text)) return 'expected an http or https url'
  return URL.canParse(text) && /^https?:\/\/[^/?#]/i.test(text) ? null : 'missing host in url'
}

/** `forbidden`: names in lower case that are not to be set, as they are written in messages. */
export function headersField(forbidden: ReadonlyMap<string, string>) {
  const nameRule = (value: Value): string | null => {
    const name = String(value)
    if (!/^[A-Za-z0-9_-]+$/.test(name))
      return `bad header name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`
    const own = forbidden.get(name.toLowerCase())
    return own === undefined ? null : `cannot contain '${own}' header`
  }
  return s.map(s.string({ custom: nameRule }), s.string({ referenceable: true, custom: headerValueRule }), {
    says: 'Header fields of each request.',
  })
}

export function headerValueRule(value: Value): string | null {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(String(value))
    ? null
    : 'a header value may hold no control characters'
}

function hostRule(value: Value): string | null {
  const host = String(value)
  if (/^[^:]+:\d+$|^\[.*\]:\d+$/.test(host)) return 'must not have a port'
  const isAddress = /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host)
  return isAddress || /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host)
    ? null
    : `invalid value: ${host}`
}
