/** What may stand in Host, and where its host and port are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hostEnd, portAfter } from './host.ts'

function split(text: string): [host: string, port: number] | null {
  const bytes = Buffer.from(`@${text}:`, 'latin1')
  const end = hostEnd(bytes, 1, 1 + text.length)
  if (end < 0) return null
  const port = portAfter(bytes, end, 1 + text.length)
  return port < 0 ? null : [bytes.latin1Slice(1, end), port]
}

const fine: readonly (readonly [string, string, number])[] = [
  ['a', 'a', 0],
  ['example.com', 'example.com', 0],
  ['EXAMPLE.com:8080', 'EXAMPLE.com', 8080],
  ['10.0.0.1:1', '10.0.0.1', 1],
  ['a:', 'a', 0],
  ['a:65535', 'a', 65535],
  ['a:00080', 'a', 80],
  ['[::1]', '[::1]', 0],
  ['[2001:db8::1]:443', '[2001:db8::1]', 443],
  ['[::ffff:1.2.3.4]:', '[::ffff:1.2.3.4]', 0],
  ['a_b-c~d.e', 'a_b-c~d.e', 0],
]
for (const [text, host, port] of fine)
  test(`"${text}" is a host`, () => {
    assert.deepEqual(split(text), [host, port])
  })

const odd = [
  '',
  ':80',
  'a:b',
  'a:65536',
  'a:-1',
  'a:1:2',
  'a b',
  'a,b',
  'user@a',
  'a/b',
  'a?b',
  'a#b',
  'a%41',
  'a\\b',
]
odd.push(
  '[',
  '[]',
  '[:]',
  '[::1',
  '[::1]x',
  '[::1]8',
  'a[::1]',
  '::1',
  '[::1%25eth0]',
  '[g::]',
  '\u00e9',
  'a\t',
  '"a"',
  '<a>',
)
for (const text of odd)
  test(`${JSON.stringify(text)} is no host`, () => {
    assert.equal(split(text), null)
  })

test('whatever the bytes, the host found lies inside and holds nothing that could end a field or name another host', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const end = hostEnd(bytes, 0, bytes.length)
      if (end < 0) return
      assert.ok(end > 0 && end <= bytes.length)
      assert.match(
        Buffer.from(bytes.subarray(0, end)).toString('latin1'),
        /^(\[[0-9a-f:.]+\]|[^\s@,/?#%[\]:\\]+)$/i,
      )
    }),
    { numRuns: 500 },
  )
})
