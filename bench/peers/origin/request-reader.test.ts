/** Requests are counted right, in whatever pieces they come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestReader } from './request-reader.ts'

const GET = 'GET /api/items?page=3 HTTP/1.1\r\nHost: a\r\nX-Content-Length: 9\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  12 \r\n\r\nGET / \r\n\r\n..'
const EMPTY = 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'

test('requests are counted however their bytes are cut', () => {
  const request = fc.constantFrom(GET, POST, EMPTY)
  fc.assert(
    fc.property(fc.array(request, { maxLength: 8 }), fc.array(fc.nat(300)), (requests, cuts) => {
      const bytes = Buffer.from(requests.join(''))
      const reader = new RequestReader()
      let ended = 0
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        ended += reader.feed(bytes.subarray(at, at + cut))
        at += cut
      }
      assert.equal(ended, requests.length)
    }),
  )
})

test('a request has ended with the last byte of its body, not before', () => {
  const reader = new RequestReader()
  const bytes = Buffer.from(POST)
  assert.equal(reader.feed(bytes.subarray(0, -1)), 0)
  assert.equal(reader.feed(bytes.subarray(-1)), 1)
})

test('a body in chunks is refused, and so is a head without an end', () => {
  const coded = Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n')
  assert.throws(() => new RequestReader().feed(coded), /without a length/)
  assert.throws(() => new RequestReader().feed(Buffer.alloc(70_000, 'a')), /does not end/)
})
