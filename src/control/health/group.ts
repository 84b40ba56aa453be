/** group — an upstream as the primary watches it: its addresses and what all workers know of them. */
import type { Address } from '../../contract/target.ts'
import { isSocketPath } from '../../flow/balancer/host-port.ts'
import type { TargetState } from '../../state/target-state.ts'
import type { UpstreamState } from '../../state/upstream-state.ts'

export interface WatchedTarget {
  /** As configured: "host:port". */
  readonly name: string
  readonly host: string
  readonly address: Pick<Address, 'ip' | 'port'>
  readonly weight: number
  readonly state: TargetState
}

/** Its targets follow DNS. */
export interface WatchedGroup {
  readonly targets: readonly WatchedTarget[]
  /** Null: the upstream has neither a circuit breaker nor outlier detection. */
  readonly state: UpstreamState | null
  close(): void
}

export type Log = (
  level: 'notice' | 'warn' | 'error',
  message: string,
  fields: Record<string, unknown>,
) => void

export function addressText({ ip, port }: Pick<Address, 'ip' | 'port'>): string {
  if (isSocketPath(ip)) return ip
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
