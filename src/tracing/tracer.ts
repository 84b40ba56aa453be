/**
 * tracer — what every plugin that traces does in its steps: decides at the start, tells the target, and knows at the
 * end whether the trace is its own to ship.
 *
 * WHAT    Who asks decides, by the flag it has sent; where it says nothing, the trace's id does, by a ratio. A trace
 *         that begins here has the request's own id, which is random: so nothing is drawn, whoever has the id of a
 *         request finds its trace, and all configurations decide by the same number, however many there are. Since a
 *         configuration can be bound to a route, and the route is not known at the start, the first one that wants
 *         the trace opens it, and each one that applies looks whether it would have opened it too.
 *
 * HOT     `start` and `tell` run once a request.
 */
import type { Exchange } from '../contract/exchange.ts'
import { Trace } from '../contract/record/trace.ts'
import { HEX } from '../http1/chars.ts'
import { traceIdText } from './propagation/id-text.ts'
import { Propagation, type PropagationSettings } from './propagation/propagation.ts'
import type { TraceContext } from './propagation/trace-context.ts'
import { isSampled } from './sampling.ts'
import { SpanIdSource } from './span-ids.ts'

const TRACE_BYTES = 16
const SPAN_BYTES = 8

export class Tracer {
  /** One for all that decide alike, and would open the same trace: see Handler. */
  startKey: string
  readonly #propagation: Propagation
  readonly #ratio: number
  readonly #tellsTries: boolean
  readonly #ids: SpanIdSource
  /** Of a request that is not traced. */
  readonly #traceId: Uint8Array
  readonly #spanId: Uint8Array
  readonly #told: Told
  #hasShortIds: boolean
  /** What the first 24 of the bits that are looked at may come to in a trace that is sampled. */
  readonly #firstMax: number
  /** What was read last, and of whom, where `start` did. */
  #context: TraceContext | null
  #seen: Exchange | null

  /** `tellsTries`: the target's spans hang under that of its try, which the plugin ships, and not under the whole. */
  constructor(
    settings: PropagationSettings,
    ratio: number,
    random: (count: number) => Uint8Array,
    tellsTries = true,
  ) {
    this.#tellsTries = tellsTries
    this.#propagation = new Propagation(settings)
    this.#ratio = ratio
    this.#ids = new SpanIdSource(random)
    this.startKey = `trace ${ratio} ${settings.extract.join(' ')}`
    this.#traceId = new Uint8Array(TRACE_BYTES)
    this.#spanId = new Uint8Array(SPAN_BYTES)
    this.#told = new Told(this.#traceId, this.#spanId)
    this.#hasShortIds = false
    this.#firstMax = Math.floor(ratio * 2 ** 24)
    this.#context = null
    this.#seen = null
  }

  /** Traces that begin here have ids of eight bytes: the second half of the request's own. */
  useShortIds(): void {
    this.#hasShortIds = true
    this.startKey += ' short'
  }

