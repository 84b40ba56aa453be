/** Preambles of the PROXY protocol: what they say, cut anywhere, and that nothing else passes for one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPreamble } from './proxy-protocol.ts'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

function v2(verCommand: number, family: number, body: Buffer): Buffer {
  const rest = Buffer.from([verCommand, family, body.length >> 8, body.length & 255])
  return Buffer.concat([SIGNATURE, rest, body])
}

const four = Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x34, 0, 80])
const six = Buffer.from(`${'20010db8000000000000000000000007'.repeat(2)}12340050`, 'hex')

const whole: readonly [what: string, bytes: Buffer, address: string][] = [
  ['version 1, IPv4', Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 4660 80\r\n'), '203.0.113.7'],
  ['version 1, IPv6', Buffer.from('PROXY TCP6 2001:db8::7 ::1 4660 80\r\n'), '2001:db8::7'],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), ''],
  ['version 1, unknown with words', Buffer.from('PROXY UNKNOWN ff ff 1 2\r\n'), ''],
  ['version 2, IPv4', v2(0x21, 0x11, four), '203.0.113.7'],
  ['version 2, IPv4 with TLVs', v2(0x21, 0x11, Buffer.concat([four, Buffer.alloc(30)])), '203.0.113.7'],
  ['version 2, IPv6', v2(0x21, 0x21, six), '2001:db8:0:0:0:0:0:7'],
  ['version 2, LOCAL', v2(0x20, 0, Buffer.alloc(0)), ''],
  ['version 2, unix', v2(0x21, 0x31, Buffer.alloc(216)), ''],
]
for (const [what, bytes, address] of whole)
  test(`${what} is read whole, never before its last byte, and takes nothing behind it`, () => {
    for (let at = 0; at < bytes.length; at++)
      assert.equal(readPreamble(bytes.subarray(0, at)), 'more', `${at} bytes`)
    for (const more of ['', 'GET / HTTP/1.1\r\n\r\n'])
      assert.deepEqual(readPreamble(Buffer.concat([bytes, Buffer.from(more)])), {
        length: bytes.length,
        address,
        port: address === '' ? 0 : 0x1234,
      })
  })

const bad: readonly (string | Buffer)[] = [
  'GET / HTTP/1.1\r\n',
  'proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n',
  'PROXY\r\n\r\n',
  'PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n',
  'PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n',
  'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n',
  'PROXY TCP4 1.1.1.1  1.1.1.1 1 1\r\n',
  'PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n',
  'PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n',
  'PROXY TCP4 ::1 ::1 1 1\r\n',
  'PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n',
  'PROXY TCP6 ::::: ::1 1 1\r\n',
  'PROXY TCP6 ::1%x ::1 1 1\r\n',
  'PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n',
  'PROXY TCP4 1.1.1.1 1.1.1.1 1 01\r\n',
  'PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n',
  `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
  `PROXY UNKNOWN ${'x'.repeat(200)}`,
  v2(0x11, 0x11, four),
  v2(0x22, 0x11, four),
  v2(0x21, 0x11, four.subarray(0, 11)),
  v2(0x21, 0x21, six.subarray(0, 35)),
  v2(0x21, 0x11, Buffer.alloc(4097)),
]
for (const bytes of bad)
  test(`${JSON.stringify(bytes.toString('latin1').slice(0, 60))} is none`, () => {
    assert.equal(readPreamble(Buffer.from(bytes as string, 'latin1')), 'bad')
  })

test('whatever comes, it is answered without an error, more bytes never undo a verdict, and an address is plain', () => {
  const start = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 1.1.1.1 ',
    SIGNATURE.toString('latin1'),
    `${SIGNATURE.toString('latin1')}!`,
  )
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), fc.nat(80), (text, tail, cut) => {
      const bytes = Buffer.concat([Buffer.from(text, 'latin1'), tail])
      const all = readPreamble(bytes)
      const part = readPreamble(bytes.subarray(0, cut))
      if (part !== 'more') assert.deepEqual(all, part)
      if (typeof all === 'object') assert.match(all.address, /^[0-9a-fA-F:.]*$/)
    }),
    { numRuns: 500 },
  )
})
