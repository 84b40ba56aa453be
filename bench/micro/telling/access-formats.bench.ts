/**
 * access-formats — what a line of the access log costs in each format, from the exchange to its bytes.
 *
 *     node dist/bench/micro/telling/access-formats.bench.js
 *
 * Kong's line is written by code of its own; the others by a list of writers that is compiled from the format. The
 * exchange has had one try and is of a browser, whose fields are long.
 */
import { Clock } from '../../../src/base/clock.ts'
import { Outbox } from '../../../src/base/outbox.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import type { Target } from '../../../src/contract/target.ts'
import { openAccessLine } from '../../../src/observe/access/open-access-line.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const WALL_MS = 1_800_000_000_000
const NOW_MS = 5000
const HEAD = [
  'GET /v1/orders/8f14e45f?expand=lines&limit=50 HTTP/1.1',
  'Host: orders.example.com',
  'Accept: application/json, text/plain, */*',
  'Referer: https://shop.example.com/account/orders?page=2&sort=date',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0',
  '',
].join('\n')
const ENVOYS_DEFAULT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'

export const bench: Bench = {
  name: 'access-formats',
  says: 'a line of the access log, by format',
  groups: [{ name: 'a line', open: openLines }],
}

function openLines(): Case[] {
  return [
    lineCase('kong', 'kong'),
    lineCase('combined', 'combined'),
    lineCase('json', 'json'),
    lineCase("Envoy's default", ENVOYS_DEFAULT),
    lineCase('status and times', '$status $fault $tq $tg $tw $tc $tr $td $ta'),
  ]
}

function lineCase(name: string, format: string): Case {
  const x = finishedExchange()
  const clock = new Clock(
    () => NOW_MS,
    () => WALL_MS,
  )
  const line = openAccessLine(format, clock, 'gateway-1')
  const out = new Outbox()
  const run = (times: number): number => {
    let written = 0
    for (let i = 0; i < times; i++) {
      out.used = 0
      line.put(out, x)
      written += out.used
    }
    return written
  }
  return { name, run }
}

function finishedExchange(): Exchange {
  const x = exchangeOf(HEAD)
  // Only its address is read.
  const target = { name: 'orders', address: { ip: '10.0.0.7', port: 8080 } } as Target
  x.clientAddress = '203.0.113.77'
  x.startMs = NOW_MS - 12
  x.enteredMs = NOW_MS - 12
  x.endMs = NOW_MS
  x.status = 200
  x.proxied = true
  x.responseBytes = 5120
  x.tries.begin(target, NOW_MS - 11)
  x.tries.answered(200, NOW_MS - 11, NOW_MS - 1)
  x.tries.ended(NOW_MS)
  return x
}

await runAlone(bench, import.meta.url)
