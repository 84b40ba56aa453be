/** Text survives the code, and nothing but the code is read as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { huffmanText } from '../../../test/kit/huffman-text.ts'
import { decodeHuffman, huffmanDecodedMax } from './huffman.ts'

/** The text as latin1, or null where it is refused. */
function decode(code: Uint8Array): string | null {
  const out = Buffer.alloc(huffmanDecodedMax(code.length))
  const end = decodeHuffman(code, 0, code.length, out, 0)
  return end < 0 ? null : out.toString('latin1', 0, end)
}

test('text of the examples of RFC 7541 is coded as there', () => {
  const facts: Readonly<Record<string, string>> = {
    'www.example.com': 'f1e3c2e5f23a6ba0ab90f4ff',
    'no-cache': 'a8eb10649cbf',
    'custom-value': '25a849e95bb8e8b4bf',
    '302': '6402',
    'Mon, 21 Oct 2013 20:13:21 GMT': 'd07abe941054d444a8200595040b8166e082a62d1bff',
  }
  for (const [text, code] of Object.entries(facts)) {
    assert.equal(huffmanText(Buffer.from(text)).toString('hex'), code)
    assert.equal(decode(Buffer.from(code, 'hex')), text)
  }
})

test('every string of bytes comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (text) => {
      assert.equal(decode(huffmanText(text)), Buffer.from(text).toString('latin1'))
    }),
  )
})

test('what is read as text is the code of that text, so no text has two codes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40, size: 'max' }), (code) => {
      const text = decode(code)
      if (text !== null)
        assert.equal(
          huffmanText(Buffer.from(text, 'latin1')).toString('hex'),
          Buffer.from(code).toString('hex'),
        )
    }),
    { numRuns: 2000 },
  )
})

test('the symbol that ends nothing, and padding that is long or not all ones, are refused', () => {
  assert.equal(decode(Buffer.from('1f', 'hex')), 'a', '00011 and 111')
  assert.equal(decode(Buffer.from('18', 'hex')), null, 'padding with zeros')
  assert.equal(decode(Buffer.from('1fff', 'hex')), null, 'eleven bits of padding')
  assert.equal(decode(Buffer.from('ff', 'hex')), null, 'eight bits of padding')
  assert.equal(decode(Buffer.from('ffffffff', 'hex')), null, 'EOS')
  assert.equal(decode(Buffer.from('1fffffffff', 'hex')), null, 'EOS behind text')
  assert.equal(decode(Buffer.alloc(0)), '')
})
