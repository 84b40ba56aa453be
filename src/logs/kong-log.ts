/**
 * kong-log — one record as the line of JSON that Kong's log plugins write, with ours under `sluice`.
 *
 * WHAT    Written piece by piece: an object of all of it, handed to JSON.stringify, takes twice as long. Entities
 *         are made into text once for each object, that is once a configuration.
 *
 *         One record is one line whatever a client sends: see json-text.ts. What is not there is left out (as Kong).
 */
import { faults } from '../base/faults.ts'
import type { LoggedTry, LogRecord, SinkTools } from '../contract/machine/log-sinks.ts'
import { withExtras } from './extras.ts'
import { quote } from './json-text.ts'
import { queryJson } from './query-json.ts'
import { ReadRecord } from './read-record.ts'

export type EntityOf = SinkTools['entity']

/** Kong's id of the one workspace that there is without a database. */
const WORKSPACE = '"workspace":"0dc6f45b-8f8d-40d2-a504-473544ee190b","workspace_name":"default"'
const NS_PER_MS = 1_000_000

/** Without a newline. */
export function kongLog(record: LogRecord, entity: EntityOf): string {
  const text =
    `{"request":${requestOf(record)},"upstream_uri":${quote(record.upstreamUri)},` +
    `"upstream_status":"${statusesOf(record)}",` +
    `"response":{"status":${record.status},"headers":${responseFields(record)},"size":${record.responseSize}},` +
    `"latencies":${latenciesOf(record)}${triesOf(record)}${identityOf(record, entity)},` +
    `"client_ip":${quote(record.clientIp)},"started_at":${record.startedAt},` +
    `"source":"${record.proxied ? 'upstream' : 'kong'}",${WORKSPACE}${idsOf(record)},"sluice":${oursOf(record)}}`
  return record.extras.length === 0 ? text : withExtras(text, record.extras)
}

function requestOf(record: LogRecord): string {
  const uri = quote(record.uri)
  const place = quote(`${record.scheme}://${record.host}:${record.port}`)
  // Both are quoted: one text of two.
  const url = place.slice(0, -1) + uri.slice(1)
  const tls = record.tls
  const secured =
    tls === null
      ? ''
      : `,"tls":{"version":${quote(tls.version)},"cipher":${quote(tls.cipher)},"client_verify":${quote(tls.verify)}}`
  return (
    `{"id":${quote(record.requestId)},"uri":${uri},"url":${url},"querystring":${queryJson(record.uri)},` +
    `"method":${quote(record.method)},"headers":${requestFields(record)},"size":${record.requestSize}${secured}}`
  )
}

function requestFields(record: LogRecord): string {
  return record instanceof ReadRecord ? record.requestLines.json : JSON.stringify(record.requestHeaders)
}

function responseFields(record: LogRecord): string {
  return record instanceof ReadRecord ? record.responseLines.json : JSON.stringify(record.responseHeaders)
}

/** As nginx has it: one status a try; one that did not answer has the status of its failure. */
function statusesOf(record: LogRecord): string {
  let text = ''
  for (const one of record.tries) {
    const status = statusOf(one)
    if (status !== 0) text += text === '' ? String(status) : `, ${status}`
  }
  return text
}

function statusOf(one: LoggedTry): number {
  return one.status !== 0 ? one.status : one.fault === 'NONE' ? 0 : failureOf(one.fault)
}

function failureOf(code: string): number {
  return isFault(code) ? faults[code].status : 0
}

function isFault(code: string): code is keyof typeof faults {
  return Object.hasOwn(faults, code)
}

function latenciesOf({ timers, proxied }: LogRecord): string {
  const receive = timers.receive < 0 ? 0 : timers.receive
  const proxy = proxied && timers.response >= 0 ? timers.total - timers.gateway - receive : -1
  return (
    `{"kong":${whole(timers.gateway)},"proxy":${proxy < 0 ? (proxied ? 0 : -1) : Math.floor(proxy)},` +
    `"request":${whole(timers.total)},"receive":${whole(receive)}}`
  )
}

/** -1 where it was not reached; a failed subtraction is no time at all. */
function whole(ms: number): number {
  return ms < 0 ? -1 : Math.floor(ms)
}

function triesOf(record: LogRecord): string {
  if (record.serviceId === '') return ''
  const startedAt = record.startedAt
  let text = ''
  for (const one of record.tries) {
    const startMs = startedAt + Math.max(0, one.startMs)
    const failed = one.fault === 'NONE' ? '' : `,"state":"failed","code":${statusOf(one)}`
    text += `${text === '' ? '' : ','}{"ip":${quote(one.ip)},"port":${one.port},"balancer_start":${Math.floor(startMs)},"balancer_start_ns":${nanoseconds(startMs)},"balancer_latency":0,"balancer_latency_ns":0${failed}}`
  }
  return `,"tries":[${text}]`
}

/** Of milliseconds since 1970: more digits than a double has, so the whole seconds go apart. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms)
  const rest = Math.floor((ms - whole) * NS_PER_MS)
  return `${whole}${String(rest).padStart(6, '0')}`
}

function identityOf(record: LogRecord, entity: EntityOf): string {
  const { credentialId, consumerId } = record
  const consumer = consumerId === '' ? '' : `,"consumer_id":${quote(consumerId)}`
  return (
    (credentialId === '' ? '' : `,"authenticated_entity":{"id":${quote(credentialId)}${consumer}}`) +
    entityOf('route', record.routeId, entity) +
    entityOf('service', record.serviceId, entity) +
    entityOf('consumer', consumerId, entity)
  )
}

/** Of entities as the log thread has them: the same object while its configuration is in force. */
const texts = new WeakMap<object, string>()

/** One that is in no configuration any more keeps its id. */
function entityOf(kind: 'route' | 'service' | 'consumer', id: string, entity: EntityOf): string {
  if (id === '') return ''
  const found = entity(kind, id)
  if (found === null) return `,"${kind}":{"id":${quote(id)}}`
  let text = texts.get(found)
  if (text === undefined) {
    text = `,"${kind}":${JSON.stringify(found)}`
    texts.set(found, text)
  }
  return text
}

function idsOf({ correlationId, trace }: LogRecord): string {
  return (
    (correlationId === '' ? '' : `,"correlation_id":${quote(correlationId)}`) +
    (trace === null ? '' : `,"trace_id":{"w3c":"${trace.traceId}"}`)
  )
}

function oursOf(record: LogRecord): string {
  const t = record.timers
  const detail = record.detail === '' ? '' : `,"detail":${quote(record.detail)}`
  return (
    `{"fault":"${record.fault}","blame":"${record.blame}"${detail},"timers":{"request":${precise(t.request)},` +
    `"wait":${precise(t.wait)},"connect":${precise(t.connect)},"response":${precise(t.response)},` +
    `"total":${precise(t.total)},"gateway":${precise(t.gateway)},"receive":${precise(t.receive)}},` +
    `"tries":${record.triesCount}}`
  )
}

/** Milliseconds with three places. */
function precise(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
