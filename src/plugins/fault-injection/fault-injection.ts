/**
 * fault-injection — delays, refuses and cuts off a part of the requests, to see how clients bear it.
 *
 * The fields are those of Envoy's fault filter. A delay is a timer of the worker's wheel: the event loop serves
 * everybody else meanwhile, and the target is asked only when it is over.
 *
 * HOT     `onRequest` runs once a request; what it allocates it does for faults only.
 */
import { faults } from '../../base/faults.ts'
import { answer, JSON_TYPE, messageBody } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  openNotes,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import { makeConstantField } from '../../http1/fields.ts'
import { AskedFaults, NOT_ASKED } from './asked-faults.ts'
import { Chance } from './chance.ts'
import { HeaderMatch } from './header-match.ts'
import { type Config, DELAY_MS_MAX, RESET, schema } from './schema.ts'

export default definePlugin({
  name: 'fault-injection',
  summary: 'Delays, refuses or cuts off a part of the requests, to test how clients bear it.',
  priority: 5, // in place of the target: behind authentication, limits and caches
  schema,
  build: (config, host) => new FaultInjection(config, host),
})

/** How an exchange that is held up is let go; in `x.notes`. */
const NOTE = 'fault-injection'

const BODY = messageBody('fault injected')
const INJECTED = makeConstantField('X-Fault-Injected', 'abort')

class FaultInjection implements Handler {
  readonly #matches: readonly HeaderMatch[]
  readonly #delayMs: number
  readonly #delayPart: number
  /** A status, RESET, or 0. */
  readonly #abort: number
  readonly #abortPart: number
  readonly #asked: AskedFaults
  readonly #chance: Chance
  readonly #activeMax: number
  readonly #host: Host
  #active: number

  constructor(config: Config, host: Host) {
    const { delay, abort } = config
    this.#matches = (config.headers ?? []).map((match) => new HeaderMatch(match))
    this.#delayMs = delay?.fixed_delay ?? 0
    this.#delayPart = (delay?.percentage ?? 0) / 100
    this.#abort = abort?.reset === true ? RESET : (abort?.http_status ?? 0)
    this.#abortPart = (abort?.percentage ?? 0) / 100
    this.#asked = new AskedFaults(delay?.header_delay === true, abort?.header_abort === true)
    this.#chance = new Chance(host.random(4).readUInt32LE(0))
    this.#activeMax = config.max_active_faults
    this.#host = host
    this.#active = 0
  }

  onRequest(x: Exchange): Verdict {
    for (let i = 0; i < this.#matches.length; i++) if (!this.#matches[i]!.fits(x.request)) return NEXT
    const delayMs = this.#drawDelay(x)
    const abort = this.#drawAbort(x)
    if (delayMs > 0 && this.#active < this.#activeMax) {
      this.#openHold(x, delayMs, abort)
      return WAIT
    }
    return this.#inject(x, abort)
  }

  /** The client has gone while it was held up: nobody is to be let go. */
  onLog(x: Exchange): void {
    const callOff = x.notes === null ? null : x.notes.get(NOTE)
    if (typeof callOff !== 'function') return
    x.notes!.delete(NOTE)
    this.#active--
    callOff()
  }

  #openHold(x: Exchange, delayMs: number, abort: number): void {
    this.#active++
    const callOff = this.#host.later(delayMs, () => {
      x.notes!.delete(NOTE)
      this.#active--
      if (this.#inject(x, abort) === NEXT) x.flow!.resume(x)
      else x.flow!.finish(x)
    })
    openNotes(x).set(NOTE, callOff)
  }

  #inject(x: Exchange, abort: number): Verdict {
    if (abort === 0) return NEXT
    if (abort === RESET) {
      x.fault = faults.FAULT_INJECTED
      return DONE
    }
    x.response.added.push(INJECTED)
    answer(x, abort, BODY, JSON_TYPE)
    return DONE
  }

  #drawDelay(x: Exchange): number {
    const asked = this.#asked.delay(x.request)
    const delayMs = asked === NOT_ASKED ? this.#delayMs : Math.min(asked, DELAY_MS_MAX)
    if (delayMs === 0) return 0
    return this.#chance.draw() < this.#asked.delayPart(x.request, this.#delayPart) ? delayMs : 0
  }

  #drawAbort(x: Exchange): number {
    const asked = this.#asked.abort(x.request)
    const abort = asked === NOT_ASKED ? this.#abort : asked
    if (abort === 0) return 0
    return this.#chance.draw() < this.#asked.abortPart(x.request, this.#abortPart) ? abort : 0
  }
}
