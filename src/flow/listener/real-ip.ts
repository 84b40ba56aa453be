/**
 * real-ip — who the client is when trusted proxies stand in front (as Kong: trusted_ips, real_ip_header,
 * real_ip_recursive).
 *
 * Runs only where trusted_ips or the PROXY protocol is in use.
 */
import { parseAddress } from '../../base/cidr.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { getField, getFields } from '../../http1/fields.ts'
import type { AdmitSettings } from './admit-settings.ts'

export function readClientAddress(x: Exchange, settings: AdmitSettings): void {
  const client = x.client!
  const peer = client.peerAddress
  x.clientTrusted = settings.trusted.has(peer)
  if (!x.clientTrusted) return
  if (settings.realIpHeader === 'proxy_protocol') {
    if (client.proxiedAddress !== '') x.clientAddress = client.proxiedAddress
  } else {
    x.clientAddress = fromFields(x, peer, settings)
  }
  const scheme = getField(x.request, 'x-forwarded-proto')?.toLowerCase()
  if (scheme === 'https' || scheme === 'http') x.forwardedScheme = scheme
}

/** The last address of the list; when recursive, the last that is not itself trusted. */
function fromFields(x: Exchange, peer: string, settings: AdmitSettings): string {
  const list = getFields(x.request, settings.realIpHeader)
    .join(',')
    .split(',')
    .map((part) => withoutPort(part.trim()))
    .filter((part) => part !== '')
  let address = peer
  for (let i = list.length - 1; i >= 0; i--) {
    // A zone could be any text, and means nothing here.
    if (list[i]!.includes('%') || parseAddress(list[i]!) === null) break
    address = list[i]!
    if (!settings.realIpRecursive || !settings.trusted.has(address)) break
  }
  return address
}

function withoutPort(text: string): string {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(text)
  if (bracketed !== null) return bracketed[1]!
  return /^[^:]*:\d+$/.test(text) ? text.slice(0, text.lastIndexOf(':')) : text
}
