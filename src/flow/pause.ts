/**
 * pause — the two timers of a retry policy: the pause before a try, and the time a try has for its answer.
 *
 * A pause is the carrier of its exchange until the try begins, so that whatever ends a try ends it. The body that comes
 * meanwhile waits with the listener. At most one of the two runs at a time, and neither outlives its exchange: the
 * flow calls off what it ends.
 */
import { type Fault, faults } from '../base/faults.ts'
import type { Exchange, ExchangeTimer } from '../contract/exchange.ts'
import type { Carrier } from '../contract/transport.ts'
import type { Stages } from './stages.ts'

/** What the timers ask of the flow. */
export interface Paused {
  readonly stages: Pick<Stages, 'later' | 'clock'>
  /** The pause is over. */
  tryAgain(x: Exchange): void
  targetFault(x: Exchange, fault: Fault): void
}

export function openPause(x: Exchange, ms: number, flow: Paused): void {
  x.carrier = new Pause(x, ms, flow)
}

/** 0: the policy sets no time. */
export function openTryTimer(x: Exchange, ms: number, flow: Paused): void {
  if (ms !== 0) x.timer = new TryTimer(x, ms, flow)
}

function callLater(flow: Paused, ms: number, callback: () => void): () => void {
  return flow.stages.later(ms, () => {
    // Nothing was sent since the last reading, perhaps: then it still stands.
    flow.stages.clock.turnEnded()
    callback()
  })
}

class Pause implements Carrier {
  readonly #callOff: () => void

  constructor(x: Exchange, ms: number, flow: Paused) {
    this.#callOff = callLater(flow, ms, () => {
      x.carrier = null
      flow.tryAgain(x)
    })
  }

  abort(): void {
    this.#callOff()
  }

  /** Room comes with the next try. */
  writeBody(): boolean {
    return false
  }

  endBody(): void {}

  pause(): void {}

  resume(): void {}
}

class TryTimer implements ExchangeTimer {
  readonly #x: Exchange
  readonly #ms: number
  readonly #flow: Paused
  #callOff: () => void

  constructor(x: Exchange, ms: number, flow: Paused) {
    this.#x = x
    this.#ms = ms
    this.#flow = flow
    this.#callOff = this.#start()
  }

  #start(): () => void {
    return callLater(this.#flow, this.#ms, () => {
      // The time is the target's, which has nothing to answer yet. Its own slowness to read is the write timeout's.
      if (isClientSending(this.#x)) this.#callOff = this.#start()
      else this.#end()
    })
  }

  #end(): void {
    const x = this.#x
    x.timer = null
    x.carrier?.abort(x)
    x.carrier = null
    // Where requests share a connection, the next try would wait behind the one that hangs.
    x.freshOnly = true
    this.#flow.targetFault(x, faults.TARGET_TRY_TIMEOUT)
  }

  cancel(): void {
    this.#x.timer = null
    this.#callOff()
  }
}

/** The target has the head, and the body is on its way from the client. */
function isClientSending(x: Exchange): boolean {
  return x.sentMs !== 0 && x.requestLength !== 0 && !x.requestEnded
}
