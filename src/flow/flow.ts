/**
 * flow — a request's whole way through the gateway, on one screen.
 *
 *     listener ─▶ admit ─▶ router ─▶ chain ─▶ balancer ─▶ transport ─▶ chain ─▶ response
 *                                             ▲          │
 *                                             └─ retry ──┘  at once, or after a pause
 *
 * Only this file knows the order, and all branching between stages is here. The stages do not know each other and never
 * call the next one, so each can be read, tested and replaced alone. Bodies stream past in bodies.ts. An exchange whose
 * target says 101 is a tunnel from then on (tunnel/), and is over when both sides have ended theirs.
 *
 * HOT     `enter`, `#attempt`, `targetHead` and `targetEnd` run once a request: no closure, no promise.
 */
import { type Fault, faults } from '../base/faults.ts'
import {
  balancerOf,
  type Exchange,
  GIVEN_UP,
  NO_UPGRADE,
  STAGE_ABANDONED,
  STAGE_ANSWERING,
  STAGE_DONE,
  STAGE_READING,
  STAGE_TRYING,
  STAGE_WAITING,
  UPGRADED,
  WAITED,
} from '../contract/exchange.ts'
import type { FlowEvents } from '../contract/listener.ts'
import type { Detour } from '../contract/plan.ts'
import { DONE, NEXT, type Verdict } from '../contract/plugin.ts'
import type { Target } from '../contract/target.ts'
import type { TransportEvents } from '../contract/transport.ts'
import { Bodies } from './bodies.ts'
import { explainAnswer, explainFault } from './explain-fault.ts'
import { checkProtocol } from './listener/protocol.ts'
import { openPause, openTryTimer, type Paused } from './pause.ts'
import { leaveTry, NO_RETRY, retryAfterAnswer, retryAfterFault } from './retry.ts'
import type { Stages } from './stages.ts'
import { endTraceStep, findTraced } from './trace-steps.ts'
import { Tunnels } from './tunnel/tunnels.ts'
import { openWaitTimer, type Waited } from './wait-timer.ts'

export class Flow extends Bodies implements FlowEvents, TransportEvents, Paused, Waited {
  /** Wired by the worker: the transport needs the flow first. */
  readonly stages: Stages
  readonly #tunnels: Tunnels

  constructor(stages: Stages) {
    super()
    this.stages = stages
    this.#tunnels = new Tunnels(this)
  }

  now(): number {
    return this.stages.clock.now()
  }

  /** From the listener. The head is in `x`; the body may still be on its way. */
  enter(x: Exchange): void {
    const plan = this.stages.plans.enter(x)
    x.flow = this
    x.enteredMs = this.stages.clock.now()
    if (plan.starters.length !== 0) this.stages.chain.runStart(x)
    const refusal = this.stages.admission.admit(x)
    if (refusal !== faults.NONE) return this.#fail(x, refusal)
    if (plan.globalChain.rewrite.length !== 0) {
      const verdict = this.stages.chain.runRewrite(x)
      if (verdict !== NEXT) return this.#go(x, verdict)
    }
    if (!this.#route(x)) return
    const verdict = this.stages.chain.runRequest(x)
    if (verdict === NEXT) this.#attempt(x)
    else this.#go(x, verdict)
  }

  /** True when the route's plugins may run now: not when the request is refused, or its body is gathered first. */
  #route(x: Exchange): boolean {
    const isFound = x.trace === null ? x.plan!.router.find(x) : findTraced(x, this.stages.clock)
    if (!isFound && x.pathEnd === x.pathStart) {
      // OPTIONS *: asks about the server, which is us where no route takes it (RFC 9110 §9.3.7).
      x.status = 200
      this.#respond(x)
      return false
    }
    const fault = isFound ? checkProtocol(x) : faults.ROUTE_NOT_FOUND
    if (fault !== faults.NONE) {
      this.#fail(x, fault)
      return false
    }
    if (x.route!.chain.requestBodyMax === 0 || x.requestLength === 0) return true
    if (!this.stages.chain.wantsRequestBody(x)) return true
    this.gatherRequest(x)
    return false
  }

