/**
 * spans — one exchange as Zipkin's spans, named and tagged as Kong does.
 *
 *     GET                    SERVER   the exchange; under the span of who asked
 *       GET (proxy)          CLIENT   what was done for it; the target's own spans hang under this one
 *       GET (balancer try 1) CLIENT   one for each try
 */
import { isIP } from 'node:net'
import type { LoggedTry, LogRecord, SinkTools } from '../../contract/machine/log-sinks.ts'
import { type Phase, phasesOf } from './phases.ts'
import type { Annotation, Endpoint, Span } from './span.ts'
import { readTags } from './tags.ts'

/** Plain data: part of a sink's settings. */
export interface SpanSettings {
  readonly localServiceName: string
  /** '': none. */
  readonly defaultServiceName: string
  readonly hasCredential: boolean
  readonly hasPathInName: boolean
  readonly hasPhaseTags: boolean
  /** In lower case. */
  readonly tagsHeader: string
  readonly staticTags: readonly (readonly [name: string, value: string])[]
}

type Tools = Pick<SinkTools, 'nodeId' | 'entity'>

/** None for an exchange that was not traced. */
export function makeSpans(record: LogRecord, settings: SpanSettings, tools: Tools): Span[] {
  if (record.trace === null) return []
  const maker = new SpanMaker(record, settings, tools)
  return [maker.request(), maker.proxy(), ...record.tries.map((_, index) => maker.attempt(index))]
}

class SpanMaker {
  readonly #record: LogRecord
  readonly #settings: SpanSettings
  readonly #tools: Tools
  readonly #phases: readonly Phase[]
  readonly #traceId: string
  readonly #name: string
  /** Of the service, or the default one. */
  readonly #serviceName: string
  readonly #places: Record<string, string>

  constructor(record: LogRecord, settings: SpanSettings, tools: Tools) {
    this.#record = record
    this.#settings = settings
    this.#tools = tools
    this.#phases = phasesOf(record)
    this.#traceId = record.trace!.traceId.replace(/^0{16}/, '')
    const method = record.method === '' ? 'unknown' : record.method
    this.#name = settings.hasPathInName ? `${method} ${pathOf(record)}` : method
    this.#places = this.#placesOf()
    this.#serviceName = this.#places['kong.service_name'] ?? settings.defaultServiceName
  }

