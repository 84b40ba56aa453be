/** The access line is one line, whatever a client sends, and its quotes are ours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClient, readExchange } from '../../test/kit/flow-rig.ts'
import { Clock } from '../base/clock.ts'
import { Outbox } from '../base/outbox.ts'
import { Exchange } from '../contract/exchange.ts'
import type { Consumer } from '../contract/plan.ts'
import { addField, getField, removeField } from '../http1/fields.ts'
import { REQUEST_LIMITS } from '../http1/limits.ts'
import { AccessLine } from './access-line.ts'

const WALL = Date.UTC(2026, 10, 2, 3, 4, 5)
const ID = '0'.repeat(32)

function lineOf(text: string, change: (x: Exchange) => void = () => {}): string {
  return lineFor(finished(text, change))
}

test('the line is Kong’s', () => {
  assert.equal(
    lineOf('GET /a?b HTTP/1.1\nHost: a\nReferer: r\nUser-Agent: u\n', (x) => {
      x.consumer = consumerNamed('ann')
    }),
    `1.2.3.4 - ann [02/Nov/2026:03:04:05 +0000] "GET /a?b HTTP/1.1" 200 12 "r" "u" kong_request_id: "${ID}"\n`,
  )
})

test('a request over HTTP/2 is said to be one (as nginx)', () => {
  const line = lineOf('GET /a HTTP/1.1\nHost: a\n', (x) => {
    const client = new FakeClient()
    client.isHttp2 = true
    x.client = client
  })
  assert.match(line, /"GET \/a HTTP\/2\.0" 200/)
})

test('what is not there is a dash, and a request that could not be read is empty', () => {
  const x = new Exchange(REQUEST_LIMITS)
  x.status = 400
  assert.equal(lineFor(x), `- - - [02/Nov/2026:03:04:05 +0000] "" 400 0 "-" "-" kong_request_id: "${ID}"\n`)
  x.client = new FakeClient()
  assert.match(lineFor(x), /^192\.0\.2\.7 - /)
})

test('quotes, backslashes, controls and bytes beyond ASCII are written out', () => {
  const line = lineOf('GET /e HTTP/1.1\nHost: a\nReferer: a"b\\c\tz\nUser-Agent: \u00ff\n')
  assert.match(line, /"GET \/e HTTP\/1\.1" 200 12 "a\\x22b\\x5Cc\\x09z" "\\xFF"/)
})

test('characters of a name that no byte can hold are written by their number, and end no line', () => {
  const line = lineOf('GET / HTTP/1.1\nHost: a\n', (x) => {
    x.consumer = consumerNamed('a\u010a\u0142\u{1f600}')
  })
  assert.match(line, /^1\.2\.3\.4 - a\\u010A\\u0142\\uD83D\\uDE00 \[/)
})

test('the time is that of the second in which the line is made', () => {
  let nowMs = 5000
  let wallMs = WALL + 400
  const clock = new Clock(
    () => nowMs,
    () => wallMs,
  )
  const line = new AccessLine(clock)
  const timeAfter = (ms: number): string | undefined => {
    nowMs += ms
    wallMs += ms
    clock.turnEnded()
    const out = new Outbox()
    line.put(out, new Exchange(REQUEST_LIMITS))
    return out.bytes.latin1Slice(0, out.used).match(/\[.*:(\d\d:\d\d) /)?.[1]
  }
  const times = [0, 599, 1, 999, 1, 60_000].map(timeAfter)
  assert.deepEqual(times, ['04:05', '04:05', '04:06', '04:06', '04:07', '05:07'])
})

test('nothing a client says can end the line or forge a part of it', () => {
  fc.assert(
    fc.property(BYTES, fc.string({ unit: 'binary' }), BYTES, (agent, username, address) => {
      const line = lineOf(`GET / HTTP/1.1\nHost: a\nUser-Agent: ${valueFrom(agent)}\n`, (x) => {
        x.consumer = consumerNamed(username)
        x.clientAddress = `::1%${address}`
      })
      assert.match(line, /^[\x20-\x7e]+\n$/)
      assert.equal(line.match(/"/g)?.length, 8)
    }),
  )
})

test('every line is, byte for byte, what plain string work makes of the exchange', () => {
  fc.assert(
    fc.property(EXCHANGE, (told) => {
      const fields = told.fields.map(([name, value]) => `${name}: ${valueFrom(value)}\n`).join('')
      const target = told.target.replace(/[^\x21\x22\x24-\x7e]/g, '')
      const x = finished(`${told.method} /${target} HTTP/1.${told.minor}\nHost: a\n${fields}`, (x) => {
        x.status = told.status
        x.responseBytes = told.bytes
        x.clientAddress = told.address
        x.consumer = told.username === undefined ? null : consumerNamed(told.username)
        if (told.removed !== undefined) removeField(x.request, told.removed)
        for (const [name, value] of told.added) addField(x.request, name, valueFrom(value))
      })
      assert.equal(lineFor(x), plainLine(x))
    }),
    { numRuns: 500 },
  )
})

const BYTES = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 3000 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\xff', 'a'), minLength: 1000, maxLength: 3000 }),
)
const NAME = fc.constantFrom('Referer', 'User-Agent', 'user-agent', 'REFERER', 'Referef', 'X')
const FIELDS = fc.array(fc.tuple(NAME, BYTES), { maxLength: 4 })
const EXCHANGE = fc.record({
  method: fc.constantFrom('GET', 'POST', 'M-SEARCH', '!#$'),
  target: BYTES,
  minor: fc.constantFrom(0, 1),
  fields: FIELDS,
  added: FIELDS,
  removed: fc.option(fc.constantFrom('referer', 'user-agent'), { nil: undefined }),
  status: fc.integer({ min: 0, max: 1000 }),
  bytes: fc.maxSafeNat(),
  address: BYTES,
  username: fc.option(BYTES, { nil: undefined }),
})

function valueFrom(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
}

function consumerNamed(username: string): Consumer {
  return { id: 'c', username, customId: null, tags: [], groups: [], overrides: null }
}

function finished(text: string, change: (x: Exchange) => void): Exchange {
  const x = readExchange(text, new FakeClient())
  x.clientAddress = '1.2.3.4'
  x.status = 200
  x.responseBytes = 12
  change(x)
  return x
}

/** Behind something else, as the second line of a batch is. */
function lineFor(x: Exchange): string {
  const clock = new Clock(
    () => 0,
    () => WALL,
  )
  const out = new Outbox()
  out.putLatin1('before')
  new AccessLine(clock).put(out, x)
  assert.equal(out.bytes.latin1Slice(0, 6), 'before')
  return out.bytes.latin1Slice(6, out.used)
}

function plainLine(x: Exchange): string {
  const head = x.request
  const request = `${head.bytes.latin1Slice(head.methodStart, head.targetEnd)} HTTP/1.${head.minor}`
  const referer = plainEscape(getField(head, 'referer') ?? '-')
  const agent = plainEscape(getField(head, 'user-agent') ?? '-')
  const address = x.clientAddress === '' ? (x.client?.peerAddress ?? '-') : x.clientAddress
  const who = `${plainEscape(address)} - ${plainEscape(x.consumer?.username ?? '-')}`
  return (
    `${who} [02/Nov/2026:03:04:05 +0000] "${plainEscape(request)}" ${x.status} ${x.responseBytes} ` +
    `"${referer}" "${agent}" kong_request_id: "${ID}"\n`
  )
}

function plainEscape(text: string): string {
  return text.replace(
    /["\\\x00-\x1f\x7f-\xff]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