  /** From a plugin that had answered WAIT. It may be late: the client of an abandoned exchange has gone. */
  resume(x: Exchange): void {
    if (!this.#endWait(x)) return
    x.stage = STAGE_READING
    if (x.route === null) {
      const verdict = this.stages.chain.runRewrite(x)
      if (verdict !== NEXT) return this.#go(x, verdict)
      if (!this.#route(x)) return
    }
    this.gathered(x)
  }

  /** The body that the chain asked for is whole, or none was asked for. */
  gathered(x: Exchange): void {
    this.#go(x, this.stages.chain.runRequest(x))
  }

  /** From a plugin that had answered WAIT and has put its answer into `x`. */
  finish(x: Exchange): void {
    if (this.#endWait(x)) this.#answer(x)
  }

  /** False: it does not wait. Then the client has gone, or a plugin calls when it must not. */
  #endWait(x: Exchange): boolean {
    if (x.stage !== STAGE_WAITING) {
      if (x.stage !== STAGE_ABANDONED) this.stages.chain.resumedInVain(x)
      return false
    }
    if (x.timer !== null) x.timer.cancel()
    if (x.trace !== null) endTraceStep(x, this.stages.clock)
    return true
  }

  /** A plugin that had answered WAIT has not resumed in its time. */
  giveUp(x: Exchange): void {
    x.waits = GIVEN_UP
    this.stages.chain.gaveUp(x)
    x.detail = this.stages.chain.answererOf(x)
    this.#fail(x, faults.PLUGIN_TIMEOUT)
  }

  #go(x: Exchange, verdict: Verdict): void {
    if (verdict === NEXT) this.#attempt(x)
    else if (verdict === DONE) this.#answer(x)
    else {
      x.stage = STAGE_WAITING
      x.waits = WAITED
      openWaitTimer(x, this.stages.pluginWaitMs ?? 0, this)
    }
  }

  #attempt(x: Exchange): void {
    const service = x.route!.service
    if (service === null) return this.#fail(x, faults.SERVICE_NOT_FOUND)
    const target = x.detour === null ? service.balancer.pick(x) : pickDetour(x, x.detour)
    if (target === null) return this.#fail(x, balancerOf(x).refusal)
    x.stage = STAGE_TRYING
    x.target = target
    x.attempts++
    x.tries.begin(target, this.stages.clock.now())
    if (service.retryPolicy !== null) openTryTimer(x, service.retryPolicy.perTryTimeoutMs, this)
    this.stages.transport!.send(x, target)
  }

  /** From the transport, once: the final head. Nothing has gone to the client yet. */
  targetHead(x: Exchange): void {
    if (x.timer !== null) x.timer.cancel()
    const service = x.route!.service!
    x.tries.answered(x.response.status, x.sentMs, x.firstByteMs)
    balancerOf(x).answered(x, x.target!)
    const isFinal = service.retryPolicy === null || x.upgrade === UPGRADED
    const afterMs = isFinal ? NO_RETRY : retryAfterAnswer(x, this.stages.random)
    if (afterMs !== NO_RETRY) {
      x.carrier!.abort(x)
      return this.#again(x, afterMs)
    }
    x.proxied = true
    if (x.route!.chain.responseBodyMax > 0 && !x.bodyless && this.stages.chain.wantsResponseBody(x))
      return this.gatherResponse(x)
    this.stages.chain.runResponse(x)
    if (!x.proxied) return this.#replace(x)
    this.#head(x)
    if (x.upgrade === UPGRADED) this.#openTunnel(x)
  }