  request(): Span {
    const record = this.#record
    const trace = record.trace!
    const tags: Record<string, string> = {
      lc: 'kong',
      ...Object.fromEntries(this.#settings.staticTags),
      ...readTags(record.requestHeaders[this.#settings.tagsHeader]),
      'http.method': record.method,
      'http.host': record.host,
      'http.path': pathOf(record),
      'http.protocol': `HTTP/${record.httpVersion}`,
      'http.status_code': String(record.status),
      'kong.node.id': this.#tools.nodeId,
      ...this.#phaseTags('rewrite'),
    }
    if (record.consumerId !== '') tags['kong.consumer'] = record.consumerId
    if (this.#settings.hasCredential && record.credentialId !== '')
      tags['kong.credential'] = record.credentialId
    if (record.fault !== 'NONE' && record.status >= 500) tags['error'] = record.fault
    return {
      ...this.#begin(trace.spanId, trace.parentId, 'SERVER', this.#name),
      ...this.#times(0, record.timers.total),
      ...this.#remote(record.clientIp, record.clientPort, this.#settings.defaultServiceName),
      tags,
      ...this.#annotations('rewrite'),
    }
  }

  proxy(): Span {
    const record = this.#record
    const trace = record.trace!
    const last = record.tries.at(-1)
    const start = this.#phases.find((phase) => phase.name === 'access')!.startMs
    return {
      ...this.#begin(trace.tryId, trace.spanId, 'CLIENT', `${this.#name} (proxy)`),
      ...this.#times(start, record.timers.total),
      ...this.#remote(last?.ip ?? '', last?.port ?? 0, this.#serviceName),
      tags: {
        ...this.#places,
        ...hostnameOf(last),
        ...this.#phaseTags('access', 'header_filter', 'body_filter'),
      },
      ...this.#annotations('access', 'header_filter', 'body_filter'),
    }
  }

  /** Of those that are kept: the first ones and the last. */
  attempt(index: number): Span {
    const { tries, triesCount, trace, proxied } = this.#record
    const one = tries[index]!
    const isLast = index === tries.length - 1
    const number = isLast ? triesCount : index + 1
    const tags: Record<string, string> = { 'kong.balancer.try': String(number) }
    if (one.fault !== 'NONE' || !(isLast && proxied)) {
      tags['error'] = 'true'
      tags['kong.balancer.state'] = one.status === 0 ? 'failed' : 'next'
      if (one.fault !== 'NONE') tags['sluice.fault'] = one.fault
      if (one.status !== 0) tags['http.status_code'] = String(one.status)
    }
    return {
      ...this.#begin(
        tryIdOf(trace!.tryId, index),
        trace!.spanId,
        'CLIENT',
        `${this.#name} (balancer try ${number})`,
      ),
      ...this.#times(one.startMs, one.endMs),
      ...this.#remote(one.ip, one.port, this.#serviceName),
      tags: { ...tags, ...this.#places, ...hostnameOf(one) },
    }
  }

  #begin(id: string, parentId: string, kind: Span['kind'], name: string) {
    return {
      traceId: this.#traceId,
      id,
      ...(parentId === '' ? {} : { parentId }),
      kind,
      name,
      localEndpoint: { serviceName: this.#settings.localServiceName },
    }
  }

  #at(ms: number): number {
    return Math.round((this.#record.startedAt + ms) * 1000)
  }

  /** What has no end ended with the exchange. Zipkin takes 0 for "unknown". */
  #times(startMs: number, endMs: number): { timestamp: number; duration: number } {
    const start = Math.max(startMs, 0)
    const end = endMs < 0 ? this.#record.timers.total : endMs
    return { timestamp: this.#at(start), duration: Math.max(1, Math.round((end - start) * 1000)) }
  }

  #remote(ip: string, port: number, serviceName: string): { remoteEndpoint?: Endpoint } {
    const family = isIP(ip)
    if (family === 0 && serviceName === '') return {}
    return {
      remoteEndpoint: {
        ...(serviceName === '' ? {} : { serviceName }),
        ...(family === 4 ? { ipv4: ip } : family === 6 ? { ipv6: ip } : {}),
        ...(port > 0 ? { port } : {}),
      },
    }
  }

  #phaseTags(...names: Phase['name'][]): Record<string, string> {
    if (!this.#settings.hasPhaseTags) return {}
    const phases = this.#phases.filter((phase) => names.includes(phase.name))
    return Object.fromEntries(
      phases.map((phase) => [`kong.${phase.name}.duration_ms`, String(roundMs(phase.endMs - phase.startMs))]),
    )
  }

  #annotations(...names: Phase['name'][]): { annotations?: Annotation[] } {
    if (this.#settings.hasPhaseTags) return {}
    const phases = this.#phases.filter((phase) => names.includes(phase.name))
    return {
      annotations: phases.flatMap((phase) => [
        { timestamp: this.#at(phase.startMs), value: `k${phase.letter}s` },
        { timestamp: this.#at(phase.endMs), value: `k${phase.letter}f` },
      ]),
    }
  }

  #placesOf(): Record<string, string> {
    const { serviceId, routeId } = this.#record
    const tags: Record<string, string> = {}
    if (serviceId !== '') tags['kong.service'] = serviceId
    const service = this.#nameOf('service', serviceId)
    if (service !== '') tags['kong.service_name'] = service
    if (routeId !== '') tags['kong.route'] = routeId
    const route = this.#nameOf('route', routeId)
    if (route !== '') tags['kong.route_name'] = route
    return tags
  }

  #nameOf(kind: 'service' | 'route', id: string): string {
    const entity = id === '' ? null : this.#tools.entity(kind, id)
    return entity !== null && 'name' in entity && typeof entity.name === 'string' ? entity.name : ''
  }
}

function pathOf(record: LogRecord): string {
  const query = record.uri.indexOf('?')
  return query < 0 ? record.uri : record.uri.slice(0, query)
}

function hostnameOf(one: LoggedTry | undefined): Record<string, string> {
  return one === undefined || one.host === '' ? {} : { 'peer.hostname': one.host }
}

/** Follows from the id of the proxy span: 16 hex, another for each try, none of which is that id. */
function tryIdOf(proxyId: string, index: number): string {
  return (BigInt(`0x${proxyId}`) ^ (BigInt(index + 1) << 32n)).toString(16).padStart(16, '0')
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
