/** Who sends over which protocol. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { senderOf, whyNoSender } from './run-closed-load.ts'

test('the tool that was asked for sends HTTP/1.1, over TLS too, and others what it cannot', () => {
  const protocols = [undefined, 'tls', 'h2', 'handshake', 'websocket'] as const
  assert.deepEqual(
    protocols.map((protocol) => senderOf(protocol, 'autocannon')),
    ['autocannon', 'autocannon', 'h2load', 'a loop of our own', 'a loop of our own'],
  )
})

test('of what the other protocols need only h2load can be missing', () => {
  for (const protocol of [undefined, 'tls', 'handshake', 'websocket'] as const)
    assert.equal(whyNoSender(protocol), '')
})
