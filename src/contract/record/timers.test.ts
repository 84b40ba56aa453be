/** Where the time went: one table of all that an exchange can come to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faults } from '../../base/faults.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { Exchange } from '../exchange.ts'
import type { Target } from '../target.ts'
import {
  TIMER_CONNECT,
  TIMER_GATEWAY,
  TIMER_RECEIVE,
  TIMER_REQUEST,
  TIMER_RESPONSE,
  TIMER_TOTAL,
  TIMER_WAIT,
  TIMERS,
  timersOf,
} from './timers.ts'

const NO = -1
const TARGET = {} as Target // only counted

interface Row {
  readonly what: string
  /** First byte, head whole, end. */
  readonly times: readonly [start: number, entered: number, end: number]
  readonly tries: (x: Exchange) => void
  /** request, gateway, wait, connect, response, receive, total */
  readonly expected: readonly number[]
}

const none = (): void => {}

const TABLE: readonly Row[] = [
  {
    what: 'a head that came in pieces, a new connection, an answer with a body',
    times: [100, 103, 160],
    tries: (x) => {
      x.tries.begin(TARGET, 105)
      x.tries.answered(200, 107, 140)
      x.tries.ended(159)
    },
    expected: [3, 5, 0, 2, 33, 19, 60],
  },
  {
    what: 'a connection that was open, and an answer within its turn',
    times: [100, 100, 100],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.answered(200, 100, 100)
      x.tries.ended(100)
    },
    expected: [0, 0, 0, 0, 0, 0, 0],
  },
  {
    what: 'a try that waited until a connection was free',
    times: [100, 100, 150],
    tries: (x) => {
      x.tries.begin(TARGET, 101)
      x.tries.waits()
      x.tries.answered(200, 121, 150)
      x.tries.ended(150)
    },
    expected: [0, 1, 20, 0, 29, 0, 50],
  },
  {
    what: 'a try that waited in vain, and nobody else was there',
    times: [100, 100, 130],
    tries: (x) => {
      x.tries.begin(TARGET, 101)
      x.tries.waits()
      x.tries.failed(faults.TARGET_CONNECT_TIMEOUT, 0, 130)
    },
    expected: [0, 1, 29, NO, NO, NO, 30],
  },
  {
    what: 'two tries that failed, with a pause, stand in the connect of the one that was answered',
    times: [100, 100, 200],
    tries: (x) => {
      x.tries.begin(TARGET, 110)
      x.tries.failed(faults.TARGET_CONNECT, 0, 112)
      x.tries.begin(TARGET, 112)
      x.tries.failed(faults.TARGET_RESET, 113, 120)
      x.tries.begin(TARGET, 150)
      x.tries.answered(200, 151, 190)
      x.tries.ended(200)
    },
    expected: [0, 10, 0, 41, 39, 10, 100],
  },
  {
    what: 'a try whose answer was not wanted (retry_policy), then one that was',
    times: [100, 100, 140],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.answered(503, 101, 110)
      x.tries.begin(TARGET, 110)
      x.tries.answered(200, 110, 120)
      x.tries.ended(140)
    },
    expected: [0, 0, 0, 10, 10, 20, 40],
  },
  {
    what: 'a target that refuses the connection',
    times: [100, 100, 102],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.failed(faults.TARGET_CONNECT, 0, 102)
    },
    expected: [0, 0, 0, NO, NO, NO, 2],
  },
  {
    what: 'a target that falls silent before its answer',
    times: [100, 100, 60_102],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.failed(faults.TARGET_READ_TIMEOUT, 102, 60_102)
    },
    expected: [0, 0, 0, 2, NO, NO, 60_002],
  },
  {
    what: 'a target that answers before the request is out (HTTP/2, a refusal of the body)',
    times: [100, 100, 120],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.answered(413, 110, 109)
      x.tries.ended(120)
    },
    expected: [0, 0, 0, 10, 0, 11, 20],
  },
  {
    what: 'a tunnel, which is received until its end',
    times: [100, 100, 90_100],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.answered(101, 100, 105)
      x.tries.failed(faults.TUNNEL_IDLE, 100, 90_100)
    },
    expected: [0, 0, 0, 0, 5, 89_995, 90_000],
  },
  {
    what: 'a client that goes half-way through the answer',
    times: [100, 100, 150],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.answered(200, 100, 110)
      x.tries.failed(faults.CLIENT_GONE, 100, 150)
    },
    expected: [0, 0, 0, 0, 10, 40, 50],
  },
  {
    what: 'an answer whose end nobody noted: its receipt lasts until the end of the exchange',
    times: [100, 100, 150],
    tries: (x) => {
      x.tries.begin(TARGET, 100)
      x.tries.answered(200, 100, 110)
    },
    expected: [0, 0, 0, 0, 10, 40, 50],
  },
  {
    what: 'a client that goes before there is a target',
    times: [100, 100, 120],
    tries: none,
    expected: [0, 20, NO, NO, NO, NO, 20],
  },
  {
    what: 'a refusal by a plugin',
    times: [100, 101, 104],
    tries: none,
    expected: [1, 4, NO, NO, NO, NO, 4],
  },
  {
    what: 'a head that never came whole',
    times: [100, 0, 8100],
    tries: none,
    expected: [NO, 8000, NO, NO, NO, NO, 8000],
  },
  {
    what: 'nothing at all: an exchange that is new',
    times: [0, 0, 0],
    tries: none,
    expected: [NO, NO, NO, NO, NO, NO, NO],
  },
]

for (const { what, times, tries, expected } of TABLE)
  test(what, () => {
    const x = new Exchange(REQUEST_LIMITS)
    x.startMs = times[0]
    x.enteredMs = times[1]
    x.endMs = times[2]
    tries(x)
    assert.deepEqual(inOrder(x), expected)
  })

test('whatever the tries, the parts of an answered exchange come to the whole', () => {
  const step = fc.record({ queued: fc.boolean(), toSent: PAUSE, toEnd: PAUSE, pause: PAUSE })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 7 }), PAUSE, PAUSE, (steps, before, receive) => {
      const x = new Exchange(REQUEST_LIMITS)
      x.startMs = 1000
      let now = 1000 + before
      steps.forEach(({ queued, toSent, toEnd, pause }, i) => {
        x.tries.begin(TARGET, now)
        if (queued) x.tries.waits()
        const sent = now + toSent
        now = sent + toEnd
        if (i === steps.length - 1) x.tries.answered(200, sent, now)
        else x.tries.failed(faults.TARGET_RESET, sent, now)
        if (i < steps.length - 1) now += pause
      })
      x.endMs = now + receive
      x.tries.ended(x.endMs)
      const [, gateway, wait, connect, response, received, total] = inOrder(x)
      assert.equal(gateway! + wait! + connect! + response! + received!, total)
    }),
  )
})

const PAUSE = fc.integer({ min: 0, max: 1000 })

function inOrder(x: Exchange): number[] {
  const into = new Float64Array(TIMERS).fill(-7)
  timersOf(x, into)
  const order = [TIMER_REQUEST, TIMER_GATEWAY, TIMER_WAIT, TIMER_CONNECT, TIMER_RESPONSE, TIMER_RECEIVE]
  return [...order, TIMER_TOTAL].map((timer) => into[timer]!)
}
