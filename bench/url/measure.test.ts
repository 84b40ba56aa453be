/** Who is asked what, in which order, when URLs are measured; the load itself is made up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UrlMeasurement } from './measure.ts'
import type { UrlOptions } from './options.ts'

const LATENCY = {
  requests: 1,
  errors: 0,
  errorSamples: [],
  histogram: '',
  lateness: '',
  awake: '',
  awakeLateness: '',
  busy: 0,
}

/** Each closed loop finds 100 requests a second more than the one before. */
function measurement(more: Partial<UrlOptions>) {
  const asked: string[] = []
  let closed = 0
  const senders = {
    closed: async ({ origin, seconds }: { origin: string; seconds: number }) => {
      asked.push(`closed ${origin} ${seconds}`)
      closed++
      return { requests: closed * 100 * seconds, seconds, errors: 0, closedLoopHistogram: null }
    },
    open: async ({ origin, rate }: { origin: string; rate: number }) => {
      asked.push(`open ${origin} ${rate}`)
      return LATENCY
    },
  }
  const options: UrlOptions = {
    urls: ['http://a.test/'],
    rate: 0,
    connections: 1,
    seconds: 5,
    rounds: 2,
    method: 'GET',
    fields: {},
    body: Buffer.alloc(0),
    json: '',
    ...more,
  }
  return { asked, of: new UrlMeasurement(options, () => {}, senders) }
}

test('the closed loop warms up once, and the rate of the first round is that of all', async () => {
  const { asked, of } = measurement({})
  const [found] = await of.run()
  assert.deepEqual(asked, [
    'closed http://a.test 3',
    'closed http://a.test 5',
    'open http://a.test 120',
    'closed http://a.test 5',
    'open http://a.test 120',
  ])
  assert.deepEqual(
    found!.rounds.map(({ capacity, rate }) => [capacity, rate]),
    [
      [200, 120],
      [300, 120],
    ],
  )
})

test('a URL that is given twice keeps the figures of each', async () => {
  const { of } = measurement({ urls: ['http://a.test/', 'http://a.test/'], rounds: 1 })
  const found = await of.run()
  assert.deepEqual(
    found.map(({ rounds }) => rounds[0]!.capacity),
    [300, 400],
  )
})

test('a rate that was asked for needs no closed loop', async () => {
  const { asked, of } = measurement({ rate: 7, rounds: 1 })
  await of.run()
  assert.deepEqual(asked, ['open http://a.test 7'])
})
