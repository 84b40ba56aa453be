/**
 * explain-head — says for the operator which part of a head broke the grammar, at which byte, and by what. It walks the
 * bytes once more, from the line that the codec was in: cold, so the codec itself keeps no account of it. Of values it
 * tells no more than the one byte: they may be secrets.
 */
import { COLON, CR, FIELD, HT, LF, SLASH, SP, TOKEN } from '../http1/chars.ts'
import { type Head, KIND_TRAILERS } from '../http1/head.ts'

const VERSION = 'HTTP/1.'
const VERSION_BYTES = 8
const NAME_MAX = 40
const SHOWN = 7

/** Of a request's head or trailers that were refused as malformed; '' for a head that is whole. */
export function explainHead(head: Head): string {
  if (isWhole(head)) return ''
  return head.line === 0 && head.kind !== KIND_TRAILERS ? explainFirstLine(head) : explainField(head)
}

export function isWhole({ bytes, used, line, kind }: Head): boolean {
  // Empty lines may stand before a first line, and are no head.
  if (line === 0 && kind !== KIND_TRAILERS) return false
  return used >= line + 2 && bytes[line] === CR && bytes[line + 1] === LF
}

function explainFirstLine(head: Head): string {
  const { bytes } = head
  let start = 0
  while (bytes[start] === CR && bytes[start + 1] === LF) start += 2
  if (bytes[start] === CR || start > SHOWN) return `line end: nothing but line ends, ${at(start)}`
  if (head.methodEnd === 0) {
    const end = skip(start, (i) => TOKEN[bytes[i]!] !== 0)
    if (bytes[end] === SP && end > start) return `method: longer than any there is, ${at(start)}`
    return `method: ${byteAt(bytes, end)}`
  }
  if (head.targetEnd === 0) return `target: ${byteAt(bytes, skip(head.methodEnd + 1, isOfTarget(bytes)))}`
  if (bytes[head.targetStart] !== SLASH && head.authorityEnd === 0 && !isConnect(head))
    return `target: neither a path nor an http URL, ${at(head.targetStart)}`
  return explainVersion(bytes, head.targetEnd + 1)
}

function explainVersion(bytes: Buffer, start: number): string {
  for (let i = 0; i < VERSION.length; i++)
    if (bytes[start + i] !== VERSION.charCodeAt(i)) return `version: ${byteAt(bytes, start + i)}`
  const minor = bytes[start + VERSION.length]
  if (minor !== 0x30 && minor !== 0x31) return `version: ${byteAt(bytes, start + VERSION.length)}`
  return explainLineEnd(bytes, start + VERSION_BYTES)
}

function explainField({ bytes, line, count }: Head): string {
  const which = `field ${count + 1}`
  if (bytes[line] === CR) return explainLineEnd(bytes, line)
  const nameEnd = skip(line, (i) => TOKEN[bytes[i]!] !== 0)
  const first = bytes[line]
  if (first === SP || first === HT) return `${which}: it starts with a space, as a folded line, ${at(line)}`
  if (bytes[nameEnd] !== COLON || nameEnd === line) {
    const stop = bytes[nameEnd]
    if (stop === CR || stop === LF) return `${which}: a line without a colon, ${at(nameEnd)}`
    return `field name: ${byteAt(bytes, nameEnd)} (${which})`
  }
  const name = bytes.latin1Slice(line, Math.min(nameEnd, line + NAME_MAX))
  const stop = skip(nameEnd + 1, (i) => FIELD[bytes[i]!] === 1)
  if (bytes[stop] === CR || bytes[stop] === LF) return `${explainLineEnd(bytes, stop)} (${which}, ${name})`
  return `field value: ${byteAt(bytes, stop)} (${which}, ${name})`
}

function explainLineEnd(bytes: Buffer, i: number): string {
  if (bytes[i] === LF) return `line end: a line feed without a carriage return, ${at(i)}`
  if (bytes[i] === CR) return `line end: a carriage return without a line feed, ${at(i)}`
  return `line end: ${byteAt(bytes, i)}`
}

function isOfTarget(bytes: Buffer): (i: number) => boolean {
  return (i) => bytes[i]! > SP && bytes[i]! < 127 && bytes[i] !== 0x23
}

function isConnect({ bytes, methodStart, methodEnd }: Head): boolean {
  return bytes.latin1Slice(methodStart, methodEnd) === 'CONNECT'
}

function skip(from: number, fits: (i: number) => boolean): number {
  let i = from
  while (fits(i)) i++
  return i
}

function byteAt(bytes: Buffer, i: number): string {
  return `0x${(bytes[i] ?? 0).toString(16).padStart(2, '0')} may not stand there, ${at(i)}`
}

function at(i: number): string {
  return `byte ${i} of the head`
}
