/** probe — one question to one address, and what may come of it. */
import type net from 'node:net'
import type { Address } from '../../../contract/target.ts'
import { isSocketPath } from '../../../flow/balancer/host-port.ts'

export type ProbeResult =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'connected' }
  /** It says of itself that it is not well. */
  | { readonly kind: 'refused'; readonly why: string }
  /** No connection, no TLS, or no HTTP answer. */
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'timeout' }

/** Where a probe goes: an address without the TLS settings of the traffic, for a probe has its own. */
export interface ProbePlace {
  readonly address: Pick<Address, 'ip' | 'port'>
  /** The target's name or IP. */
  readonly host: string
}

/** A socket of this machine has a path and no port. */
export function placeOf({ ip, port }: ProbePlace['address']): net.NetConnectOpts {
  return isSocketPath(ip)
    ? { path: ip.slice(ip.indexOf(':') + 1) }
    : { host: ip, port, autoSelectFamily: false }
}

/** Never rejects. */
export type Probe = (place: ProbePlace) => Promise<ProbeResult>

/** A limit of 0 leaves it to this, as nobody may wait for ever. */
const TIMEOUT_DEFAULT_MS = 60_000
/** Timers of Node end at 2^31. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

export function timeoutMs(seconds: number): number {
  return seconds === 0 ? TIMEOUT_DEFAULT_MS : Math.min(seconds * 1000, TIMEOUT_MAX_MS)
}

export function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { code } = cause as NodeJS.ErrnoException // absent on errors that are not the system's
  return code === undefined ? cause.message : `${code} ${cause.message}`
}
