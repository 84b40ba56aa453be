/** What is counted for each exchange and connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClient, readExchange } from '../../test/kit/flow-rig.ts'
import { Clock } from '../base/clock.ts'
import { faults } from '../base/faults.ts'
import { Outbox } from '../base/outbox.ts'
import {
  BYTES_IN,
  BYTES_OUT,
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_ACTIVE,
  CONNECTIONS_REFUSED,
  type Counters,
  FAULTS,
  REQUESTS,
  RESPONSES,
  UPSTREAM_RETRIES,
} from '../state/counters.ts'
import { WorkerTally } from './tally.ts'

function makeRig(hasAccess: boolean) {
  const counted = new Map<number, number>()
  const counters = {
    add: (at: number, count: number) => counted.set(at, (counted.get(at) ?? 0) + count),
  } as unknown as Counters // the one method a tally uses
  const lines: string[] = []
  const out = new Outbox()
  const access = {
    openLine: () => out,
    closeLine: () => {
      lines.push(out.bytes.latin1Slice(0, out.used))
      out.used = 0
    },
  }
  const clock = new Clock(
    () => 0,
    () => 0,
  )
  return { tally: new WorkerTally(counters, hasAccess ? access : null, clock), counted, lines }
}

test('an exchange counts once in each: requests, its class, its fault, its bytes', () => {
  const { tally, counted, lines } = makeRig(true)
  const x = readExchange('GET / HTTP/1.1\nHost: a\n', new FakeClient())
  x.status = 502
  x.fault = faults.TARGET_RESET
  x.requestBytes = 3
  x.responseBytes = 4
  tally.exchange(x)
  assert.deepEqual(
    [...counted].sort(),
    [
      [REQUESTS, 1],
      [RESPONSES + 5, 1],
      [FAULTS + faults.TARGET_RESET.id, 1],
      [BYTES_IN, 3],
      [BYTES_OUT, 4],
    ].sort(),
  )
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /^192\.0\.2\.7 - .*"GET \/ HTTP\/1\.1" 502 4 .*\n$/)
})

test('no line is made while the access log is off, and no fault is no fault', () => {
  const { tally, counted, lines } = makeRig(false)
  const x = readExchange('GET / HTTP/1.1\nHost: a\n', new FakeClient())
  x.status = 204
  tally.exchange(x)
  assert.deepEqual([[...counted.keys()].sort(), lines], [[REQUESTS, RESPONSES + 2].sort(), []])
})

test('connections are counted as they come and go', () => {
  const { tally, counted } = makeRig(false)
  for (const what of ['accepted', 'accepted', 'closed', 'refused'] as const) tally.connection(what)
  tally.retry()
  assert.deepEqual(
    [CONNECTIONS_ACCEPTED, CONNECTIONS_ACTIVE, CONNECTIONS_REFUSED, UPSTREAM_RETRIES].map((at) =>
      counted.get(at),
    ),
    [2, 1, 1, 1],
  )
})
