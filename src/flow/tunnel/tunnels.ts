/** tunnels — the tunnels of one worker: counted, given their time to live, and closed in good order when it drains. */
import type { Clock } from '../../base/clock.ts'
import type { Fault } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { Tunnel, type TunnelOwner } from './tunnel.ts'

/** What both sides have for closing, once a tunnel has lived for TUNNEL_LIFETIME. */
export const CLOSE_GRACE_MS = 5000

/** What the tunnels need of the flow's stages. */
export interface TunnelStages {
  readonly clock: Clock
  readonly later: (ms: number, callback: () => void) => () => void
  readonly random: () => number
  readonly tally: { tunnel(what: 'opened' | 'closed'): void }
  readonly tunnelLifetimeMs: number
}

/** What the tunnels ask of the flow. */
export interface TunnelFlow {
  readonly stages: TunnelStages
  endTunnel(x: Exchange, fault: Fault): void
}

export class Tunnels implements TunnelOwner {
  readonly #flow: TunnelFlow
  readonly #open: Set<Tunnel>
  /** What is left for tunnels that open while the worker drains; -1: it does not. */
  #graceMs: number

  constructor(flow: TunnelFlow) {
    this.#flow = flow
    this.#open = new Set()
    this.#graceMs = -1
  }

  open(x: Exchange): Tunnel {
    const { tally, tunnelLifetimeMs } = this.#flow.stages
    const tunnel = new Tunnel(x, this)
    this.#open.add(tunnel)
    tally.tunnel('opened')
    if (this.#graceMs >= 0) tunnel.close(this.#graceMs)
    else if (tunnelLifetimeMs !== 0) tunnel.openLifetime(tunnelLifetimeMs, CLOSE_GRACE_MS)
    return tunnel
  }

  /** Closes all, and whichever still open: those that have not closed after `graceMs` are cut. */
  drain(graceMs: number): void {
    this.#graceMs = graceMs
    for (const tunnel of this.#open) tunnel.close(graceMs)
  }

  random(): number {
    return this.#flow.stages.random()
  }

  later(ms: number, callback: () => void): () => void {
    const { stages } = this.#flow
    return stages.later(ms, () => {
      // Nothing was sent since the last reading, perhaps: then it still stands.
      stages.clock.turnEnded()
      callback()
    })
  }

  endTunnel(x: Exchange, fault: Fault): void {
    this.#flow.endTunnel(x, fault)
  }

  left(tunnel: Tunnel): void {
    this.#open.delete(tunnel)
    this.#flow.stages.tally.tunnel('closed')
  }
}
