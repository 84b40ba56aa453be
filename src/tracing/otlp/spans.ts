/**
 * spans — what was recorded of one exchange, as the spans that Kong would have made of it.
 *
 *     kong ─┬─ kong.rewrite.plugin.NAME
 *           ├─ kong.router
 *           ├─ kong.access.plugin.NAME
 *           ├─ kong.balancer            one a try; the last one is the parent of the target's own spans
 *           └─ kong.header_filter.plugin.NAME
 *
 * Runs in the log thread.
 */
import { faultList } from '../../base/faults.ts'
import type { LoggedTrace, LoggedTry, LogRecord } from '../../contract/machine/log-sinks.ts'
import { rootAttributes } from './root-attributes.ts'
import { type Attributes, CLIENT, INTERNAL, SERVER, type Span } from './span.ts'
import type { SpanNames } from './span-names.ts'

export interface SpanSettings {
  /** Kong's words: TRACING_INSTRUMENTATIONS. */
  readonly instrumentations: readonly string[]
}

const ERROR_FROM = 500
const NO_FAULT = 'NONE'

export function spansOf(
  record: LogRecord,
  trace: LoggedTrace,
  names: SpanNames,
  settings: SpanSettings,
): Span[] {
  const has = (what: string): boolean =>
    settings.instrumentations.includes('all') || settings.instrumentations.includes(what)
  const maker = new SpanMaker(record, trace)
  const spans = [maker.root(names)]
  for (const step of trace.steps)
    if (has(instrumentationOf(step.name))) spans.push(maker.step(step.name, step.startMs, step.endMs))
  if (has('balancer')) for (let i = 0; i < record.tries.length; i++) spans.push(maker.try(i))
  return spans
}

/** 'access.plugin.key-auth' is noted by what Kong calls plugin_access. */
function instrumentationOf(step: string): string {
  const end = step.indexOf('.plugin.')
  return end === -1 ? step : `plugin_${step.slice(0, end)}`
}

class SpanMaker {
  readonly #record: LogRecord
  readonly #trace: LoggedTrace
  #made: number

  constructor(record: LogRecord, trace: LoggedTrace) {
    this.#record = record
    this.#trace = trace
    this.#made = 0
  }

  root(names: SpanNames): Span {
    const record = this.#record
    const isError = record.status >= ERROR_FROM
    return {
      ...this.#times(0, record.timers.total),
      traceId: this.#trace.traceId,
      spanId: this.#trace.spanId,
      parentId: this.#trace.parentId,
      isParentRemote: this.#trace.parentId !== '',
      name: 'kong',
      kind: SERVER,
      attributes: rootAttributes(record, names),
      isError,
      errorText: isError && record.fault !== NO_FAULT ? record.fault : '',
    }
  }

  step(name: string, startMs: number, endMs: number): Span {
    return {
      ...this.#times(startMs, endMs),
      ...this.#child(this.#nextId()),
      name: `kong.${name}`,
      kind: INTERNAL,
      attributes: {},
      isError: false,
      errorText: '',
    }
  }

  try(index: number): Span {
    const { tries, triesCount } = this.#record
    const each = tries[index]!
    const isLast = index === tries.length - 1
    const hasFailed = each.fault !== NO_FAULT || !isLast
    return {
      ...this.#times(each.startMs, each.endMs),
      ...this.#child(isLast ? this.#trace.tryId : this.#nextId()),
      name: 'kong.balancer',
      kind: CLIENT,
      attributes: tryAttributes(each, isLast ? triesCount : index + 1, hasFailed),
      isError: hasFailed,
      errorText: each.fault === NO_FAULT ? '' : each.fault,
    }
  }

  #times(startMs: number, endMs: number): Pick<Span, 'startMs' | 'endMs'> {
    const { startedAt, timers } = this.#record
    // What was given up has no end of its own.
    const end = endMs < startMs ? Math.max(timers.total, startMs) : endMs
    return { startMs: startedAt + startMs, endMs: startedAt + end }
  }

  #child(spanId: string): Pick<Span, 'traceId' | 'spanId' | 'parentId' | 'isParentRemote'> {
    const { traceId, spanId: parentId } = this.#trace
    return { traceId, spanId, parentId, isParentRemote: false }
  }

  /** The exchange's own random id with its last half moved on: another for each span of the trace. */
  #nextId(): string {
    const { spanId } = this.#trace
    this.#made++
    const moved = (Number.parseInt(spanId.slice(8), 16) ^ Math.imul(this.#made, SPREAD)) >>> 0
    return spanId.slice(0, 8) + moved.toString(16).padStart(8, '0')
  }
}

/** Odd, so that no two numbers of spans are moved to the same. */
const SPREAD = 0x9e3779b1

function tryAttributes(each: LoggedTry, count: number, hasFailed: boolean): Attributes {
  const attributes: Attributes = {
    try_count: count,
    'net.peer.ip': each.ip,
    'net.peer.port': each.port,
  }
  if (each.host !== '') attributes['net.peer.name'] = each.host
  if (!hasFailed) return attributes
  const status = each.status === 0 ? statusOf(each.fault) : each.status
  if (status !== 0) attributes['http.status_code'] = status
  if (each.fault !== NO_FAULT) attributes['sluice.fault'] = each.fault
  return attributes
}

function statusOf(code: string): number {
  if (code === NO_FAULT) return 0
  return faultList.find((fault) => fault.code === code)?.status ?? 0
}
