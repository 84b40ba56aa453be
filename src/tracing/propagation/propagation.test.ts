/** What Propagation promises: which contexts it reads, which it refuses, and what targets are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { listFields } from '../../http1/fields.ts'
import { Head, KIND_REQUEST } from '../../http1/head.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { EXTRACT_NAMES, FORMAT_NAMES, type FormatName } from './format.ts'
import { Propagation, type PropagationSettings } from './propagation.ts'
import type { SpanIds } from './trace-context.ts'
import { TRACE_FIELDS } from './trace-fields.ts'

const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SHORT = '48485a3953bb6124'
const SPAN = '0020000000000001'
const NEW = { traceId: bytes('11111111111111112222222222222222'), spanId: bytes('3333333333333333') }
const IDS: SpanIds = { ...NEW, parentId: bytes('4444444444444444'), sampled: true }

const VALID: readonly [fields: string, expected: string][] = [
  [`traceparent: 00-${TRACE}-${SPAN}-01`, `w3c ${TRACE} ${SPAN} true`],
  [`traceparent: 00-${TRACE}-${SPAN}-00`, `w3c ${TRACE} ${SPAN} false`],
  [`x-b3-traceid: ${TRACE}|x-b3-spanid: ${SPAN}|x-b3-sampled: 1`, `b3 ${TRACE} ${SPAN} true`],
  [`X-B3-TraceId: ${SHORT}|X-B3-SpanId: ${SPAN}|X-B3-Sampled: 0`, `b3 ${SHORT} ${SPAN} false`],
  [`x-b3-traceid: ${TRACE}|x-b3-spanid: ${SPAN}|x-b3-flags: 1`, `b3 ${TRACE} ${SPAN} true debug`],
  [`x-b3-traceid: ${TRACE}|x-b3-spanid: ${SPAN}`, `b3 ${TRACE} ${SPAN} null`],
  ['x-b3-sampled: 0', 'b3 null null false'],
  ['b3: 0', 'b3-single null null false'],
  ['b3: d', 'b3-single null null true debug'],
  [`b3: ${TRACE}-${SPAN}`, `b3-single ${TRACE} ${SPAN} null`],
  [`b3: ${TRACE}-${SPAN}-1`, `b3-single ${TRACE} ${SPAN} true`],
  [`b3: ${SHORT}-${SPAN}-d-${SPAN}`, `b3-single ${SHORT} ${SPAN} true debug`],
  [`tracestate: a=1, b3=${TRACE}-${SPAN}-0`, `b3-single ${TRACE} ${SPAN} false`],
  [`uber-trace-id: ${TRACE}:${SPAN}:0:01`, `jaeger ${TRACE} ${SPAN} true`],
  [`uber-trace-id: ${SHORT.slice(1)}:1:0:3`, `jaeger 0${SHORT.slice(1)} 0000000000000001 true debug`],
  [`uber-trace-id: ${TRACE}%3A${SPAN}%3a0%3A0`, `jaeger ${TRACE} ${SPAN} false`],
  [
    `ot-tracer-traceid: ${SHORT}|ot-tracer-spanid: ${SPAN}|ot-tracer-sampled: true`,
    `ot ${SHORT} ${SPAN} true`,
  ],
  [
    'x-datadog-trace-id: 5208512171318403364|x-datadog-parent-id: 7',
    'datadog 48485a3953bb6124 0000000000000007 null',
  ],
  [
    'x-datadog-trace-id: 18446744073709551615|x-datadog-parent-id: 0|x-datadog-sampling-priority: -1',
    'datadog ffffffffffffffff null false',
  ],
  [
    `x-amzn-trace-id: Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=${SPAN};Sampled=1`,
    `aws ${TRACE} ${SPAN} true`,
  ],
  [
    `x-amzn-trace-id: Self=1-67891234-abc; Sampled=?; Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`,
    `aws ${TRACE} null null`,
  ],
  [`x-cloud-trace-context: ${TRACE}/9007199254740993;o=1`, `gcp ${TRACE} ${SPAN} true`],
  [`x-cloud-trace-context: ${TRACE}`, `gcp ${TRACE} null null`],
  [`x-instana-t: ${TRACE}|x-instana-s: ${SPAN}|x-instana-l: 1`, `instana ${TRACE} ${SPAN} true`],
  ['x-instana-t: abc|x-instana-s: 1', 'instana 0000000000000abc 0000000000000001 null'],
  ['x-instana-l: 0', 'instana null null false'],
]

test('a context is read in every format, with ids made as long as they are to be', () => {
  for (const [fields, expected] of VALID) assert.equal(read(fields), expected, fields)
})

const REFUSED = [
  `x-b3-traceid: ${TRACE}0|x-b3-spanid: ${SPAN}`,
  `x-b3-traceid: ${'0'.repeat(32)}|x-b3-spanid: ${SPAN}`,
  `x-b3-traceid: ${TRACE}|x-b3-spanid: ${'0'.repeat(16)}`,
  `x-b3-traceid: ${TRACE}|x-b3-traceid: ${TRACE}|x-b3-spanid: ${SPAN}`,
  `b3: ${TRACE}-${SPAN}-2`,
  `b3: ${TRACE}-${SPAN}-1-`,
  `b3: ${TRACE}-${SPAN}-1-zzzzzzzzzzzzzzzz`,
  `b3: ${TRACE}`,
  `b3: ${TRACE}-${SPAN}|b3: ${TRACE}-${SPAN}`,
  'b3: ',
  `uber-trace-id: ${TRACE}:${SPAN}:0`,
  `uber-trace-id: ${TRACE}:${SPAN}:0:`,
  `uber-trace-id: ${TRACE}:${SPAN}::1`,
  `uber-trace-id: ${TRACE}0:${SPAN}:0:1`,
  `uber-trace-id: 0:${SPAN}:0:1`,
  `uber-trace-id: ${TRACE}%3B${SPAN}:0:1`,
  `uber-trace-id: ${TRACE}:${SPAN}:0:1:1`,
  'ot-tracer-traceid: 1|ot-tracer-spanid: 1',
  'x-datadog-trace-id: 0',
  'x-datadog-trace-id: 18446744073709551616',
  'x-datadog-trace-id: 1x',
  'x-datadog-trace-id: -1',
  'x-amzn-trace-id: Root=2-00000000-000000000000000000000001',
  'x-amzn-trace-id: Root=1-00000000-000000000000000000000000',
  `x-amzn-trace-id: Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=1`,
  `x-amzn-trace-id: Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};${'a=b;'.repeat(200)}`,
  `x-cloud-trace-context: ${TRACE}/99999999999999999999`,
  `x-cloud-trace-context: ${TRACE}/1;p=1`,
  `x-cloud-trace-context: ${TRACE.slice(1)}/1`,
  `x-instana-t: ${TRACE}0`,
  'x-instana-l: 01',
]

test('a context that is not what its format says is none', () => {
  for (const fields of REFUSED) assert.equal(read(fields), 'none', fields)
})

test('the first format of the configuration that is found counts', () => {
  const fields = `traceparent: 00-${TRACE}-${SPAN}-01|b3: ${SHORT}-${SPAN}-0`
  assert.match(read(fields), /^b3-single/)
  assert.match(read(fields, { extract: ['w3c', 'b3'] }), /^w3c/)
  assert.equal(read(fields, { extract: ['jaeger'] }), 'none')
  assert.equal(read(fields, { extract: [] }), 'none')
})

const hexOf = (bytesOf: number) =>
  fc.uint8Array({ minLength: bytesOf, maxLength: bytesOf }).map((a) => Buffer.from(a))
const notZero = (id: Buffer) => id.some((byte) => byte !== 0)

test('what is written in a format is read back as it was', () => {
  const ids = fc.record({
    traceId: hexOf(16).filter(notZero),
    spanId: hexOf(8).filter(notZero),
    parentId: fc.option(hexOf(8).filter(notZero)),
    sampled: fc.boolean(),
  })
  fc.assert(
    fc.property(ids, fc.constantFrom(...FORMAT_NAMES), fc.boolean(), (written, format, isShort) => {
      // Datadog's trace ids have eight bytes.
      if (isShort || format === 'datadog') written.traceId.fill(0, 0, 8)
      if (!notZero(written.traceId)) return
      const head = headOf('')
      makePropagation({ inject: [format] }).inject(head, written, null)
      const sent = listFields(head)
        .slice(1)
        .map(([name, value]) => `${name}: ${value}`)
      const [trace, span] = [written.traceId.toString('hex'), written.spanId.toString('hex')]
      assert.equal(
        read(sent.join('|')),
        `${format} ${trace.replace(/^0{16}/, '')} ${span} ${written.sampled}`,
      )
    }),
  )
})

test('no field, whatever is in it, throws or makes an id of zeros', () => {
  const piece = fc.constantFrom(
    '0',
    '1',
    'a',
    'F',
    '-',
    ':',
    ';',
    '/',
    '=',
    ',',
    ' ',
    '%3A',
    'Root=1-',
    'o=',
    'b3=',
    '00-',
    '0'.repeat(16),
    '0'.repeat(32),
    TRACE,
    SPAN,
    SHORT,
    '\u00ff',
    'd',
  )
  const value = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''))
  const field = fc.tuple(fc.constantFrom(...TRACE_FIELDS), value)
  fc.assert(
    fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
      const head = headOf(fields.map(([name, text]) => `${name}: ${text}`).join('|'))
      for (const format of EXTRACT_NAMES) {
        const found = makePropagation({ extract: [format] }).extract(head)
        if (found === null) continue
        if (found.traceId !== null) assert.ok(notZero(Buffer.from(found.traceId)))
        if (found.parentId !== null) assert.ok(notZero(Buffer.from(found.parentId)))
        assert.ok(found.traceId !== null || found.sampled !== null)
      }
    }),
    { numRuns: 2000 },
  )
})

test('the format that came in is kept, and the default one is for requests without', () => {
  assert.deepEqual(sent('', { defaultFormat: 'jaeger' }), [
    `uber-trace-id: ${'1'.repeat(16)}${'2'.repeat(16)}:${'3'.repeat(16)}:${'4'.repeat(16)}:01`,
  ])
  for (const [fields, expected] of VALID) {
    const format = expected.split(' ')[0] as FormatName // the table's first word
    if (fields.startsWith('tracestate')) continue
    const names = sent(fields, { defaultFormat: format === 'w3c' ? 'b3' : 'w3c' }).map(
      (line) => line.split(':')[0],
    )
    const own = sent('', { defaultFormat: format }).map((line) => line.split(':')[0])
    assert.deepEqual(names, fields.includes('flags: 1') ? own.with(-1, 'x-b3-flags') : own, fields)
  }
})

test('fields of a client in a format that is written are replaced, and others stay', () => {
  const fields = `traceparent: 00-${TRACE}-${SPAN}-01|B3: ${SHORT}-${SPAN}-0|X-B3-Sampled: 1|uber-trace-id: 1:1:0:1|uberctx-user: jo`
  assert.deepEqual(sent(fields, { inject: ['b3-single', 'jaeger'] }), [
    `traceparent: 00-${TRACE}-${SPAN}-01`,
    'uberctx-user: jo',
    `b3: ${'1'.repeat(16)}${'2'.repeat(16)}-${'3'.repeat(16)}-1-${'4'.repeat(16)}`,
    `uber-trace-id: ${'1'.repeat(16)}${'2'.repeat(16)}:${'3'.repeat(16)}:${'4'.repeat(16)}:01`,
  ])
})

test('a second plugin that writes the same format takes the place of the first', () => {
  const head = headOf('')
  const propagation = makePropagation({})
  propagation.inject(head, IDS, propagation.extract(head))
  propagation.inject(head, { ...IDS, spanId: bytes('5555555555555555') }, propagation.extract(head))
  assert.deepEqual(
    listFields(head)
      .slice(1)
      .map(([, value]) => value),
    [`00-${'1'.repeat(16)}${'2'.repeat(16)}-${'5'.repeat(16)}-01`],
  )
})

test('fields that are to be cleared are gone, and the trace is read from them all the same', () => {
  const head = headOf(`b3: ${TRACE}-${SPAN}-1|x-secret: 1`)
  const propagation = makePropagation({ clear: ['B3', 'X-Secret'], inject: ['w3c'] })
  propagation.inject(head, IDS, propagation.extract(head))
  assert.deepEqual(
    listFields(head)
      .slice(1)
      .map(([name]) => name),
    ['traceparent'],
  )
  assert.equal(show(propagation, head), `b3-single ${TRACE} ${SPAN} true`)
})

test('nothing is written where no format is named', () => {
  assert.deepEqual(sent('b3: 0', { inject: [] }), ['b3: 0'])
})

// the rig

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

function makePropagation(settings: Partial<PropagationSettings>): Propagation {
  return new Propagation({
    extract: EXTRACT_NAMES,
    clear: [],
    inject: ['preserve'],
    defaultFormat: 'w3c',
    ...settings,
  })
}

function headOf(fields: string): Head {
  const lines = fields === '' ? '' : `${fields.split('|').join('\r\n')}\r\n`
  const text = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`, 'latin1')
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  assert.equal(head.feed(text, 0, text.length), text.length)
  return head
}

function read(fields: string, settings: Partial<PropagationSettings> = {}): string {
  return show(makePropagation(settings), headOf(fields))
}

function show(propagation: Propagation, head: Head): string {
  const found = propagation.extract(head)
  if (found === null) return 'none'
  const trace =
    found.traceId === null
      ? 'null'
      : Buffer.from(found.traceId)
          .toString('hex')
          .replace(/^0{16}/, '')
  const parent = found.parentId === null ? 'null' : Buffer.from(found.parentId).toString('hex')
  return `${found.format} ${trace} ${parent} ${found.sampled}${found.debug ? ' debug' : ''}`
}

function sent(fields: string, settings: Partial<PropagationSettings>): string[] {
  const head = headOf(fields)
  const propagation = makePropagation(settings)
  propagation.inject(head, IDS, propagation.extract(head))
  return listFields(head)
    .slice(1)
    .map(([name, value]) => `${name}: ${value}`)
}
