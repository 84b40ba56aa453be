/** Series are opened once, counted by their worker alone, added up by who reads, and outlive the worker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeLabel, labelText } from './label-text.ts'
import { LABELS_MAX, makeSeriesBuffer, type SeriesFamily } from './series-area.ts'
import { SeriesReader } from './series-reader.ts'
import { SeriesTable } from './series-table.ts'

const REQUESTS: SeriesFamily = { name: 'requests_total', kind: 'counter', says: 'Requests.' }
const TIMES: SeriesFamily = { name: 'times', kind: 'histogram', says: 'Times.', bounds: [1, 2.5] }
const OPEN: SeriesFamily = { name: 'open', kind: 'gauge', says: 'Open now.' }

function rig(bytes = 4096) {
  const buffer = makeSeriesBuffer(2, bytes)
  return { worker: (id: number) => new SeriesTable(buffer, 3, id), reader: new SeriesReader(buffer, 3) }
}

test('what workers count in equal series is added up, whichever of them opened it first', () => {
  const { worker, reader } = rig()
  const [one, two] = [worker(1), worker(2)]
  one.counter(REQUESTS, ['route', 'a']).add(2)
  two.counter(REQUESTS, ['route', 'b']).add(5)
  two.counter(REQUESTS, ['route', 'a']).add(3)
  two.counter(REQUESTS, ['route', 'a']).add(1)
  assert.equal(
    reader.text(),
    '# HELP requests_total Requests.\n# TYPE requests_total counter\n' +
      'requests_total{route="a"} 6\nrequests_total{route="b"} 5\n',
  )
  assert.equal(reader.count, 2)
})

test('a series that comes between two readings is in the second', () => {
  const { worker, reader } = rig()
  assert.equal(reader.text(), '')
  const one = worker(1)
  one.counter(REQUESTS, []).add(1)
  assert.match(reader.text(), /^requests_total 1$/m)
  one.gauge(OPEN, ['route', 'c']).set(4)
  assert.match(reader.text(), /^open\{route="c"\} 4$/m)
})

test('a bucket counts what is not above its bound, and in the text all below it too', () => {
  const { worker, reader } = rig()
  const times = worker(1).histogram(TIMES, ['route', 'a'])
  for (const value of [0.5, 1, 1.5, 2.5, 100]) times.observe(value)
  worker(2).histogram(TIMES, ['route', 'a']).observe(2)
  assert.deepEqual(reader.text().split('\n').slice(2), [
    'times_bucket{route="a",le="1"} 2',
    'times_bucket{route="a",le="2.5"} 5',
    'times_bucket{route="a",le="+Inf"} 6',
    'times_sum{route="a"} 107.5',
    'times_count{route="a"} 6',
    '',
  ])
  const bare = rig()
  bare.worker(1).histogram(TIMES, []).observe(1)
  assert.match(bare.reader.text(), /^times_bucket\{le="1"\} 1$/m)
  assert.match(bare.reader.text(), /^times_sum 1$/m)
})

test('a replacement goes on where the dead worker stood, and opens no series anew', () => {
  const { worker, reader } = rig()
  const before = worker(1)
  before.counter(REQUESTS, ['route', 'a']).add(7)
  before.histogram(TIMES, []).observe(1)
  before.gauge(OPEN, []).set(3)
  const used = before.bytesUsed
  reader.forget(1)
  const after = worker(1)
  after.counter(REQUESTS, ['route', 'a']).add(1)
  after.histogram(TIMES, []).observe(1)
  assert.equal(after.bytesUsed, used)
  assert.match(reader.text(), /^requests_total\{route="a"\} 8$/m)
  assert.match(reader.text(), /^times_count 2$/m)
  assert.match(reader.text(), /^open 0$/m, 'what it had open is gone')
})

test('what a worker had half written when it died is nothing', () => {
  const buffer = makeSeriesBuffer(1, 4096)
  new SeriesTable(buffer, 2, 1).counter(REQUESTS, ['route', 'a']).add(2)
  const used = new SeriesTable(buffer, 2, 1).bytesUsed
  // All that is free, but for the header: an entry that was never published may have been anywhere in it.
  new Uint8Array(buffer, 4096 + used - 8, 4096 - used).fill(0xff)
  const after = new SeriesTable(buffer, 2, 1)
  for (let i = 0; i < 20; i++) after.counter(REQUESTS, ['route', String(i)]).add(1)
  const lines = new SeriesReader(buffer, 2).text().split('\n').slice(2, -1)
  assert.equal(lines[0], 'requests_total{route="a"} 2')
  assert.deepEqual(new Set(lines.slice(1).map((line) => line.split(' ')[1])), new Set(['1']))
  assert.equal(lines.length, 21)
})

test('without room a series is lost and counted once, and the others count on', () => {
  const { worker, reader } = rig()
  const one = worker(1)
  const kept = one.counter(REQUESTS, ['route', 'first'])
  let opened = 0
  while (reader.lost === 0) one.counter(REQUESTS, ['route', `number ${opened++}`]).add(1)
  assert.ok(opened > 50, `${opened} in 4 KB`)
  one.counter(REQUESTS, ['route', `number ${opened - 1}`]).add(1)
  assert.equal(reader.lost, 1)
  one.histogram(TIMES, ['route', 'x']).observe(1)
  assert.equal(reader.lost, 2)
  kept.add(9)
  assert.match(reader.text(), /^requests_total\{route="first"\} 9$/m)
  assert.equal(reader.text().match(/^requests_total/gm)?.length, opened)
  worker(2).counter(REQUESTS, ['route', 'late']).add(1)
  assert.match(reader.text(), /^requests_total\{route="late"\} 1$/m, 'each worker has room of its own')
  worker(2).counter(REQUESTS, ['route', 'x'.repeat(LABELS_MAX)])
  assert.equal(reader.lost, 3)
})

test('whatever a label holds, its line stays one line and its quotes stay shut', () => {
  assert.equal(labelText(['a', 'x', 'b', 'y"\\\n']), 'a="x",b="y\\"\\\\\\n"')
  assert.equal(escapeLabel('\u0000\u001b[2J\r\ud800é😀'), '\ufffd\ufffd[2J\ufffd\ufffdé😀')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = escapeLabel(value)
      assert.match(text, /^(?:[^\\"\n\r\0]|\\[\\"n])*$/)
    }),
  )
})

test('any series that fit are read back as they were opened, by another thread as by a replacement', () => {
  const label = fc.string({ maxLength: 20 })
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.integer({ min: 1, max: 2 })), { maxLength: 40 }), (asked) => {
      const { worker, reader } = rig(16 * 1024)
      const expected = new Map<string, number>()
      for (const [value, id] of asked) {
        worker(id).counter(REQUESTS, ['l', value]).add(1)
        worker(id).histogram(TIMES, ['l', value]).observe(1)
        const line = `requests_total{${labelText(['l', value])}}`
        expected.set(line, (expected.get(line) ?? 0) + 1)
      }
      const lines = reader.text().split('\n')
      for (const [line, count] of expected) assert.ok(lines.includes(`${line} ${count}`), line)
    }),
    { numRuns: 50 },
  )
})
