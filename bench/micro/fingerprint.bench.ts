/**
 * fingerprint — what hashing a key costs: the keyed hash of limits, and the plain one of consistent hashing.
 *
 *     node dist/bench/micro/fingerprint.bench.js
 *
 * Peers are what Node brings along. Nothing in it is a keyed hash of 64 bits: HMAC-SHA1 and SHA-1 give 160 bits
 * that are far harder to forge than a limit needs, and CRC-32 gives 32 that anybody can steer; it is named because
 * it is what is left without arithmetic of one's own. All take a text and make bytes of it first; ours reads its
 * characters.
 */
import { createHmac, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Fingerprint } from '../../src/base/fingerprint.ts'
import { xxHash32, xxHash32Text } from '../../src/base/hash.ts'
import type { Bench, Case } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'

const KEYS: readonly (readonly [name: string, text: string])[] = [
  ['an address', '203.0.113.117'],
  ['34 characters', 'ip 203.0.113.117 of route 8f14e45f'],
  ['a token of 256 characters', '0123456789abcdef'.repeat(16)],
]
const SECRET = Buffer.from('0123456789abcdef')
const NODE = process.versions.node

export const bench: Bench = {
  name: 'fingerprint',
  says: 'hashes a key that comes as a text',
  groups: KEYS.map(([name, text]) => ({ name, open: () => open(text) })),
}

function open(text: string): Case[] {
  const print = new Fingerprint()
  const bytes = Buffer.from(text, 'latin1')
  return [
    repeat('sluice, keyed, 64 bits', (i) => {
      print.setText(i, i, text)
      return print.a
    }),
    repeat('sluice, xxHash32', () => xxHash32Text(text)),
    repeat('sluice, xxHash32 of bytes', () => xxHash32(bytes, 0, bytes.length)),
    peer("Node's HMAC-SHA1", () => createHmac('sha1', SECRET).update(text).digest().length),
    peer("Node's SHA-1", () => hash('sha1', text, 'buffer').length),
    peer("Node's CRC-32", () => crc32(text)),
  ]
}

function peer(name: string, operation: (i: number) => number): Case {
  return { ...repeat(name, operation), peer: NODE }
}

function repeat(name: string, operation: (i: number) => number): Case {
  const run = (times: number): number => {
    let sum = 0
    for (let i = 0; i < times; i++) sum += operation(i)
    return sum
  }
  return { name, run }
}

await runAlone(bench, import.meta.url)
