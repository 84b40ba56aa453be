/** xxHash32 against published values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { xxHash32, xxHash32Text } from './hash.ts'

/** Published vectors with seed 0, and the specification's sanity buffer at lengths around its block sizes. */
const VECTORS: readonly (readonly [text: string, hash: number])[] = [
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['ab', 0x4999fc53],
  ['abc', 0x32d153ff],
  ['abcd', 0xa3643705],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
]

test('xxHash32 gives the published values', () => {
  for (const [text, hash] of VECTORS) assert.equal(xxHash32Text(text) >>> 0, hash, text)
})

test('xxHash32 gives the sanity values of the reference at 1, 14 and 222 bytes', () => {
  const bytes = sanityBuffer(222)
  assert.equal(xxHash32(bytes, 0, 1) >>> 0, 0xcf65b03e)
  assert.equal(xxHash32(bytes, 0, 14) >>> 0, 0x1208e7e2)
  assert.equal(xxHash32(bytes, 0, 222) >>> 0, 0x5bd11dbd)
})

test('a hash depends on the bytes of its range only, and fits an int32', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(20), fc.nat(20), (bytes, before, after) => {
      const padded = new Uint8Array(before + bytes.length + after).fill(7)
      padded.set(bytes, before)
      const hash = xxHash32(bytes, 0, bytes.length)
      assert.equal(hash, hash | 0)
      assert.equal(xxHash32(padded, before, before + bytes.length), hash)
      assert.equal(xxHash32Text(Buffer.from(bytes).toString('latin1')), hash)
    }),
  )
})

/** The buffer of the reference's own sanity check: the top byte of a growing product. */
function sanityBuffer(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let product = 2654435761n
  for (let i = 0; i < length; i++) {
    bytes[i] = Number((product >> 56n) & 0xffn)
    product = (product * 11400714785074694797n) & 0xffffffffffffffffn
  }
  return bytes
}
