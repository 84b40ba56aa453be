/** Formats of the access log: nginx's words, Envoy's and ours give one line a request, whatever a client sends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClient, readExchange } from '../../../test/kit/flow-rig.ts'
import { Clock } from '../../base/clock.ts'
import { faults } from '../../base/faults.ts'
import { Outbox } from '../../base/outbox.ts'
import { Exchange } from '../../contract/exchange.ts'
import { Trace } from '../../contract/record/trace.ts'
import type { Target } from '../../contract/target.ts'
import { addField } from '../../http1/fields.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { checkAccessFormat, openAccessLine } from './open-access-line.ts'

const WALL = Date.UTC(2026, 10, 2, 3, 4, 5) + 678
const NOW = 5000
const ID = '0'.repeat(32)

const NGINXS: readonly [format: string, expected: string][] = [
  ['$remote_addr $remote_port $remote_user', '1.2.3.4 4000 -'],
  ['"$request" $status $body_bytes_sent', '"GET /a%20b?c=d HTTP/1.1" 200 12'],
  ['$request_method $request_uri $args $host', 'GET /a%20b?c=d c=d example.com'],
  ['$scheme $server_protocol $ssl_protocol', 'http HTTP/1.1 -'],
  ['$http_user_agent $http_x_none $sent_http_x_out $http_x_none', 'curl/8 - yes -'],
  [
    '[$time_local] $time_iso8601 $msec',
    '[02/Nov/2026:03:04:05 +0000] 2026-11-02T03:04:05+00:00 1793588645.678',
  ],
  ['$request_time $request_id', `0.100 ${ID}`],
  ['$upstream_addr|$upstream_status', '10.0.0.1:80, [::1]:81|502, 200'],
  ['$upstream_connect_time|$upstream_header_time|$upstream_response_time', '-, 0.005|-, 0.045|0.010, 0.065'],
  ['\x24{status}0 $$ 100% %% 5 %', '2000 $ 100% % 5 %'],
  ['$tq $tg $tw $tc $tr $td $ta', '2 10 0 25 40 20 100'],
  ['$fault $blame $detail $route $consumer', '- - - - -'],
  ['$tries $target $trace_id', '2 [::1]:81 0102030405060708090a0b0c0d0e0f10'],
  ['$grpc_status', '-'],
  ['$document_uri$is_args$args $https $request_completion', '/a b?c=d - OK'],
  ['$bytes_sent $gzip_ratio $upstream_cache_status', '112 - -'],
]

const ENVOYS: readonly [format: string, expected: string][] = [
  ['[%START_TIME%] %PROTOCOL%', '[2026-11-02T03:04:05.578Z] HTTP/1.1'],
  ['%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %REQ(:AUTHORITY)%', 'GET /a%20b?c=d example.com'],
  ['%REQ(USER-AGENT):4% %REQ(X-NONE)% %REQ(X-NONE?USER-AGENT)%', 'curl - curl/8'],
  ['%RESP(X-OUT)% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%', 'yes 40'],
  ['%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%', '200 - via_upstream'],
  ['%BYTES_RECEIVED% %BYTES_SENT% %DURATION%', '0 12 100'],
  ['%REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '2 75 20'],
  ['%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT%', '[::1]:81 - 2'],
  ['%UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %CONNECTION_TERMINATION_DETAILS%', '- - -'],
  ['%DOWNSTREAM_REMOTE_ADDRESS% %PATH(NQ)% 100%%', '1.2.3.4 /a%20b 100%'],
]

for (const [format, expected] of [...NGINXS, ...ENVOYS])
  test(`${format} is ${expected}`, () => assert.equal(lineOf(format, answered()), `${expected}\n`))

test('combined is the line that Apache and nginx made known', () => {
  const expected = '1.2.3.4 - - [02/Nov/2026:03:04:05 +0000] "GET /a%20b?c=d HTTP/1.1" 200 12 "-" "curl/8"\n'
  assert.equal(lineOf('combined', answered()), expected)
})

test('without a format, and by both names of it, the line is Kong’s', () => {
  for (const format of ['', 'kong', 'kong_log_format'])
    assert.match(lineOf(format, answered()), new RegExp(`"curl/8" kong_request_id: "${ID}"\n$`))
})

test('json has each fact under its name, null for what is not known', () => {
  const line = JSON.parse(lineOf('json', answered()))
  assert.deepEqual(
    { ...line },
    {
      time: '2026-11-02T03:04:05.578Z',
      request_id: ID,
      client: '1.2.3.4',
      method: 'GET',
      scheme: 'http',
      host: 'example.com',
      uri: '/a%20b?c=d',
      protocol: 'HTTP/1.1',
      status: 200,
      grpc_status: null,
      fault: null,
      blame: null,
      detail: null,
      route: null,
      service: null,
      consumer: null,
      target: '[::1]:81',
      target_status: '502, 200',
      tries: 2,
      bytes_in: line.bytes_in,
      bytes_out: 12,
      total_ms: 100,
      request_ms: 2,
      gateway_ms: 10,
      wait_ms: 0,
      connect_ms: 25,
      response_ms: 40,
      receive_ms: 20,
      tls: null,
      user_agent: 'curl/8',
      referer: null,
      trace_id: '0102030405060708090a0b0c0d0e0f10',
    },
  )
})

test('a refusal says why, and what it is in Envoy’s words', () => {
  const x = answered()
  x.tries.reset()
  x.proxied = false
  x.status = 429
  x.fault = faults.LIMIT_EXCEEDED
  x.detail = '5 a minute by "consumer"'
  const line = lineOf('$fault/$blame/%RESPONSE_FLAGS%/%RESPONSE_CODE_DETAILS%/$detail/$tc', x)
  assert.equal(line, 'LIMIT_EXCEEDED/client/RL/request_rate_limited/5 a minute by \\x22consumer\\x22/-\n')
  assert.equal(JSON.parse(lineOf('json', x)).detail, '5 a minute by "consumer"')
})

test('a failure behind several tries has URX, and a gRPC refusal its grpc-status', () => {
  const x = answered()
  x.fault = faults.TARGET_RESET
  addField(x.response, 'grpc-status', '14')
  assert.equal(lineOf('%RESPONSE_FLAGS% $status $grpc_status', x), 'UC,URX 200 14\n')
})

test('what could not be read has no parts, and is a line all the same', () => {
  const x = new Exchange(REQUEST_LIMITS)
  x.status = 400
  assert.equal(lineOf('"$request" $remote_addr %REQ(:PATH)% $status $ta', x), '"-" - - 400 -\n')
  assert.equal(JSON.parse(lineOf('json', x)).uri, null)
})

test('escape=json makes lines of JSON of a format that is JSON, where what is not there is empty', () => {
  const format = 'escape=json {"agent":"$http_user_agent","none":"$http_x_none","status":$status}'
  assert.deepEqual(JSON.parse(lineOf(format, answered())), { agent: 'curl/8', none: '', status: 200 })
})

test('a format that can not be is refused with its place and what there is', () => {
  assert.match(
    checkAccessFormat('$status $nothing'),
    /^at character 9: there is no \$nothing; there are: .*\$remote_addr/,
  )
  assert.match(checkAccessFormat('a %NOTHING%'), /^at character 3: there is no %NOTHING%; .*%REQ\(…\)%/)
  assert.match(checkAccessFormat('%STATUS'), /^at character 1: an operator that does not end/)
  assert.match(checkAccessFormat('a $ b'), /^at character 3: no name behind the \$/)
  assert.match(checkAccessFormat('%REQ%'), /wants brackets/)
  assert.match(checkAccessFormat('%DURATION(ms)%'), /takes no brackets/)
  assert.match(checkAccessFormat('%REQ(a b)%'), /is not known/)
  assert.match(checkAccessFormat('escape=json $nope'), /^at character 13: /)
  assert.match(checkAccessFormat('escape=none $status'), /json or default/)
  assert.match(checkAccessFormat('apache'), /there is no format 'apache': kong, combined, json/)
  assert.match(checkAccessFormat('$status\n$host'), /one line/)
  for (const good of ['', 'kong', 'json', 'combined', '$status\\n', '%REQ(a)%\n'])
    assert.equal(checkAccessFormat(good), '')
})

test('whatever a client says, a line of text is one line with the quotes of its format', () => {
  fc.assert(
    fc.property(BYTES, BYTES, BYTES, (agent, value, detail) => {
      const x = answered([`User-Agent: ${clean(agent)}`])
      addField(x.response, 'X-B', clean(value))
      x.detail = detail
      const line = lineOf('"$http_user_agent" "%RESP(X-B)%" "$detail" "$request"', x)
      assert.match(line, /^[\x20-\x7e]+\n$/)
      assert.equal(line.match(/"/g)?.length, 8)
    }),
  )
})

test('whatever a client says, a line of JSON is one line and holds what was said', () => {
  fc.assert(
    fc.property(BYTES, BYTES, (agent, detail) => {
      const x = answered([`User-Agent: ${clean(agent)}`])
      x.detail = detail
      for (const format of ['json', 'escape=json {"user_agent":"$http_user_agent","detail":"$detail"}']) {
        const line = lineOf(format, x)
        assert.match(line, /^[\x20-\x7e]+\n$/)
        const read = JSON.parse(line)
        assert.equal(read.user_agent, clean(agent).trim())
        assert.equal(read.detail ?? '', detail)
      }
    }),
  )
})

test('whatever the format, it is refused or makes one line of each exchange', () => {
  const word = fc.constantFrom(
    '$status',
    '%REQ(A?B):3%',
    '$',
    '%',
    '{',
    '}',
    'a',
    '%%',
    '$$',
    '$http_',
    ' ',
    'R',
    '(',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const format = ` ${words.join('')}`
      if (checkAccessFormat(format) !== '') return
      assert.equal(lineOf(format, answered()).indexOf('\n'), lineOf(format, answered()).length - 1)
    }),
  )
})

const BYTES = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\xff', '\n', 'a'), maxLength: 300 }),
)

function clean(text: string): string {
  return text
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim()
    .replace(/^[\t ]+|[\t ]+$/g, '')
}

function targetAt(ip: string, port: number): Target {
  // Only its address is read.
  return { name: 'orders:80', address: { ip, port, tls: null, http: 'http/1.1' } } as unknown as Target
}

/** Ended 100 ms after its first byte, by a second try. */
function answered(fields: readonly string[] = ['User-Agent: curl/8']): Exchange {
  const x = readExchange(
    `GET /a%20b?c=d HTTP/1.1\nHost: example.com\n${fields.join('\n')}\n`,
    new FakeClient(),
  )
  const start = NOW - 100
  x.hostStart = x.request.bytes.indexOf('example.com')
  x.hostEnd = x.hostStart + 'example.com'.length
  x.clientAddress = '1.2.3.4'
  x.startMs = start
  x.enteredMs = start + 2
  x.endMs = NOW
  x.status = 200
  x.proxied = true
  x.responseBytes = 12
  x.responseHeadBytes = 100
  x.pathBytes = Buffer.from('/a b')
  x.pathEnd = x.pathBytes.length
  addField(x.response, 'X-Out', 'yes')
  x.tries.begin(targetAt('10.0.0.1', 80), start + 10)
  x.tries.failed(faults.TARGET_CONNECT, 0, start + 20)
  x.tries.begin(targetAt('::1', 81), start + 30)
  x.tries.answered(200, start + 35, start + 75)
  x.tries.ended(start + 95)
  x.trace = new Trace(
    Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'),
    null,
    Buffer.alloc(8),
    Buffer.alloc(8),
  )
  return x
}

function lineOf(format: string, x: Exchange): string {
  const clock = new Clock(
    () => NOW,
    () => WALL,
  )
  const out = new Outbox()
  out.putLatin1('before')
  openAccessLine(format, clock, 'host-a').put(out, x)
  assert.equal(out.bytes.latin1Slice(0, 6), 'before')
  return out.bytes.latin1Slice(6, out.used)
}
