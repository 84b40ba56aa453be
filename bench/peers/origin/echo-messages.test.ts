/** The WebSocket's handshake and messages, by RFC 6455. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientMessage,
  PAYLOAD_BYTES,
  serverMessage,
  upgradeAnswer,
  upgradeRequest,
} from './echo-messages.ts'

test("the example's key is accepted as the standard has it (§1.3)", () => {
  assert.match(
    upgradeAnswer(upgradeRequest),
    /^HTTP\/1\.1 101 .*\r\n[\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/,
  )
  assert.equal(upgradeAnswer('GET / HTTP/1.1\r\n\r\n'), '')
})

test('a message is one binary frame each way, masked from the client', () => {
  assert.deepEqual([...clientMessage.subarray(0, 6)], [0x82, 0x80 | PAYLOAD_BYTES, 0, 0, 0, 0])
  assert.deepEqual([...serverMessage.subarray(0, 2)], [0x82, PAYLOAD_BYTES])
  assert.deepEqual([clientMessage.length, serverMessage.length], [6 + PAYLOAD_BYTES, 2 + PAYLOAD_BYTES])
})
