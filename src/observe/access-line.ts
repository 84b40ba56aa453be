/** One line an exchange, in Kong's access log format. */
import type { Exchange } from '../contract/exchange.ts'
import { getField } from '../http1/fields.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Ends in a newline. Bytes that could end or forge a line are written as \xHH. */
export function accessLine(x: Exchange, wallMs: number): string {
  const head = x.request
  const request =
    head.targetEnd === 0
      ? ''
      : `${head.bytes.latin1Slice(head.methodStart, head.targetEnd)} HTTP/1.${head.minor}`
  const id = x.requestId.latin1Slice(0, x.requestId.length)
  const referer = safe(getField(head, 'referer') ?? '-')
  const agent = safe(getField(head, 'user-agent') ?? '-')
  const address = x.clientAddress === '' ? (x.client?.peerAddress ?? '-') : x.clientAddress
  const user = x.consumer?.username ?? '-'
  return (
    `${safe(address)} - ${safe(user)} [${time(wallMs)}] "${safe(request)}" ${x.status} ${x.responseBytes} ` +
    `"${referer}" "${agent}" kong_request_id: "${id}"\n`
  )
}

function safe(text: string): string {
  return text.replace(
    /["\\\x00-\x1f\x7f-\xff]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** 22/Nov/2026:20:15:09 +0000, in UTC. */
function time(wallMs: number): string {
  const date = new Date(wallMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  return (
    `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
  )
}
