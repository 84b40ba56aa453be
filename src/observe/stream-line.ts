/**
 * stream-line — one line a session, in the format of Kong's stream log, with what an operator asks next behind it.
 *
 *     address [22/Nov/2026:20:15:09 +0000] TCP 200 sent received seconds route: "db" target: "10.0.0.1:5432" …
 *
 * Bytes are those sent to the client, and received from it. Runs once a session, and so is written plainly.
 */
import { faults } from '../base/faults.ts'
import type { StreamRecord } from '../contract/stream.ts'

/** `time`: when it ended, as `[22/Nov/2026:20:15:09 +0000]`. */
export function streamLine(record: StreamRecord, time: string): string {
  const { facts, route, target, status, bytesIn, bytesOut, durationMs, fault, tries } = record
  const seconds = (durationMs / 1000).toFixed(3)
  const parts = [facts.clientAddress, time, 'TCP', status, bytesOut, bytesIn, seconds]
  parts.push(`route: "${route === null ? '-' : escaped(route.name ?? route.id)}"`)
  parts.push(`target: "${target === null ? '-' : placeOf(target.address)}"`)
  if (facts.sni !== '') parts.push(`sni: "${escaped(facts.sni)}"`)
  if (tries > 1) parts.push(`tries: ${tries}`)
  parts.push(`ended_by: ${record.endedBy}`)
  if (fault !== faults.NONE) parts.push(`fault: ${fault.code}`)
  return `${parts.join(' ')}\n`
}

function placeOf({ ip, port }: { ip: string; port: number }): string {
  if (port === 0) return escaped(ip)
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

/** Quotes, backslashes and what is not plain ASCII could end or forge a line. */
function escaped(text: string): string {
  return text.replace(/["\\\x00-\x1f\x7f-\uffff]/g, (char) => {
    const code = char.charCodeAt(0)
    const hex = code.toString(16).toUpperCase()
    return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
  })
}
