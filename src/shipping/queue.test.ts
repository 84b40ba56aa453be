/** Kong's queue: batches, delays, retries and bounds, on a clock that the test turns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeTimers } from '../../test/kit/fake-timers.ts'
import { BATCH_BYTES_MAX, Queue, type QueueSettings, WAITING_BYTES_MAX } from './queue.ts'
import { Undelivered } from './undelivered.ts'

test('with batches of one each entry is sent at once and by itself, in order', async () => {
  const rig = open({ maxBatchSize: 1, maxCoalescingDelayMs: 1000 })
  rig.put('a', 'b', 'c')
  await rig.pass(0)
  assert.deepEqual(rig.sent, [['a'], ['b'], ['c']])
  assert.equal(rig.delivered, 3)
})

test('a batch goes out when it is full, or when its first entry has waited long enough', async () => {
  const rig = open({ maxBatchSize: 3, maxCoalescingDelayMs: 1000 })
  rig.put('a', 'b', 'c', 'd')
  await rig.pass(0)
  assert.deepEqual(rig.sent, [['a', 'b', 'c']])
  await rig.pass(999)
  rig.put('e')
  assert.equal(rig.sent.length, 1)
  await rig.pass(1)
  assert.deepEqual(rig.sent, [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ])
})

test('what a full batch left behind waits its own time for others', async () => {
  const rig = open({ maxBatchSize: 3, maxCoalescingDelayMs: 1000 })
  rig.put('a')
  await rig.pass(500)
  rig.put('b', 'c', 'd')
  await rig.pass(999)
  assert.equal(rig.sent.length, 1)
  await rig.pass(1)
  assert.deepEqual([rig.sent[1], rig.times], [['d'], [500, 1500]])
})

test('what was delivered, or was lost, leaves its room to others', async () => {
  for (const fails of [false, true]) {
    const rig = open({ maxBytes: 10, maxRetryTimeMs: -1 })
    rig.fail = () => (fails ? new Error('down') : null)
    for (let i = 0; i < 20; i++) {
      rig.queue.put(`r${i}`, 10)
      await rig.pass(0)
    }
    assert.deepEqual([rig.sent.length, rig.lost], [20, fails ? { 'retries over': 20 } : {}])
  }
})

test('a failed batch is sent again after a delay that doubles up to its most, and nothing overtakes it', async () => {
  const rig = open({ initialRetryDelayMs: 10, maxRetryDelayMs: 35 })
  rig.fail = () => new Error('down')
  rig.put('a', 'b')
  await rig.pass(0)
  const times = [...rig.times]
  for (let i = 0; i < 120; i++) {
    await rig.pass(1)
    times.splice(0, times.length, ...rig.times)
  }
  assert.deepEqual(times, [0, 10, 30, 65, 100])
  rig.fail = () => null
  await rig.pass(35)
  assert.deepEqual(rig.sent.slice(-2), [['a'], ['b']])
  assert.deepEqual([rig.delivered, rig.lost], [2, {}])
})

test('a receiver that comes up within max_retry_time has lost nothing', async () => {
  const rig = open({ maxBatchSize: 10, maxRetryTimeMs: 60_000, initialRetryDelayMs: 10 })
  rig.fail = () => (rig.now < 30_000 ? new Error('down') : null)
  for (let i = 0; i < 500; i++) rig.put(`r${i}`)
  await rig.pass(60_000)
  assert.deepEqual([rig.delivered, rig.lost], [500, {}])
  assert.deepEqual(
    rig.received.flat(),
    [...Array(500).keys()].map((i) => `r${i}`),
  )
})

test('what cannot be sent within max_retry_time is lost, counted and said once a minute with its number', async () => {
  const rig = open({ maxRetryTimeMs: 100, initialRetryDelayMs: 10, maxRetryDelayMs: 10 })
  rig.fail = () => new Error('http://box:1 answered 500')
  rig.put('a', 'b', 'c')
  await rig.pass(1000)
  assert.deepEqual(rig.lost, { 'retries over': 3 })
  assert.equal(rig.queue.waiting, 0)
  // Each has its own time, from its first try.
  assert.deepEqual([rig.times[0], rig.times[12], rig.times[24]], [0, 110, 220])
  const errors = rig.lines.filter((line) => line.startsWith('error'))
  assert.deepEqual(errors, ['error test: 1 record lost, retries over: http://box:1 answered 500'])
  await rig.pass(60_000)
  rig.put('d')
  await rig.pass(1000)
  assert.equal(
    rig.lines.filter((line) => line.startsWith('error')).at(-1),
    'error test: 3 records lost, retries over: http://box:1 answered 500',
  )
})

test('the log says that records go out again, and what was lost meanwhile', async () => {
  const rig = open({ maxRetryTimeMs: -1 })
  rig.fail = () => new Error('down')
  rig.put('a')
  await rig.pass(10)
  rig.fail = () => null
  rig.put('b')
  await rig.pass(10)
  assert.match(rig.lines.at(-1) ?? '', /^info test: records are sent again.*lost: 1$/)
})

test('-1 for max_retry_time: a batch is tried once', async () => {
  const rig = open({ maxRetryTimeMs: -1 })
  rig.fail = () => new Error('down')
  rig.put('a')
  await rig.pass(10_000)
  assert.deepEqual([rig.sent.length, rig.lost], [1, { 'retries over': 1 }])
})

test('a full queue drops the oldest', async () => {
  const rig = open({ maxBatchSize: 1, maxEntries: 3 })
  rig.hold()
  rig.put('under way', 'a', 'b', 'c', 'd', 'e')
  assert.deepEqual(rig.lost, { 'queue full': 2 })
  rig.release()
  await rig.pass(0)
  assert.deepEqual(rig.received.flat(), ['under way', 'c', 'd', 'e'])
})

test('bytes that wait and are under way are bounded by max_bytes, and without it by 64 MiB', async () => {
  for (const [maxBytes, bound] of [
    [1000, 1000],
    [null, WAITING_BYTES_MAX],
    [2 ** 40, WAITING_BYTES_MAX],
  ] as const) {
    const rig = open({ maxBatchSize: 1, maxBytes })
    rig.hold()
    const each = bound / 10
    for (let i = 0; i < 15; i++) rig.queue.put(`r${i}`, each)
    assert.deepEqual([rig.queue.waiting, rig.lost], [10, { 'queue full': 5 }])
    rig.queue.put('giant', bound + 1)
    assert.deepEqual([rig.queue.waiting, rig.lost['too large']], [10, 1])
    rig.release()
    await rig.pass(0)
    assert.deepEqual(rig.received.flat().slice(0, 2), ['r0', 'r6'])
  }
})

test('a batch is no heavier than its bound, but for one entry that is', async () => {
  const rig = open({ maxBatchSize: 100, maxCoalescingDelayMs: 0 })
  rig.hold()
  rig.put('first')
  rig.queue.put('a', BATCH_BYTES_MAX / 2)
  rig.queue.put('b', BATCH_BYTES_MAX / 2)
  rig.queue.put('c', 1)
  rig.queue.put('giant', BATCH_BYTES_MAX + 1)
  rig.release()
  await rig.pass(0)
  assert.deepEqual(rig.received, [['first'], ['a', 'b'], ['c'], ['giant']])
})

test('without a limit of concurrency batches do not wait for each other, and there are 64 at most', async () => {
  const rig = open({ maxBatchSize: 1, concurrency: -1 })
  rig.hold()
  for (let i = 0; i < 100; i++) rig.put(`r${i}`)
  await rig.pass(0)
  assert.deepEqual([rig.sent.length, rig.queue.waiting], [64, 100])
  rig.release()
  await rig.pass(0)
  assert.equal(rig.delivered, 100)
})

test('what a receiver refuses for good is lost at once; a pause that it asks for is kept', async () => {
  const rig = open({ initialRetryDelayMs: 10 })
  rig.fail = () => new Undelivered('refused', { isFinal: true })
  rig.put('a')
  await rig.pass(0)
  assert.deepEqual([rig.sent.length, rig.lost], [1, { refused: 1 }])
  rig.fail = () => (rig.now < 5000 ? new Undelivered('busy', { afterMs: 5000 }) : null)
  rig.put('b')
  await rig.pass(4999)
  assert.equal(rig.sent.length, 2)
  await rig.pass(1)
  assert.equal(rig.delivered, 1)
})

test('close sends at once what waits for others, and wakes what waits for its next try', async () => {
  const rig = open({ maxBatchSize: 100, maxCoalescingDelayMs: 60_000 })
  rig.put('a', 'b')
  const closed = rig.close(5000)
  await rig.pass(0)
  await closed
  assert.deepEqual([rig.received, rig.timers.waiting], [[['a', 'b']], 0])

  const down = open({ initialRetryDelayMs: 60_000 })
  down.fail = () => new Error('down')
  down.put('a')
  await down.pass(1)
  down.fail = () => null
  const over = down.close(5000)
  await down.pass(0)
  await over
  assert.deepEqual([down.delivered, down.timers.waiting], [1, 0])
})

test('close gives up after its time what nobody takes, counts it, and leaves no timer', async () => {
  const rig = open({ initialRetryDelayMs: 100, maxRetryDelayMs: 100 })
  rig.fail = () => new Error('down')
  rig.put('a', 'b', 'c')
  const closed = rig.close(1000)
  await rig.pass(999)
  assert.deepEqual(rig.lost, {})
  await rig.pass(1)
  await closed
  assert.deepEqual([rig.lost, rig.queue.waiting], [{ closed: 3 }, 0])
  await rig.pass(100_000)
  assert.equal(rig.timers.waiting, 0)
  rig.put('late')
  assert.deepEqual(rig.lost, { closed: 4 })
})

test('a delivery that ends after it was given up counts for nothing, whatever comes of it', async () => {
  const rig = open({})
  rig.hold()
  rig.put('a')
  const closed = rig.close(10)
  await rig.pass(10)
  await closed
  rig.release()
  await rig.pass(0)
  assert.deepEqual([rig.delivered, rig.lost], [0, { closed: 1 }])
})

test('whatever comes and fails, each entry is delivered or lost, once, and what is delivered keeps its order', async () => {
  const step = fc.oneof(
    fc.record({ put: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ pass: fc.integer({ min: 0, max: 400 }) }),
    fc.record({ fails: fc.boolean() }),
  )
  const settings = fc.record({
    maxBatchSize: fc.integer({ min: 1, max: 7 }),
    maxEntries: fc.integer({ min: 1, max: 20 }),
    maxCoalescingDelayMs: fc.integer({ min: 0, max: 100 }),
    maxRetryTimeMs: fc.integer({ min: -1, max: 300 }),
    maxBytes: fc.option(fc.integer({ min: 1, max: 200 })),
  })
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { maxLength: 25 }), async (own, steps) => {
      const rig = open({ ...own, initialRetryDelayMs: 20, maxRetryDelayMs: 50 })
      let count = 0
      for (const each of steps) {
        if ('put' in each) for (let i = 0; i < each.put; i++) rig.queue.put(String(count++), 10)
        if ('fails' in each) rig.fail = () => (each.fails ? new Error('down') : null)
        if ('pass' in each) await rig.pass(each.pass)
        assert.ok(rig.queue.waiting <= own.maxEntries + own.maxBatchSize)
      }
      const closed = rig.close(100)
      await rig.pass(100)
      await closed
      const lost = Object.values(rig.lost).reduce((sum, each) => sum + each, 0)
      assert.equal(rig.delivered + lost, count)
      const received = rig.received.flat().map(Number)
      assert.equal(received.length, rig.delivered)
      assert.deepEqual(
        [...received].sort((a, b) => a - b),
        received,
      )
      assert.equal(rig.timers.waiting, 0)
    }),
    { numRuns: 200 },
  )
})

const USUAL: QueueSettings = {
  maxBatchSize: 1,
  maxCoalescingDelayMs: 1000,
  maxEntries: 10_000,
  maxBytes: null,
  maxRetryTimeMs: 60_000,
  initialRetryDelayMs: 10,
  maxRetryDelayMs: 60_000,
  concurrency: 1,
}

class Rig {
  readonly timers = new FakeTimers()
  readonly lost: Record<string, number> = {}
  readonly lines: string[] = []
  /** Batches that were tried, and when. */
  readonly sent: (readonly string[])[] = []
  readonly times: number[] = []
  /** Batches that arrived. */
  readonly received: (readonly string[])[] = []
  readonly queue: Queue<string>
  delivered = 0
  fail: () => Error | null = () => null
  #held: Promise<void> | null = null
  #release: () => void = () => {}

  constructor(settings: Partial<QueueSettings>) {
    this.queue = new Queue<string>('test', { ...USUAL, ...settings }, (batch) => this.#deliver(batch), {
      now: () => this.timers.now(),
      later: (ms, call) => this.timers.later(ms, call),
      lost: (count, why) => {
        this.lost[why] = (this.lost[why] ?? 0) + count
      },
      delivered: (count) => {
        this.delivered += count
      },
      log: (level, message) => {
        this.lines.push(`${level} ${message}`)
      },
    })
  }

  get now(): number {
    return this.timers.now()
  }

  put(...entries: string[]): void {
    for (const entry of entries) this.queue.put(entry, entry.length)
  }

  /** Nothing is answered until `release`. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  release(): void {
    this.#held = null
    this.#release()
  }

  async pass(ms: number): Promise<void> {
    await turns()
    await this.timers.pass(ms)
    await turns()
  }

  close(graceMs: number): Promise<void> {
    return this.queue.close(graceMs)
  }

  async #deliver(batch: readonly string[]): Promise<void> {
    this.sent.push(batch)
    this.times.push(this.now)
    if (this.#held !== null) await this.#held
    const error = this.fail()
    if (error !== null) throw error
    this.received.push(batch)
  }
}

function open(settings: Partial<QueueSettings>): Rig {
  return new Rig(settings)
}

/** Promises of a few hundred deliveries in a row settle. */
async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
