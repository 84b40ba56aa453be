/** What an operator reads of a failure: the target, the time-out and its value, and how far it had come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fault, faults } from '../base/faults.ts'
import {
  Exchange,
  STAGE_ANSWERING,
  STAGE_READING,
  STAGE_TRYING,
  STAGE_WAITING,
} from '../contract/exchange.ts'
import type { Route } from '../contract/plan.ts'
import type { Target } from '../contract/target.ts'
import { REQUEST_LIMITS } from '../http1/limits.ts'
import { explainFault } from './explain-fault.ts'

const SERVICE = {
  host: 'orders.test',
  connectTimeoutMs: 1000,
  readTimeoutMs: 2000,
  writeTimeoutMs: 3000,
  retryPolicy: { perTryTimeoutMs: 400 },
}
const TARGET = 'target 10.0.0.7:80 (orders.test:80)'

const connecting = (x: Exchange): void => x.tries.failed(x.fault, 0, 1030)
const asked = (x: Exchange): void => x.tries.failed(x.fault, 1005, 1025)
const answered = (x: Exchange): void => {
  x.tries.answered(200, 1005, 1010)
  x.responseBytes = 77
}

const OF_TARGETS: readonly [fault: Fault, change: (x: Exchange) => void, expected: string][] = [
  [faults.TARGET_CONNECT_TIMEOUT, connecting, 'no connection within the connect_timeout of 1000 ms'],
  [
    faults.TARGET_CONNECT_TIMEOUT,
    (x) => {
      x.tries.waits()
      connecting(x)
    },
    'no connection was free for the connect_timeout of 1000 ms',
  ],
  [
    faults.TARGET_READ_TIMEOUT,
    asked,
    'silent for the read_timeout of 2000 ms, 20 ms after the request was sent, without an answer',
  ],
  [
    faults.TARGET_READ_TIMEOUT,
    answered,
    'silent for the read_timeout of 2000 ms, after the head of its answer and 77 bytes of the body',
  ],
  [faults.TARGET_WRITE_TIMEOUT, asked, 'took no more of the request for 3000 ms (write_timeout)'],
  [
    faults.TARGET_TRY_TIMEOUT,
    connecting,
    'no answer within the per_try_timeout of 400 ms, before it was connected, 30 ms after its start',
  ],
  [
    faults.TARGET_RESET,
    (x) => {
      x.reused = true
      asked(x)
    },
    'closed the connection, which had served before, 20 ms after the request was sent, without an answer',
  ],
]

for (const [fault, change, expected] of OF_TARGETS)
  test(`${fault.code}: ${expected}`, () => {
    const x = exchange(fault)
    x.tries.begin(targetAt('10.0.0.7'), 1000)
    change(x)
    assert.equal(explainFault(x), `${TARGET}: ${expected}`)
  })

test('no target: whether nobody could be asked, or those that were have failed', () => {
  const x = exchange(faults.TARGET_NONE)
  assert.equal(explainFault(x), "'orders.test' has no target that may be asked: none at all, or none healthy")
  x.tries.begin(targetAt('10.0.0.7'), 1000)
  assert.equal(explainFault(x), "'orders.test' has no other target behind the 1 that failed")
})

test('a client that goes: what was going on', () => {
  const x = exchange(faults.CLIENT_GONE)
  x.requestBytes = 5
  const said = (stage: number): string => {
    x.stage = stage
    return explainFault(x)
  }
  assert.equal(said(STAGE_READING), '5 bytes of its body had come')
  assert.equal(said(STAGE_WAITING), 'while a plugin had it wait')
  x.tries.begin(targetAt('10.0.0.7'), 1000)
  x.tries.failed(faults.CLIENT_GONE, 1005, 1025)
  assert.equal(
    said(STAGE_TRYING),
    `while ${TARGET} was asked, 20 ms after the request was sent, without an answer`,
  )
  x.responseBytes = 9
  assert.equal(said(STAGE_ANSWERING), "9 bytes of the answer's body were out")
})

test('an address of IPv6 stands in brackets, and a socket of this machine has no port', () => {
  const x = exchange(faults.TARGET_REFUSED)
  x.tries.begin(targetAt('::1'), 1000)
  assert.match(explainFault(x), /^target \[::1\]:80 \(/)
  x.tries.begin(targetAt('unix:/run/a.sock', 0), 1000)
  assert.match(explainFault(x), /^target unix:\/run\/a\.sock \(/)
})

test('what needs no words has none, and a failure before routing asks for no service', () => {
  for (const fault of [
    faults.ROUTE_NOT_FOUND,
    faults.REQUEST_MALFORMED,
    faults.TARGET_RESET,
    faults.CLIENT_GONE,
  ]) {
    const x = new Exchange(REQUEST_LIMITS)
    x.fault = fault
    assert.equal(typeof explainFault(x), 'string', fault.code)
  }
  const x = new Exchange(REQUEST_LIMITS)
  x.fault = faults.REQUEST_TIMEOUT
  assert.match(explainFault(x), /its head was not whole in time/)
})

function exchange(fault: Fault): Exchange {
  const x = new Exchange(REQUEST_LIMITS)
  x.fault = fault
  // Only its times and its host are read.
  x.route = { id: 'r', name: 'r', service: SERVICE } as unknown as Route
  return x
}

function targetAt(ip: string, port = 80): Target {
  return { name: 'orders.test:80', address: { ip, port, tls: null, http: 'http/1.1' } } as unknown as Target
}
