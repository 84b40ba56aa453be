/** The access line is one line, whatever a client sends, and its quotes are ours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClient, readExchange } from '../../test/kit/flow-rig.ts'
import { Exchange } from '../contract/exchange.ts'
import { REQUEST_LIMITS } from '../http1/limits.ts'
import { accessLine } from './access-line.ts'

const WALL = Date.UTC(2026, 10, 2, 3, 4, 5)
const ID = '0'.repeat(32)

function lineOf(text: string, change: (x: Exchange) => void = () => {}): string {
  const x = readExchange(text, new FakeClient())
  x.clientAddress = '1.2.3.4'
  x.status = 200
  x.responseBytes = 12
  change(x)
  return accessLine(x, WALL)
}

test('the line is Kong’s', () => {
  assert.equal(
    lineOf('GET /a?b HTTP/1.1\nHost: a\nReferer: r\nUser-Agent: u\n', (x) => {
      x.consumer = { id: 'c', username: 'ann', customId: null, tags: [], groups: [], overrides: null }
    }),
    `1.2.3.4 - ann [02/Nov/2026:03:04:05 +0000] "GET /a?b HTTP/1.1" 200 12 "r" "u" kong_request_id: "${ID}"\n`,
  )
})

test('what is not there is a dash, and a request that could not be read is empty', () => {
  const x = new Exchange(REQUEST_LIMITS)
  x.status = 400
  assert.equal(
    accessLine(x, WALL),
    `- - - [02/Nov/2026:03:04:05 +0000] "" 400 0 "-" "-" kong_request_id: "${ID}"\n`,
  )
  x.client = new FakeClient()
  assert.match(accessLine(x, WALL), /^192\.0\.2\.7 - /)
})

test('quotes, backslashes, controls and bytes beyond ASCII are written out', () => {
  const line = lineOf('GET /e HTTP/1.1\nHost: a\nReferer: a"b\\c\tz\nUser-Agent: \u00ff\n')
  assert.match(line, /"GET \/e HTTP\/1\.1" 200 12 "a\\x22b\\x5Cc\\x09z" "\\xFF"/)
})

test('nothing a client says can end the line or forge a part of it', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(text, text, text, (username, agent, address) => {
      const value = agent.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
      const line = lineOf(`GET / HTTP/1.1\nHost: a\nUser-Agent: ${value}\n`, (x) => {
        x.consumer = { id: 'c', username, customId: null, tags: [], groups: [], overrides: null }
        x.clientAddress = `::1%${address}`
      })
      assert.match(line, /^[\x20-\x7e]+\n$/)
      assert.equal(line.match(/"/g)?.length, 8)
    }),
  )
})
