/** wait-timer — the time that a plugin has which answered WAIT: an exchange whose plugin never resumes must end too. */
import type { Exchange, ExchangeTimer } from '../contract/exchange.ts'
import type { Stages } from './stages.ts'

/** What the timer asks of the flow. */
export interface Waited {
  readonly stages: Pick<Stages, 'later' | 'clock'>
  /** The plugin's time is over. */
  giveUp(x: Exchange): void
}

/** 0: no limit. */
export function openWaitTimer(x: Exchange, ms: number, flow: Waited): void {
  if (ms !== 0) x.timer = new WaitTimer(x, ms, flow)
}

class WaitTimer implements ExchangeTimer {
  readonly #x: Exchange
  readonly #callOff: () => void

  constructor(x: Exchange, ms: number, flow: Waited) {
    this.#x = x
    this.#callOff = flow.stages.later(ms, () => {
      // Nothing was sent since the last reading, perhaps: then it still stands.
      flow.stages.clock.turnEnded()
      x.timer = null
      flow.giveUp(x)
    })
  }

  cancel(): void {
    this.#x.timer = null
    this.#callOff()
  }
}
