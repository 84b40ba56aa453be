/**
 * upstream-gate — what one upstream lets through: its circuit, and its limits of requests, retries and connections.
 *
 * WHAT    pick ─▶ enter ─▶ answered ─▶ left         x.holds says what a try holds at the moment, so that however it
 *                  │                     │          ends, exactly that is given back:
 *                  └─ takes request,     └─ gives   HOLDS_REQUEST · HOLDS_PENDING · HOLDS_CIRCUIT (with x.ticket)
 *                     ticket                        HOLDS_RETRY is taken before the try's pick and given back by done
 *         A failing status is told to the circuit when the head is here, a success when the answer is whole; what a
 *         client gave up says nothing. Of a probe the breaker is told when a good head is here, too.
 *
 * WRITES  The upstream's row (state/upstream-state.ts), shared by all workers. Only what has a limit is counted.
 *
 * HOT     `enter` and `left` run once a try: one compareExchange each way, and one load for the circuit.
 */
import type { Clock } from '../../../base/clock.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import { type Exchange, UPGRADED } from '../../../contract/exchange.ts'
import {
  type ConnectionLimits,
  HOLDS_CIRCUIT,
  HOLDS_PENDING,
  HOLDS_REQUEST,
  HOLDS_RETRY,
} from '../../../contract/target.ts'
import { isProbe, OPENED, RECLOSED, REFUSED } from '../../../state/breaker.ts'
import {
  BY_CIRCUIT,
  BY_PENDING,
  BY_REQUESTS,
  BY_RETRIES,
  type UpstreamState,
} from '../../../state/upstream-state.ts'
import type { UpstreamRow } from '../rows/upstream-row.ts'
import { SAYS_NOTHING } from '../watch/fault-kind.ts'
import type { News } from '../watch/news.ts'
import type { CircuitSettings } from './circuit-settings.ts'
import { pendingDetail, tellRefusal } from './tell-refusal.ts'

export class UpstreamGate implements ConnectionLimits {
  readonly #settings: CircuitSettings
  readonly #row: UpstreamRow
  readonly #state: UpstreamState
  readonly #clock: Clock
  readonly #news: News
  readonly #countsRequests: boolean
  readonly #countsPending: boolean

  constructor(settings: CircuitSettings, row: UpstreamRow, clock: Clock, news: News) {
    this.#settings = settings
    this.#row = row
    this.#state = row.state
    this.#clock = clock
    this.#news = news
    // A budget of retries is a share of what is under way.
    this.#countsRequests = settings.requestsMax > 0 || settings.budget !== null
    this.#countsPending = settings.pendingMax > 0 || settings.budget !== null
  }

  /** Whether the transport has anything to ask. */
  get limitsConnections(): boolean {
    return this.#countsPending || this.#settings.connectionsMax > 0
  }

  /** NONE: the try may go on, and `left` is called when it is over. */
  enter(x: Exchange): Fault {
    const breaker = this.#settings.breaker
    if (breaker !== null) {
      const ticket = this.#state.breaker.admit(this.#clock.now(), breaker)
      if (ticket === REFUSED) {
        this.#state.countRefused(BY_CIRCUIT)
        return faults.CIRCUIT_OPEN
      }
      x.ticket = ticket
      x.holds |= HOLDS_CIRCUIT
    }
    if (!this.#countsRequests) return faults.NONE
    if (!this.#state.takeRequest(this.#settings.requestsMax)) {
      this.leave(x)
      this.#state.countRefused(BY_REQUESTS)
      return faults.UPSTREAM_OVERFLOW
    }
    x.holds |= HOLDS_REQUEST
    return faults.NONE
  }

  /** The refusal is final: what the client and the operator are told of it. */
  tell(x: Exchange, refusal: Fault): void {
    tellRefusal(x, refusal, this.#settings, this.#state.breaker.retryAfterMs(this.#clock.now()))
    this.#tellOperator(x, refusal === faults.CIRCUIT_OPEN ? BY_CIRCUIT : BY_REQUESTS)
  }

  /** At most once a second, whichever worker it is that refuses. */
  #tellOperator(x: Exchange, by: number): void {
    const count = this.#state.newlyRefused(by, (this.#clock.now() / 1000) | 0)
    if (count > 0) this.#news.refused(x.detail, count)
  }

  answered(x: Exchange): void {
    if ((x.holds & HOLDS_CIRCUIT) === 0) return
    // A tunnel may last for days: the circuit is told now.
    if (x.upgrade === UPGRADED) return this.#report(x, true)
    if (this.#settings.failures.has(x.response.status)) return this.#report(x, false)
    if (isProbe(x.ticket))
      this.#tellChange(this.#state.breaker.answering(this.#clock.now(), this.#settings.breaker!, x.ticket))
  }

  /** `kind`: what the fault says of the target (fault-kind.ts); `isWhole`: the answer is, and is no failure. */
  left(x: Exchange, kind: number, isWhole: boolean): void {
    if ((x.holds & HOLDS_CIRCUIT) !== 0) {
      if (isWhole) this.#report(x, true)
      else if (kind !== SAYS_NOTHING) this.#report(x, false)
    }
    this.leave(x)
  }

  /** Gives back what the try holds, without a verdict. */
  leave(x: Exchange): void {
    if ((x.holds & HOLDS_CIRCUIT) !== 0) this.#state.breaker.abandon(x.ticket)
    if ((x.holds & HOLDS_REQUEST) !== 0) this.#state.giveRequest()
    if ((x.holds & HOLDS_PENDING) !== 0) this.#state.givePending()
    x.holds &= HOLDS_RETRY
  }

  #report(x: Exchange, isGood: boolean): void {
    x.holds &= ~HOLDS_CIRCUIT
    this.#tellChange(this.#state.breaker.report(this.#clock.now(), this.#settings.breaker!, x.ticket, isGood))
  }

  #tellChange(change: number): void {
    if (change === OPENED) this.#news.opened(this.#state.breaker.retryAfterMs(this.#clock.now()))
    else if (change === RECLOSED) this.#news.closed()
  }

  takeRetry(x: Exchange): boolean {
    const budget = this.#settings.budget
    const retriesMax = this.#settings.retriesMax
    if (budget === null && retriesMax === 0) return true
    const isTaken =
      budget === null
        ? this.#state.takeRetry(retriesMax)
        : this.#state.takeRetryInBudget(budget.percent, budget.minimum)
    if (isTaken) x.holds |= HOLDS_RETRY
    else this.#state.countRefused(BY_RETRIES)
    return isTaken
  }

  giveRetry(x: Exchange): void {
    x.holds &= ~HOLDS_RETRY
    this.#state.giveRetry()
  }

  takePending(x: Exchange): boolean {
    if (!this.#countsPending) return true
    if (!this.#state.takePending(this.#settings.pendingMax)) {
      this.#state.countRefused(BY_PENDING)
      x.detail = pendingDetail(this.#settings)
      this.#tellOperator(x, BY_PENDING)
      return false
    }
    x.holds |= HOLDS_PENDING
    return true
  }

  givePending(x: Exchange): void {
    x.holds &= ~HOLDS_PENDING
    this.#state.givePending()
  }

  takeConnection(mayExceed: boolean): boolean {
    const max = this.#settings.connectionsMax
    if (max > 0 && !this.#state.takeConnection(max) && !(mayExceed && this.#state.takeConnection(0)))
      return false
    this.#row.hold()
    return true
  }

  giveConnection(): void {
    if (this.#settings.connectionsMax > 0) this.#state.giveConnection()
    this.#row.release()
  }
}
