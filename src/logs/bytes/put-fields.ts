/**
 * put-fields — appends the fields of a request and of its answer to a log record, as the lines they are.
 *
 * HOT     Runs once for each request that is logged: runs of the head's bytes are copied whole.
 */
import type { Outbox } from '../../base/outbox.ts'
import { type Exchange, UPGRADED } from '../../contract/exchange.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { TOKEN } from '../../http1/chars.ts'
import { CHUNKED } from '../../http1/framing.ts'
import { DROPPED, type Head, STRIDE } from '../../http1/head.ts'
import { id } from '../../http1/names.ts'
import { beginLength, endLength } from './put-text.ts'

const AUTHORIZATION = id.authorization
const PROXY_AUTHORIZATION = Buffer.from('proxy-authorization')
const LONG = 'proxy-authorization'
const SHORT = 'authorization'

const REDACTED = Buffer.from('authorization: REDACTED\r\n')
const PROXY_REDACTED = Buffer.from('proxy-authorization: REDACTED\r\n')
const CRLF = Buffer.from('\r\n')
const COLON = Buffer.from(': ')
const LENGTH = Buffer.from('Content-Length: ')
const CHUNKED_LINE = Buffer.from('Transfer-Encoding: chunked\r\n')
const KEEP_ALIVE = Buffer.from('Connection: keep-alive\r\n')
const CLOSE = Buffer.from('Connection: close\r\n')
const SWITCH = Buffer.from('Connection: Upgrade\r\nUpgrade: websocket\r\n')

/** What the two redacted fields are called in the answer of `secretOf`. */
const NO_SECRET = 0
const SECRET = 1
const PROXY_SECRET = 2

/** As they are at the end: without what was taken out, with what was added, and without what gives access. */
export function putRequestFields(out: Outbox, x: Exchange): void {
  const head = x.request
  const at = beginLength(out)
  // A head that was refused may end in the middle of a field.
  if (head.targetEnd !== 0 && head.count !== 0) putRuns(out, head)
  const added = head.added
  for (let i = 0; i < added.length; i++) putAdded(out, added[i]!)
  endLength(out, at)
}

function putRuns(out: Outbox, head: Head): void {
  const spans = head.spans
  const count = head.count
  let run = -1
  for (let i = 0; i < count; i++) {
    const at = i * STRIDE
    const known = spans[at + 4]!
    const secret = known === DROPPED ? NO_SECRET : secretOf(head, at, known)
    if (known !== DROPPED && secret === NO_SECRET) {
      if (run < 0) run = spans[at]!
      continue
    }
    if (run >= 0) out.put(head.bytes, run, spans[at]!)
    run = -1
    if (secret === SECRET) out.putAll(REDACTED)
    else if (secret === PROXY_SECRET) out.putAll(PROXY_REDACTED)
  }
  if (run >= 0) out.put(head.bytes, run, endOf(head))
}

/** Behind the last line; of a head that was refused half-way its last row says where. */
function endOf(head: Head): number {
  const last = (head.count - 1) * STRIDE
  const end = head.spans[last + STRIDE]!
  return end > head.spans[last]! && end <= head.used ? end : head.line
}

function secretOf(head: Head, at: number, known: number): number {
  if (known === AUTHORIZATION) return SECRET
  const start = head.spans[at]!
  if (head.spans[at + 1]! - start !== PROXY_AUTHORIZATION.length) return NO_SECRET
  const bytes = head.bytes
  for (let i = 0; i < PROXY_AUTHORIZATION.length; i++)
    if (TOKEN[bytes[start + i]!] !== PROXY_AUTHORIZATION[i]) return NO_SECRET
  return PROXY_SECRET
}

function putAdded(out: Outbox, field: AddedField): void {
  const name = field.name
  if (name.length === SHORT.length && name.toLowerCase() === SHORT) return out.putAll(REDACTED)
  if (name.length === LONG.length && name.toLowerCase() === LONG) return out.putAll(PROXY_REDACTED)
  out.putLatin1(name)
  out.putAll(COLON)
  out.putLatin1(field.value)
  out.putAll(CRLF)
}

/** Who writes the answer's own fields: see RecordContext. */
interface SentFields {
  putSent(out: Outbox, x: Exchange): void
}

/** The answer's, and its framing as an engine of HTTP/1.1 writes it; HTTP/2 frames by itself. */
export function putSentFields(out: Outbox, x: Exchange, sent: SentFields): void {
  sent.putSent(out, x)
  if (x.upgrade === UPGRADED) return out.putAll(SWITCH)
  const hasOwnFraming = x.client?.isHttp2 === true
  const length = x.responseLength
  if (length >= 0) {
    if (x.status >= 200 && x.status !== 204) putLength(out, length)
  } else if (!hasOwnFraming && length === CHUNKED && x.request.minor === 1 && x.status !== 204)
    out.putAll(CHUNKED_LINE)
  if (!hasOwnFraming) out.putAll(x.keepAlive ? KEEP_ALIVE : CLOSE)
}

function putLength(out: Outbox, length: number): void {
  out.putAll(LENGTH)
  out.putDecimal(length)
  out.putAll(CRLF)
}
