/**
 * fields — between heads as HTTP/1.1 writes them and the lists of fields of HTTP/2 (RFC 9113 §8.2, §8.3).
 *
 * What a target is sent is what request-head.ts writes, so that both protocols carry the same. What it answers goes
 * through the strict codec as the text of an HTTP/1.1 head, so that the rest of the gateway sees one form.
 */
import { type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2'

/** Those that belong to a connection of HTTP/1.1 (RFC 9113 §8.2.2), and Host, which has a form of its own. */
const LEFT_OUT = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
/** Not for a table that others on the connection share (RFC 7541 §7.1.3). */
const SECRETS = ['authorization', 'cookie', 'proxy-authorization']
/** May come several times. Others are joined, as RFC 9110 §5.3 allows. */
const LISTS = new Set(['cookie', 'via', 'x-forwarded-for'])

/** `text` is a whole head of a request, as request-head.ts writes it. */
export function requestFields(text: string, scheme: 'http' | 'https'): OutgoingHttpHeaders {
  const lines = text.split('\r\n')
  const [method = '', path = ''] = lines[0]!.split(' ')
  const fields: OutgoingHttpHeaders = {
    ':method': method,
    ':scheme': scheme,
    ':authority': '',
    ':path': path,
  }
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'host') fields[':authority'] = value
    if (!LEFT_OUT.has(name)) addValue(fields, name, value)
  }
  // A request of HTTP/1.0 may name no host.
  if (fields[':authority'] === '') delete fields[':authority']
  return Object.assign(fields, { [sensitiveHeaders]: SECRETS })
}

function addValue(fields: OutgoingHttpHeaders, name: string, value: string): void {
  const before = fields[name]
  if (before === undefined) fields[name] = value
  else if (LISTS.has(name)) fields[name] = [...[before].flat().map(String), value]
  else fields[name] = `${before}, ${value}`
}

/** `pairs` are names and values in turns. Null: they hold what could pass for the end of a line. */
export function answerHead(pairs: readonly string[]): Buffer | null {
  const at = pairs.indexOf(':status')
  return toBytes(`HTTP/1.1 ${at < 0 ? '' : (pairs[at + 1] ?? '')} \r\n`, pairs)
}

/** The same for trailers. */
export function answerTrailers(pairs: readonly string[]): Buffer | null {
  return toBytes('', pairs)
}

function toBytes(firstLine: string, pairs: readonly string[]): Buffer | null {
  let text = firstLine
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = pairs[i]!
    const value = pairs[i + 1]!
    if (name.startsWith(':')) continue
    if (/[\r\n\0]/.test(value)) return null
    text += `${name}: ${value}\r\n`
  }
  return Buffer.from(`${text}\r\n`, 'latin1')
}

/** Trailers that a client sent, as `text` of lines. */
export function trailerFields(text: string): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {}
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) addValue(fields, line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}
