/** The stages a flow runs a request through; the worker builds them once. */
import type { Clock } from '../base/clock.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { Transport } from '../contract/transport.ts'
import type { ChainRunner } from './chain/chain.ts'
import type { Admission } from './listener/admit.ts'
import type { Plans } from './plans.ts'
import type { Response } from './response/response.ts'

/** Who counts what happened. */
export interface Tally {
  exchange(x: Exchange): void
  retry(): void
  tunnel(what: 'opened' | 'closed'): void
}

/** Calls back once, in `ms` milliseconds or a little later; answers a function that calls it off. */
export type Later = (ms: number, callback: () => void) => () => void

export interface Stages {
  readonly clock: Clock
  readonly plans: Plans
  readonly admission: Admission
  readonly chain: ChainRunner
  readonly response: Response
  readonly tally: Tally
  readonly later: Later
  /** How long a tunnel may live; 0: as long as it likes. */
  readonly tunnelLifetimeMs: number
  /** How long a plugin that has answered WAIT may take; 0 or absent: as long as it likes. */
  readonly pluginWaitMs?: number
  /** From [0, 1). */
  readonly random: () => number
  /** Set right after the flow exists, before the first request. */
  transport: Transport | null
}
