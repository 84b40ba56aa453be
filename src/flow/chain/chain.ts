/**
 * chain — runs the plugins of an exchange in order, one phase at a time.
 *
 * WHAT    A chain that no consumer can change is walked as dense arrays of handlers, one a phase. In any other chain
 *         each link is resolved when its turn comes in the request phase, with the consumer as earlier plugins have
 *         set it, and kept in x.picked. Links behind the one that answered are resolved with the consumer as it then
 *         is: their request steps are skipped, their response and log steps still run, so that a refusal by a limit
 *         still gets its CORS fields and is still logged. All of this also holds for an answer that came before the
 *         request phase.
 *
 *         x.step is the next to run, in `request` of a fixed chain and in `links` of any other: a plugin that had
 *         answered WAIT is followed by running the same phase again.
 *
 *         Of a traced exchange each step is noted with its name and times; a plugin's time of waiting is its step's.
 *
 * HOT     Runs three times a request. The only try is around the plugin's own code.
 */
import { faults } from '../../base/faults.ts'
import { type Exchange, NO_BODY } from '../../contract/exchange.ts'
import type { Chain } from '../../contract/plan.ts'
import { DONE, type Handler, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import { STEP_BODY, STEP_LOG, STEP_REQUEST, STEP_RESPONSE, STEP_REWRITE } from './marks.ts'
import { handlerFor } from './precedence.ts'
import { beginStep } from './trace-step.ts'

/** 'wait': it answered WAIT and did not resume in time. 'resume': it, or another, resumed what was not waiting. */
export type Step = 'start' | 'rewrite' | 'request' | 'response' | 'body' | 'log' | 'wait' | 'resume'

/** Told of a plugin that failed; '' where it is not known which. The request goes on as described at each step. */
export type Report = (x: Exchange, plugin: string, step: Step, error: unknown) => void

export class ChainRunner {
  readonly #report: Report
  /** One word: the mark of the step that runs, 0 for none. The primary reads it when this thread is stuck. */
  readonly #running: Int32Array
  readonly #readMs: () => number

  /** `readMs`: the real clock, for exchanges that are traced. */
  constructor(report: Report, running: Int32Array = new Int32Array(1), readMs: () => number = () => 0) {
    this.#report = report
    this.#running = running
    this.#readMs = readMs
  }

  /** Before all else. A plugin that throws is passed over. */
  runStart(x: Exchange): void {
    const handlers = x.plan!.starters
    for (let i = 0; i < handlers.length; i++) this.#start(x, handlers[i]!)
  }

  #start(x: Exchange, handler: Handler): void {
    try {
      handler.onStart!(x)
    } catch (error) {
      this.#tell(x, handler, 'start', error)
    }
  }

  /** Global plugins, before routing. To be called again after a WAIT: x.route is then still null. */
  runRewrite(x: Exchange): Verdict {
    const plan = x.plan
    if (plan === null) return NEXT
    const handlers = plan.globalChain.rewrite
    const isTraced = x.trace !== null
    while (x.step < handlers.length) {
      const handler = handlers[x.step]!
      this.#running[0] = plan.globalChain.marks.rewrite[x.step]! | STEP_REWRITE
      x.step++
      if (isTraced) beginStep(x, 'rewrite.plugin.', nameOf(x, handler), this.#readMs())
      const verdict = this.#askFirst(x, handler)
      if (isTraced && verdict !== WAIT) x.trace?.end(this.#readMs())
      if (verdict !== NEXT) return verdict
    }
    x.step = 0
    return NEXT
  }

  /** The route's plugins, from x.step on. A plugin that throws has answered 500. */
  runRequest(x: Exchange): Verdict {
    const route = x.route
    if (route === null) return NEXT
    if (!route.chain.fixed) return this.#pickAndRun(x, route.chain)
    const handlers = route.chain.request
    const isTraced = x.trace !== null
    while (x.step < handlers.length) {
      const handler = handlers[x.step]!
      this.#running[0] = route.chain.marks.request[x.step]! | STEP_REQUEST
      x.step++
      const verdict = isTraced ? this.#askTraced(x, handler) : this.#ask(x, handler)
      if (verdict !== NEXT) return verdict
    }
    return NEXT
  }

  /** Before the head of the answer is written, be it the target's or ours. A plugin that throws is passed over. */
  runResponse(x: Exchange): void {
    const chain = chainOf(x)
    if (chain === null) return
    if (!chain.fixed) this.#pickRest(x, chain)
    const handlers = chain.fixed ? chain.response : x.picked
    const marks = chain.fixed ? chain.marks.response : chain.marks.links
    const isTraced = x.trace !== null
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i]!
      if (handler === null || handler.onResponse === undefined) continue
      this.#running[0] = marks[i]! | STEP_RESPONSE
      if (isTraced) beginStep(x, 'header_filter.plugin.', nameOf(x, handler), this.#readMs())
      try {
        handler.onResponse(x)
      } catch (error) {
        this.#tell(x, handler, 'response', error)
      }
      if (isTraced) x.trace?.end(this.#readMs())
    }
    this.#running[0] = 0
  }

  /** For a chain with `requestBodyMax`: whether one of its plugins needs this request's body. */
  wantsRequestBody(x: Exchange): boolean {
    const chain = x.route!.chain
    // Which configuration applies may be for a consumer to say, who is not known yet.
    if (!chain.fixed) return true
    for (let i = 0; i < chain.links.length; i++) {
      const handler = chain.links[i]!.handler
      if (handler === null || handler.requestBodyMax === undefined || handler.requestBodyMax === 0) continue
      if (handler.wantsRequestBody === undefined || handler.wantsRequestBody(x)) return true
    }
    return false
  }

  /** For a chain with `responseBodyMax`: whether one of its plugins needs the body of the answer in x.response. */
  wantsResponseBody(x: Exchange): boolean {
    const chain = x.route!.chain
    if (!chain.fixed) this.#pickRest(x, chain)
    for (let i = 0; i < chain.links.length; i++) {
      const handler = chain.fixed ? chain.links[i]!.handler : x.picked[i]!
      if (handler === null || handler.responseBodyMax === undefined || handler.responseBodyMax === 0) continue
      if (handler.wantsResponseBody === undefined || handler.wantsResponseBody(x)) return true
    }
    return false
  }

  /** For a chain with `responseBodyMax`: what to send in place of the whole body that was gathered. */
  runResponseBody(x: Exchange, body: Buffer): Uint8Array {
    const chain = chainOf(x)
    if (chain === null) return body
    if (!chain.fixed) this.#pickRest(x, chain)
    let current = body
    for (let i = 0; i < chain.links.length; i++) {
      const handler = chain.fixed ? chain.links[i]!.handler : x.picked[i]!
      if (handler === null || handler.onResponseBody === undefined) continue
      this.#running[0] = chain.marks.links[i]! | STEP_BODY
      try {
        current = asBuffer(handler.onResponseBody(x, current))
      } catch (error) {
        this.#tell(x, handler, 'body', error)
      }
    }
    this.#running[0] = 0
    return current
  }

  /** After the answer is out, or the client is gone. A plugin that throws is passed over. */
  runLog(x: Exchange): void {
    const chain = chainOf(x)
    if (chain === null) return
    if (!chain.fixed) this.#pickRest(x, chain)
    const handlers = chain.fixed ? chain.log : x.picked
    const marks = chain.fixed ? chain.marks.log : chain.marks.links
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i]!
      if (handler === null || handler.onLog === undefined) continue
      this.#running[0] = marks[i]! | STEP_LOG
      try {
        handler.onLog(x)
      } catch (error) {
        this.#tell(x, handler, 'log', error)
      }
    }
    this.#running[0] = 0
  }

  /** For Exchange.detail: the plugin that has answered, or that waits, with its words for a fault. */
  answererOf(x: Exchange): string {
    const name = lastAsked(x)
    return x.faultText === '' ? name : name.concat(': ', x.faultText)
  }

  /** The plugin that had answered WAIT has not resumed in time: it is told of, the flow answers. */
  gaveUp(x: Exchange): void {
    this.#report(x, lastAsked(x), 'wait', TOO_LATE)
  }

  /** Somebody resumed an exchange that was not waiting, or was another request's by then. */
  resumedInVain(x: Exchange): void {
    this.#report(x, '', 'resume', IN_VAIN)
  }

  #pickAndRun(x: Exchange, chain: Chain): Verdict {
    const links = chain.links
    const isTraced = x.trace !== null
    while (x.step < links.length) {
      const handler = handlerFor(links[x.step]!, chain, x.consumer)
      const mark = chain.marks.links[x.step]!
      x.picked.push(handler)
      x.step++
      if (handler === null || handler.onRequest === undefined) continue
      this.#running[0] = mark | STEP_REQUEST
      const verdict = isTraced ? this.#askTraced(x, handler) : this.#ask(x, handler)
      if (verdict === NEXT) continue
      // A plugin that waits may still let the request go on, so the rest is not resolved yet.
      if (verdict === DONE) this.#pickRest(x, chain)
      return verdict
    }
    return NEXT
  }

  #pickRest(x: Exchange, chain: Chain): void {
    for (let i = x.picked.length; i < chain.links.length; i++)
      x.picked.push(handlerFor(chain.links[i]!, chain, x.consumer))
  }

  #askFirst(x: Exchange, handler: Handler): Verdict {
    try {
      const verdict = handler.onRewrite!(x)
      this.#running[0] = 0
      if (verdict === NEXT || verdict === DONE || verdict === WAIT) return verdict
      throw new TypeError(NO_VERDICT)
    } catch (error) {
      return this.#fail(x, handler, 'rewrite', error)
    }
  }

  #askTraced(x: Exchange, handler: Handler): Verdict {
    beginStep(x, 'access.plugin.', nameOf(x, handler), this.#readMs())
    const verdict = this.#ask(x, handler)
    if (verdict !== WAIT && x.trace !== null) x.trace.end(this.#readMs())
    return verdict
  }

  #ask(x: Exchange, handler: Handler): Verdict {
    try {
      const verdict = handler.onRequest!(x)
      this.#running[0] = 0
      if (verdict === NEXT || verdict === DONE || verdict === WAIT) return verdict
      // Say, a promise. Going on would open the gate that this plugin may be.
      throw new TypeError(NO_VERDICT)
    } catch (error) {
      return this.#fail(x, handler, 'request', error)
    }
  }

  #fail(x: Exchange, handler: Handler, step: Step, error: unknown): Verdict {
    this.#running[0] = 0
    x.fault = faults.PLUGIN_FAILED
    x.answerBody = NO_BODY
    this.#tell(x, handler, step, error)
    return DONE
  }

  #tell(x: Exchange, handler: Handler, step: Step, error: unknown): void {
    this.#report(x, nameOf(x, handler), step, error)
  }
}

const NO_VERDICT = 'the plugin answered no verdict (NEXT, DONE or WAIT)'

const TOO_LATE = 'it had all the time of SLUICE_PLUGIN_WAIT_MS'
const IN_VAIN = 'resume or finish was called twice, too late, or before the step had answered WAIT'

/** The plugin whose request step ran last. */
function lastAsked(x: Exchange): string {
  const chain = chainOf(x)
  if (chain === null) return ''
  if (x.route !== null && !chain.fixed) return chain.links[x.step - 1]?.plugin ?? ''
  const handler = (x.route === null ? chain.rewrite : chain.request)[x.step - 1]
  return handler === undefined ? '' : nameOf(x, handler)
}

/** A request that no route matched, or that could not be read, has the global plugins. */
function chainOf(x: Exchange): Chain | null {
  if (x.route !== null) return x.route.chain
  return x.plan === null ? null : x.plan.globalChain
}

function nameOf(x: Exchange, handler: Handler): string {
  const chain = chainOf(x)
  if (chain === null) return ''
  for (let i = 0; i < chain.links.length; i++) {
    const link = chain.links[i]!
    if (link.handler === handler || (i < x.picked.length && x.picked[i] === handler)) return link.plugin
  }
  return ''
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
