/** The engine writes Date, so ours is taken out of the head and nothing else is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../../base/outbox.ts'
import { dropDate, dropWebSocket } from './uws-response-head.ts'

test('Date is taken out of a head wherever it stands, in any case, and nothing else is', () => {
  const rest = 'HTTP/1.1 200 OK\r\nX-A: 1\r\nDated: no\r\nX-Date: no\r\n'
  for (const line of ['Date: Sun, 22 Nov 2026 22:05:42 GMT\r\n', 'dATE:x\r\n'])
    for (const at of [17, 25, rest.length])
      assert.equal(without(rest.slice(0, at) + line + rest.slice(at)), rest, `${line} at ${at}`)
  assert.equal(without(rest), rest)
})

test('a head of nothing but a status line and Dates keeps its status line', () => {
  assert.equal(without('HTTP/1.1 200 Date: x\r\nDate: 1\r\nDate: 2\r\n'), 'HTTP/1.1 200 Date: x\r\n')
})

test('what makes a 101 WebSocket’s is taken out, since the engine writes it itself', () => {
  const head =
    'HTTP/1.1 101 Switching\r\nX-A: 1\r\nsec-webSocket-Accept: x\r\nSec-WebSocket-Protocol: y\r\nSec-Web: 2\r\n'
  assert.equal(without(head, dropWebSocket), 'HTTP/1.1 101 Switching\r\nX-A: 1\r\nSec-Web: 2\r\n')
})

function without(head: string, drop = dropDate): string {
  const out = new Outbox()
  out.putLatin1(head)
  drop(out)
  return out.bytes.latin1Slice(0, out.used)
}
