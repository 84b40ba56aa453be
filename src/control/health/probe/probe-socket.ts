/** probe-socket — the connection a probe makes to its target, in the clear or over TLS. */
import net from 'node:net'
import tls from 'node:tls'
import { isIp } from '../../../flow/balancer/host-port.ts'
import { type ProbePlace, placeOf } from './probe.ts'

export interface ProbeSocketOptions {
  readonly isTls: boolean
  /** Null: the target's name, if it is one. */
  readonly sni: string | null
  readonly verify: boolean
  /** Who may sign the targets' certificates, in PEM; empty: those that Node trusts. */
  readonly trusted: readonly string[]
  /** What the gateway shows to a target that asks for a certificate. PEM. */
  readonly certificate: { readonly cert: string; readonly key: string } | null
}

/** `protocol`: what ALPN offers. */
export function openProbeSocket(
  { address, host }: ProbePlace,
  options: ProbeSocketOptions,
  protocol: 'http/1.1' | 'h2',
): net.Socket {
  const where = { ...placeOf(address), noDelay: true }
  if (!options.isTls) return net.connect(where)
  // RFC 6066 §3: an address is not a server name.
  const name = options.sni ?? host
  return tls.connect({
    ...where,
    ...(isIp(name) ? {} : { servername: name }),
    rejectUnauthorized: options.verify,
    ...(options.trusted.length === 0 ? {} : { ca: [...options.trusted] }),
    ALPNProtocols: [protocol],
    ...options.certificate,
  })
}
