/** HalfSipHash-2-4 with 64 bits of output, against the values that its authors publish. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fingerprint } from './fingerprint.ts'

/** Of the bytes 0, 1, 2, … under the key 00 01 … 07, by number of bytes. Text has two bytes a character. */
const PUBLISHED: Record<number, string> = {
  0: '218d1f59b9b83cc8',
  2: '064f39ef7c50eb57',
  4: 'd5e78a175be52ea1',
  6: 'ce3e91358aa2bc25',
  8: 'edfee820bce4858c',
  62: 'f90b3ab572d46693',
}
const SEED_A = 0x03020100
const SEED_B = 0x07060504

test('a fingerprint has the published values of HalfSipHash-2-4', () => {
  for (const bytes of Object.keys(PUBLISHED).map(Number)) {
    const text = Buffer.from(Array.from({ length: bytes }, (_, i) => i)).toString('utf16le')
    assert.equal(hexOf(SEED_A, SEED_B, text), PUBLISHED[bytes], `${bytes} bytes`)
  }
})

test('bytes have the published values too, odd numbers of them as well, wherever they stand', () => {
  const ofBytes = { ...PUBLISHED, 1: 'be552412f8387315', 3: 'ce0f1a45f7060679' }
  for (const [count, expected] of Object.entries(ofBytes)) {
    const bytes = Buffer.from(Array.from({ length: Number(count) }, (_, i) => i))
    const within = Buffer.concat([Buffer.from('<<<'), bytes, Buffer.from('>>>>>')])
    const print = new Fingerprint()
    print.setBytes({ a: SEED_A, b: SEED_B }, within, 3, 3 + bytes.length)
    assert.equal(shown(print), expected, `${count} bytes`)
  }
})

test('a fingerprint is two int32, the same each time, and another one for another text or seed', () => {
  const texts = fc.tuple(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.integer(),
  )
  fc.assert(
    fc.property(texts, ([one, other, seedA, seedB]) => {
      const print = new Fingerprint()
      print.setText(seedA, seedB, one)
      assert.equal(print.a, print.a | 0)
      assert.equal(print.b, print.b | 0)
      assert.equal(hexOf(seedA, seedB, one), hexOf(seedA, seedB, one))
      if (one !== other) assert.notEqual(hexOf(seedA, seedB, one), hexOf(seedA, seedB, other))
      assert.notEqual(hexOf(seedA, seedB, one), hexOf(seedA ^ 1, seedB, one))
      assert.notEqual(hexOf(seedA, seedB, one), hexOf(seedA, seedB ^ 1, one))
    }),
  )
})

test('texts of one character more or less, or of the same characters in another order, differ', () => {
  const prints = ['', '\0', '\0\0', '\0\0\0', 'a', 'a\0', '\0a', 'ab', 'ba', 'abc', 'acb', '\uffff', '\ud800']
  const seen = new Set(prints.map((text) => hexOf(1, 2, text)))
  assert.equal(seen.size, prints.length)
})

function hexOf(seedA: number, seedB: number, text: string): string {
  const print = new Fingerprint()
  print.setText(seedA, seedB, text)
  return shown(print)
}

function shown(print: Fingerprint): string {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32LE(print.a, 0)
  bytes.writeInt32LE(print.b, 4)
  return bytes.toString('hex')
}