  /** For onStart: opens x.trace where it is to be recorded and nobody has. */
  start(x: Exchange): void {
    this.#seen = null
    if (x.trace !== null) return
    const parent = this.#read(x)
    this.#seen = x
    // Nearly all are told by this.
    if (parent === null && firstBits(x.requestId) > this.#firstMax) return
    const traceId = this.#traceIdOf(x, parent)
    const asked = parent === null ? ASKED_NOTHING : askedBy(parent)
    if (asked === ASKED_NOT) return
    if (asked === ASKED_NOTHING && !isSampled(traceId, this.#ratio)) return
    x.trace = openTrace(traceId, parent, this.#ids)
    x.trace.isAsked = asked === ASKED
  }

  /** For onRequest: writes the ids for the target, also of a trace that nobody records. */
  tell(x: Exchange): void {
    // In most cases nobody else has started since.
    const incoming = this.#seen === x ? this.#context : this.#read(x)
    const told = this.#told
    this.keeps(x)
    const trace = x.trace
    if (trace?.isKept === true) {
      told.traceId = trace.traceId
      told.spanId = this.#tellsTries ? trace.tryId : trace.spanId
      told.parentId = this.#tellsTries ? trace.spanId : trace.parentId
      told.sampled = true
    } else {
      told.traceId = this.#traceIdOf(x, incoming)
      told.parentId = null
      told.sampled = false
      told.spanId = this.#spanId
      // Without a span of ours, the target's hangs under that of who asks.
      if (incoming !== null && incoming.parentId !== null) told.spanId = incoming.parentId
      else this.#ids.putUnrecorded(this.#spanId)
    }
    this.#propagation.inject(x.request, told, incoming)
  }

  /** Whether this configuration, which applies to the exchange, is to ship its trace. */
  keeps(x: Exchange): boolean {
    if (x.trace === null) return false
    if (!x.trace.isKept && !this.#takeOver(x)) return false
    const trace = x.trace
    if (!trace.isAsked && !isSampled(trace.traceId, this.#ratio)) return false
    trace.isKept = true
    return true
  }

  /**
   * Whoever opened the trace may not apply to the exchange: the first that does reads the ids in its own way, as if it
   * had been alone. False: it would not trace this one.
   */
  #takeOver(x: Exchange): boolean {
    const trace = x.trace!
    const parent = this.#read(x)
    const asked = parent === null ? ASKED_NOTHING : askedBy(parent)
    if (asked === ASKED_NOT) return false
    const traceId = this.#traceIdOf(x, parent)
    const parentId = parent === null ? null : parent.parentId
    if (!isSame(traceId, trace.traceId) || !isSame(parentId, trace.parentId))
      x.trace = makeRenamed(trace, traceId, parentId)
    x.trace!.isAsked = asked === ASKED
    return true
  }

  /** In hex, one of eight bytes as 16 digits; also of a trace that nobody records. Cold. */
  traceIdText(x: Exchange): string {
    const trace = x.trace
    const isKept = trace?.isKept === true
    const id = isKept ? trace.traceId : this.#traceIdOf(x, this.#read(x))
    return traceIdText(id)
  }

  #read(x: Exchange): TraceContext | null {
    this.#seen = null
    this.#context = this.#propagation.extract(x.request)
    return this.#context
  }

  #traceIdOf(x: Exchange, parent: TraceContext | null): Uint8Array {
    if (parent !== null && parent.traceId !== null) return parent.traceId
    readHex(x.requestId, this.#traceId)
    if (this.#hasShortIds) this.#traceId.fill(0, 0, TRACE_BYTES / 2)
    return this.#traceId
  }
}

/** Written anew for each request. */
class Told {
  traceId: Uint8Array
  spanId: Uint8Array
  parentId: Uint8Array | null
  sampled: boolean

  constructor(traceId: Uint8Array, spanId: Uint8Array) {
    this.traceId = traceId
    this.spanId = spanId
    this.parentId = null
    this.sampled = false
  }
}

const ASKED_NOTHING = 0
const ASKED_NOT = 1
const ASKED = 2

function askedBy(parent: TraceContext): number {
  if (parent.debug) return ASKED
  if (parent.sampled === null) return ASKED_NOTHING
  return parent.sampled ? ASKED : ASKED_NOT
}

/** What is lent is copied. */
function openTrace(traceId: Uint8Array, parent: TraceContext | null, ids: SpanIdSource): Trace {
  const parentId = parent === null || parent.parentId === null ? null : parent.parentId.slice()
  return new Trace(traceId.slice(), parentId, ids.next(), ids.next())
}

/** The same steps under other ids. What is lent is copied. Cold: configurations seldom differ in how they read. */
function makeRenamed(trace: Trace, traceId: Uint8Array, parentId: Uint8Array | null): Trace {
  const parent = parentId === null ? null : parentId.slice()
  const other = new Trace(traceId.slice(), parent, trace.spanId, trace.tryId)
  for (let i = 0; i < trace.steps.length; i++) other.steps.push(trace.steps[i]!)
  return other
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

/** 32 digits, as bytes. */
function readHex(digits: Uint8Array, into: Uint8Array): void {
  let at = 0
  for (let i = 0; i < TRACE_BYTES; i++) {
    into[i] = (HEX[digits[at]!]! << 4) | HEX[digits[at + 1]!]!
    at += 2
  }
}

/** Of those that isSampled looks at: bytes 10, 11 and 12. */
function firstBits(digits: Uint8Array): number {
  let value = 0
  for (let i = 20; i < 26; i++) value = (value << 4) | HEX[digits[i]!]!
  return value
}