  /** The 101 is out: what the client has sent since its request is for the target. */
  #openTunnel(x: Exchange): void {
    x.requestEnded = false
    // The try is over as a try; what it holds of its upstream as one that is under way it keeps.
    balancerOf(x).dropRetry(x)
    x.tunnel = this.#tunnels.open(x)
    x.client!.resumeBody(x)
  }

  targetHalfEnd(x: Exchange): void {
    x.client!.halfEnd(x)
  }

  /** From the tunnel: its time is over, or it has closed in good order. */
  endTunnel(x: Exchange, fault: Fault): void {
    x.fault = fault
    this.#dropTry(x)
    this.#end(x)
  }

  /** Has tunnels close, as nothing else ends them; those that have not after `graceMs` are cut. */
  drain(graceMs: number): void {
    this.#tunnels.drain(graceMs)
  }

  /** A plugin has answered in its response step: what the target would go on to say is not wanted. */
  #replace(x: Exchange): void {
    this.#dropTry(x)
    x.upgrade = NO_UPGRADE
    this.setBodyless(x)
    this.#head(x)
    if (!x.bodyless && x.answerBody.length > 0) this.toClient(x, x.answerBody, 0, x.answerBody.length)
    this.#end(x)
  }

  targetInfo(x: Exchange): void {
    // A client of HTTP/1.0 knows no interim answers (RFC 9110 §15.2).
    if (x.request.minor === 0) return
    this.stages.response.info(x)
    x.client!.writeInfo(x)
  }

  targetEnd(x: Exchange): void {
    x.tries.ended(this.stages.clock.now())
    if (x.target !== null) balancerOf(x).done(x, x.target, faults.NONE)
    x.target = null
    if (x.responseBody !== null) this.#sendGathered(x)
    this.#end(x)
  }

  /** From the transport: this try is over. */
  targetFault(x: Exchange, fault: Fault): void {
    if (x.timer !== null) x.timer.cancel()
    if (x.target !== null) this.#endTry(x, x.target, fault)
    const afterMs = retryAfterFault(x, fault, this.stages.random)
    if (afterMs !== NO_RETRY) return this.#again(x, afterMs)
    x.target = null
    this.#fail(x, fault)
  }

  #again(x: Exchange, afterMs: number): void {
    leaveTry(x)
    if (afterMs === 0) this.tryAgain(x)
    else openPause(x, afterMs, this)
  }

  tryAgain(x: Exchange): void {
    this.stages.tally.retry()
    this.#attempt(x)
  }

  /** From the listener: what came can't be read, or did not come in time. */
  refuse(x: Exchange, fault: Fault): void {
    if (x.plan === null) this.stages.plans.enter(x)
    x.fault = fault
    this.#dropTry(x)
    this.#fail(x, fault)
  }

  /** From the listener: nobody is there to be answered. */
  clientGone(x: Exchange, fault: Fault): void {
    if (x.stage >= STAGE_DONE) return
    x.fault = fault
    this.#dropTry(x)
    if (x.status === 0) x.status = fault.status
    this.#log(x)
  }

  #dropTry(x: Exchange): void {
    if (x.stage === STAGE_WAITING) x.waits = GIVEN_UP
    if (x.timer !== null) x.timer.cancel()
    if (x.carrier !== null) x.carrier.abort(x)
    x.carrier = null
    if (x.target !== null) this.#endTry(x, x.target, x.fault)
    x.target = null
  }

  #endTry(x: Exchange, target: Target, fault: Fault): void {
    x.tries.failed(fault, x.sentMs, this.stages.clock.now())
    balancerOf(x).done(x, target, tryFault(x, fault))
  }

  /**
   * A failure: an answer of our own while the client has seen nothing, else a cut, so that no half answer looks
   * whole.
   */
  #fail(x: Exchange, fault: Fault): void {
    if (x.stage === STAGE_ANSWERING) {
      x.fault = fault
      // Where nobody was saying anything, nothing is cut short.
      if (fault === faults.TUNNEL_IDLE) return this.#end(x)
      return this.#cut(x)
    }
    this.stages.response.render(x, fault)
    this.#respond(x)
  }

  #cut(x: Exchange): void {
    if (x.status === 0) x.status = x.fault.status
    this.#log(x)
    x.client!.abort(x)
  }

  /** From the chain: a plugin has answered, or wants no answer. */
  #answer(x: Exchange): void {
    if (x.detail === '' && (x.fault !== faults.NONE || x.status >= 400))
      x.detail = this.stages.chain.answererOf(x).concat(explainAnswer(x))
    if (x.fault === faults.FAULT_INJECTED) return this.#cut(x)
    if (x.fault !== x.answerFault) this.stages.response.render(x, x.fault)
    this.#respond(x)
  }

  #respond(x: Exchange): void {
    this.stages.response.fit(x)
    x.responseBody = null
    x.responseLength = x.answerBody.length
    this.setBodyless(x)
    this.stages.chain.runResponse(x)
    this.#head(x)
    if (!x.bodyless && x.answerBody.length > 0) this.toClient(x, x.answerBody, 0, x.answerBody.length)
    this.#end(x)
  }

  #sendGathered(x: Exchange): void {
    let body = this.stages.chain.runResponseBody(x, x.responseBody!)
    x.responseLength = body.length
    x.responseBody = null
    this.stages.chain.runResponse(x)
    if (!x.proxied) body = x.answerBody
    this.#head(x)
    if (body.length > 0) this.toClient(x, body, 0, body.length)
  }

  #head(x: Exchange): void {
    x.stage = STAGE_ANSWERING
    const out = x.client!.out
    const start = out.used
    this.stages.response.head(x)
    const size = out.used - start
    x.client!.writeHead(x)
    // What the engine has added, where it goes the same way: in HTTP/2 the lines are gone from there.
    x.responseHeadBytes = Math.max(size, out.used - start)
  }

  #end(x: Exchange): void {
    if (x.responseTransform !== null) this.endTransform(x)
    this.#log(x)
    x.client!.end(x)
  }

  /**
   * Everything is decided: log steps, counters, and the plan is let go. The engine owns `x` after the call that
   * follows.
   */
  #log(x: Exchange): void {
    if (x.fault !== faults.NONE && x.detail === '') x.detail = explainFault(x)
    // A plugin that still waits keeps hold of the exchange: it must not become another request's.
    x.stage = x.waits === GIVEN_UP ? STAGE_ABANDONED : STAGE_DONE
    if (x.trace !== null) endTraceStep(x, this.stages.clock)
    x.endMs = this.stages.clock.now()
    if (x.holds !== 0) balancerOf(x).dropRetry(x)
    if (x.tunnel !== null) x.tunnel.ended()
    this.stages.chain.runLog(x)
    this.stages.tally.exchange(x)
    this.stages.plans.leave(x)
  }
}

/** Where the other way has no target and may be left, the exchange is back on its own, for all tries to come. */
function pickDetour(x: Exchange, detour: Detour): Target | null {
  const target = detour.balancer.pick(x)
  if (target !== null || !detour.fallsBack) return target
  if (x.holds !== 0) detour.balancer.dropRetry(x)
  x.detour = null
  detour.left(x)
  return x.route!.service!.balancer.pick(x)
}

/** What a fault says of the try: nothing where the target had said 101, which was its answer. */
function tryFault(x: Exchange, fault: Fault): Fault {
  return x.upgrade === UPGRADED ? faults.NONE : fault
}
