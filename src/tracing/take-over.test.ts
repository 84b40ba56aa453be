/** Whose ids an exchange has where configurations read them differently, and the one that opened its trace does not apply. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import type { Exchange } from '../contract/exchange.ts'
import { getField } from '../http1/fields.ts'
import type { ExtractName } from './propagation/format.ts'
import { Tracer } from './tracer.ts'

const ASKED = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '463ac35c9f6413ad48485a3953bb6124'
const PARENT = 'b7ad6b7169203331'

test('a configuration that ignores what comes is not handed it by one that does not', () => {
  const x = request(`traceparent: 00-${ASKED}-${PARENT}-01`)
  const [elsewhere, ignoring] = [tracer(['w3c']), tracer([])]
  elsewhere.start(x)
  ignoring.start(x)
  ignoring.tell(x)
  const own = x.requestId.latin1Slice(0, 32)
  assert.match(getField(x.request, 'traceparent') ?? '', new RegExp(`^00-${own}-`))
  assert.equal(ignoring.traceIdText(x), own)
  assert.ok(ignoring.keeps(x))
  assert.deepEqual([hex(x.trace!.traceId), x.trace!.parentId, x.trace!.isAsked], [own, null, false])
})

test('a client can not have requests recorded where nobody reads what it sends', () => {
  const x = request(`traceparent: 00-${ASKED}-${PARENT}-01`)
  tracer(['w3c']).start(x)
  const ignoring = tracer([], 0)
  ignoring.tell(x)
  assert.equal(ignoring.keeps(x), false)
  assert.match(getField(x.request, 'traceparent') ?? '', /-00$/)
})

test('a client that wants no trace has none where that is read, whatever others have opened', () => {
  const x = request(`traceparent: 00-${ASKED}-${PARENT}-00`)
  tracer([]).start(x)
  const reading = tracer(['w3c'])
  reading.tell(x)
  assert.equal(reading.keeps(x), false)
  assert.equal(getField(x.request, 'traceparent'), `00-${ASKED}-${PARENT}-00`)
})

test('what was noted of the exchange goes along to its new ids', () => {
  const x = request(`traceparent: 00-${ASKED}-${PARENT}-01`)
  tracer([]).start(x)
  x.trace!.begin('router', 1)
  assert.ok(tracer(['w3c']).keeps(x))
  assert.deepEqual([hex(x.trace!.traceId), hex(x.trace!.parentId)], [ASKED, PARENT])
  x.trace!.end(2)
  assert.deepEqual(x.trace!.steps, [{ name: 'router', startMs: 1, endMs: 2 }])
})

test('where one that applies keeps the trace, the next shares it, without the state of another', () => {
  const x = request(`traceparent: 00-${ASKED}-${PARENT}-01\ntracestate: a=1\nb3: ${OTHER}-${PARENT}-1`)
  const [first, second] = [tracer(['b3']), tracer(['w3c'])]
  first.start(x)
  first.tell(x)
  second.tell(x)
  assert.equal(hex(x.trace!.traceId), OTHER)
  assert.equal(getField(x.request, 'traceparent'), `00-${OTHER}-${hex(x.trace!.tryId)}-01`)
  assert.equal(getField(x.request, 'tracestate'), null)
})

test('ids of eight bytes are the second half of the request’s own', () => {
  const x = request('accept: a')
  const short = tracer([])
  short.useShortIds()
  short.start(x)
  assert.equal(hex(x.trace!.traceId), '0'.repeat(16) + x.requestId.latin1Slice(16, 32))
  assert.equal(short.traceIdText(x), x.requestId.latin1Slice(16, 32))
})

// the rig

function tracer(extract: readonly ExtractName[], ratio = 1): Tracer {
  return new Tracer({ extract, clear: [], inject: ['preserve'], defaultFormat: 'w3c' }, ratio, randomBytes)
}

function request(lines: string): Exchange {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${lines}\n`)
  x.requestId.write(randomBytes(16).toString('hex'), 'latin1')
  return x
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString('hex')
}
