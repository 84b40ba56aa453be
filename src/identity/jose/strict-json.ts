/**
 * strict-json — a JSON object as a token may hold it: UTF-8, no member twice, nested no deeper than a bound.
 *
 * What two readers could understand in two ways is refused (RFC 7519 §4 lets a reader do so): of two members of one
 * name JSON.parse takes the last, and another parser the first.
 */
const QUOTE = 34
const COLON = 58
const BACKSLASH = 92
const OPEN_ARRAY = 91
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** Objects and arrays within one another. */
export const DEPTH_MAX = 16

export type Members = { readonly [name: string]: unknown }

/** What is no text, no JSON, nested too deep or has a member twice; and what is JSON, and no object. */
export type NoObject = 'malformed' | 'no object'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The object that the first `length` bytes are. */
export function readJsonObject(bytes: Buffer, length: number): Members | NoObject {
  const scan = scanJson(bytes, length)
  if (scan < 0) return 'malformed'
  const value = parse(bytes, length)
  if (value === undefined || countMembers(value) !== scan) return 'malformed'
  return isObject(value) ? value : 'no object'
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How many members all objects of the text have, if it is JSON; -1: nested too deep. */
function scanJson(bytes: Uint8Array, length: number): number {
  let members = 0
  let depth = 0
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) at = endOfText(bytes, at, length)
    else if (byte === COLON) members++
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
    else if ((byte === OPEN_OBJECT || byte === OPEN_ARRAY) && ++depth > DEPTH_MAX) return -1
  }
  return members
}

/** Where the text that opens at `start` has its second quote. */
function endOfText(bytes: Uint8Array, start: number, length: number): number {
  let at = start + 1
  while (at < length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function parse(bytes: Buffer, length: number): unknown {
  try {
    return JSON.parse(
      isAscii(bytes, length) ? bytes.latin1Slice(0, length) : utf8.decode(bytes.subarray(0, length)),
    )
  } catch {
    return undefined // neither UTF-8 nor JSON: the caller says so
  }
}

function isAscii(bytes: Uint8Array, length: number): boolean {
  let seen = 0
  for (let at = 0; at < length; at++) seen |= bytes[at]!
  return seen < 128
}

/** A member that the text has twice is here once, so the two counts differ. */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + countMembers(each), 0)
  let count = 0
  for (const each of Object.values(value)) count += 1 + countMembers(each)
  return count
}
