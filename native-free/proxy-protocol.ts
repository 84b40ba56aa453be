/**
 * proxy-protocol — the preamble of the PROXY protocol, versions 1 and 2 (HAProxy's specification of 2020-03-05), on
 * listeners that are flagged for it.
 *
 * Read before the connection exists for the rest of the gateway: whoever does not send one is cut off, since anything
 * else would let a client choose its own address.
 */

import { parseAddress } from '../src/base/cidr.ts'

export interface Preamble {
  /** Bytes it took. */
  readonly length: number
  /** '' when the proxy speaks for itself (UNKNOWN, LOCAL). */
  readonly address: string
  /** Of that address; 0 where there is none. */
  readonly port: number
}

/** 'more' while it can still become one. */
export type PreambleResult = Preamble | 'more' | 'bad'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V1_MAX = 107
const V2_HEADER = 16
/** Addresses take 12, 36 or 216 bytes; the rest is TLVs we pass over. */
const V2_MAX = V2_HEADER + 4096

export function readPreamble(bytes: Buffer): PreambleResult {
  const known = Math.min(bytes.length, SIGNATURE.length)
  if (bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) {
    return bytes.length < V2_HEADER ? 'more' : readV2(bytes)
  }
  const word = Buffer.from('PROXY ')
  const same = Math.min(bytes.length, word.length)
  return bytes.subarray(0, same).equals(word.subarray(0, same)) ? readV1(bytes) : 'bad'
}

function readV1(bytes: Buffer): PreambleResult {
  const end = bytes.indexOf('\r\n')
  if (end < 0) return bytes.length >= V1_MAX ? 'bad' : 'more'
  if (end + 2 > V1_MAX) return 'bad'
  const parts = bytes.latin1Slice(0, end).split(' ')
  if (parts[1] === 'UNKNOWN') return { length: end + 2, address: '', port: 0 }
  const [, family, source, destination, sourcePort, destinationPort, ...rest] = parts
  const fits = family === 'TCP4' ? isV4 : family === 'TCP6' ? isV6 : null
  if (fits === null || rest.length > 0 || !fits(source ?? '') || !fits(destination ?? '')) return 'bad'
  if (!isPort(sourcePort) || !isPort(destinationPort)) return 'bad'
  return { length: end + 2, address: source!, port: Number(sourcePort) }
}

function readV2(bytes: Buffer): PreambleResult {
  const length = V2_HEADER + bytes.readUInt16BE(14)
  const version = bytes[12]! >> 4
  const command = bytes[12]! & 15
  if (version !== 2 || command > 1 || length > V2_MAX) return 'bad'
  if (bytes.length < length) return 'more'
  if (command === 0) return { length, address: '', port: 0 }
  const family = bytes[13]! >> 4
  const room = length - V2_HEADER
  if (family > 2 || family === 0) return { length, address: '', port: 0 }
  if (room < (family === 1 ? 12 : 36)) return 'bad'
  if (family === 1)
    return { length, address: [...bytes.subarray(16, 20)].join('.'), port: bytes.readUInt16BE(24) }
  return { length, address: v6(bytes.subarray(16, 32)), port: bytes.readUInt16BE(48) }
}

function v6(bytes: Buffer): string {
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(i).toString(16))
  return groups.join(':')
}

function isV4(text: string): boolean {
  return !text.includes(':') && parseAddress(text) !== null
}

/** Without a zone: its text could be anything. */
function isV6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && parseAddress(text) !== null
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) < 65536
}
