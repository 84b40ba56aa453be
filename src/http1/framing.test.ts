/** Where messages end, who may speak on, and which messages are in doubt. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequest, readResponse } from '../../test/kit/codec-rig.ts'
import { getField } from './fields.ts'
import {
  asksForWebSocket,
  CHUNKED,
  expectsContinue,
  INVALID,
  isBodyless,
  readConnection,
  requestLength,
  responseLength,
  SAYS_CLOSE,
  SAYS_KEEP_ALIVE,
  SAYS_UPGRADE,
  UNTIL_CLOSE,
} from './framing.ts'
import type { Head } from './head.ts'

function request(lines: string, version = '1.1'): Head {
  const { head, answer } = readRequest(`POST / HTTP/${version}\r\n${lines}\r\n\r\n`)
  assert.ok(answer > 0, lines)
  return head
}

function lengthOf(lines: string, version = '1.1'): number {
  return requestLength(request(lines, version))
}

test('a request asks for WebSocket when it is a GET that says so once, in Upgrade and in Connection', () => {
  const asks = (lines: string, first = 'GET / HTTP/1.1'): boolean => {
    const { head, answer } = readRequest(`${first}\r\nHost: a\r\n${lines}\r\n\r\n`)
    assert.ok(answer > 0, lines)
    return asksForWebSocket(head)
  }
  const good = 'Connection: keep-alive, upGrade\r\nUPGRADE: WebSocket'
  assert.equal(asks(good), true)
  assert.equal(asks('Upgrade: websocket\r\nConnection: a\r\nConnection: Upgrade'), true)
  for (const first of ['POST / HTTP/1.1', 'HEAD / HTTP/1.1', 'GETS / HTTP/1.1', 'GET / HTTP/1.0'])
    assert.equal(asks(good, first), false, first)
  const wrong = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Connection: keep-alive\r\nUpgrade: websocket',
    'Connection: Upgrades\r\nUpgrade: websocket',
    'Connection: Upgrade\r\nUpgrade: h2c',
    'Connection: Upgrade\r\nUpgrade: websocket, h2c',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c',
    'Connection: Upgrade\r\nUpgrade:',
  ]
  for (const lines of wrong) assert.equal(asks(lines), false, lines)
})

test('a request without length or coding has no body', () => {
  assert.equal(lengthOf('Host: a'), 0)
})

test('a length is digits and nothing else, up to 2^53 - 1', () => {
  assert.equal(lengthOf('Content-Length: 0'), 0)
  assert.equal(lengthOf('Content-Length: \t42 '), 42)
  assert.equal(lengthOf('content-length: 9007199254740991'), 9007199254740991)
  const wrong = [
    '',
    '+5',
    '-1',
    '-0',
    '0x5',
    '0o5',
    '1_0',
    '1 0',
    '5,',
    '5, 5',
    '5, 6',
    '5;',
    'abc',
    '5a',
    '1e3',
    '1.0',
  ]
  for (const value of [...wrong, '9007199254740992', '99999999999999999999', '\xb2'])
    assert.equal(lengthOf(`Content-Length: ${value}`), INVALID, value)
})

test('two lengths are refused even when they are equal', () => {
  assert.equal(lengthOf('Content-Length: 5\r\nContent-Length: 6'), INVALID)
  assert.equal(lengthOf('Content-Length: 5\r\nA: b\r\nContent-length: 5'), INVALID)
})

test('a length beside a coding is refused in either order', () => {
  assert.equal(lengthOf('Content-Length: 5\r\nTransfer-Encoding: chunked'), INVALID)
  assert.equal(lengthOf('Transfer-Encoding: chunked\r\nContent-Length: 5'), INVALID)
})

test('chunked in any case is the only coding taken, and only in HTTP/1.1', () => {
  assert.equal(lengthOf('Transfer-Encoding: chunked'), CHUNKED)
  assert.equal(lengthOf('transfer-encoding:\tCHUNKED'), CHUNKED)
  assert.equal(lengthOf('Transfer-Encoding: chunked', '1.0'), INVALID)
  const wrong = [
    '',
    'identity',
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    ', chunked',
    'chunked,',
  ]
  for (const value of [
    ...wrong,
    'xchunked',
    'chunkedx',
    'chunked;a=b',
    '"chunked"',
    'chunke',
    'c hunked',
    'chunked ',
    'chunked\t',
  ])
    assert.equal(lengthOf(`Transfer-Encoding: ${value}`), INVALID, value)
  assert.equal(lengthOf('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'), INVALID)
})

test('a response without length or coding ends with its connection', () => {
  const lengthOfResponse = (lines: string): number =>
    responseLength(readResponse(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`).head)
  assert.equal(lengthOfResponse('A: b'), UNTIL_CLOSE)
  assert.equal(lengthOfResponse('Content-Length: 7'), 7)
  assert.equal(lengthOfResponse('Transfer-Encoding: chunked'), CHUNKED)
  assert.equal(lengthOfResponse('Transfer-Encoding: gzip'), INVALID)
})

test('no body follows HEAD, 1xx, 204 and 304', () => {
  assert.deepEqual(
    [100, 101, 199, 204, 304].map((status) => isBodyless(status, false)),
    [true, true, true, true, true],
  )
  assert.deepEqual(
    [200, 205, 404].map((status) => isBodyless(status, false)),
    [false, false, false],
  )
  assert.equal(isBodyless(200, true), true)
})

test('Connection says what is to become of the connection, in any case and order', () => {
  assert.equal(readConnection(request('Connection: close')), SAYS_CLOSE)
  assert.equal(readConnection(request('Connection: Keep-Alive,\tUPGRADE')), SAYS_KEEP_ALIVE | SAYS_UPGRADE)
  assert.equal(readConnection(request('Connection: , ,\r\nConnection: x, close ,')), SAYS_CLOSE)
  assert.equal(readConnection(request('Connection: closed, xclose')), 0)
  assert.equal(readConnection(request('A: b')), 0)
})

test('fields that Connection names go no further, but framing and Host stay', () => {
  const head = request(
    'Host: h\r\nX-Hop: 1\r\nx-hop: 2\r\nX-Hopper: 3\r\nCookie: c\r\nContent-Length: 5\r\nConnection: x-hop, host, content-length, cookie',
  )
  readConnection(head)
  assert.equal(getField(head, 'x-hop'), null)
  assert.equal(getField(head, 'cookie'), null)
  assert.equal(getField(head, 'x-hopper'), '3')
  assert.equal(getField(head, 'host'), 'h')
  assert.equal(requestLength(head), 5)
})

test('only one plain 100-continue is an expectation', () => {
  assert.equal(expectsContinue(request('Expect: 100-Continue')), true)
  for (const lines of [
    'A: b',
    'Expect: 100',
    'Expect: 100-continue, x',
    'Expect: 100-continue\r\nExpect: 100-continue',
  ])
    assert.equal(expectsContinue(request(lines)), false, lines)
})
