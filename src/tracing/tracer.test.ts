/** Who decides whether an exchange is traced, what its target is told, and whose the trace is to ship. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import type { Exchange } from '../contract/exchange.ts'
import { getField, getFields } from '../http1/fields.ts'
import type { PropagationSettings } from './propagation/propagation.ts'
import { Tracer } from './tracer.ts'

const W3C: PropagationSettings = {
  extract: ['b3', 'w3c'],
  clear: [],
  inject: ['preserve'],
  defaultFormat: 'w3c',
}
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

function tracer(ratio: number, tellsTries = true): Tracer {
  return new Tracer(W3C, ratio, randomBytes, tellsTries)
}

function request(lines = '', id = randomBytes(16)): Exchange {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${lines}`)
  x.requestId.write(id.toString('hex'), 'latin1')
  return x
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString('hex')
}

function asked(flags: string): Exchange {
  return request(`traceparent: 00-${TRACE}-${PARENT}-${flags}\n`)
}

test('a trace that begins here has the id of the request', () => {
  const x = request()
  tracer(1).start(x)
  assert.equal(hex(x.trace!.traceId), x.requestId.latin1Slice(0, 32))
  assert.deepEqual([x.trace!.parentId, x.trace!.isAsked], [null, false])
  assert.notEqual(hex(x.trace!.spanId), hex(x.trace!.tryId))
})

test('the flag of who asks wins over any ratio, both ways', () => {
  const traced = asked('01')
  tracer(0).start(traced)
  assert.deepEqual([hex(traced.trace!.traceId), hex(traced.trace!.parentId)], [TRACE, PARENT])
  assert.ok(tracer(0).keeps(traced))
  const untraced = asked('00')
  tracer(1).start(untraced)
  assert.equal(untraced.trace, null)
})

test('where who asks says nothing, the id of its trace decides by the ratio', () => {
  for (const ratio of [0, 1]) {
    const x = request(`X-B3-TraceId: ${TRACE}\nX-B3-SpanId: ${PARENT}\n`)
    tracer(ratio).start(x)
    assert.equal(x.trace === null, ratio === 0)
    if (x.trace !== null) assert.deepEqual([hex(x.trace.traceId), x.trace.isAsked], [TRACE, false])
  }
})

test('the same id is decided alike by all, and a larger share takes all that a smaller one does', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (id, one, other) => {
        const takes = (ratio: number): boolean => {
          const x = request('', Buffer.from(id))
          tracer(ratio).start(x)
          return x.trace !== null
        }
        assert.equal(takes(one), takes(one))
        if (takes(Math.min(one, other))) assert.ok(takes(Math.max(one, other)))
      },
    ),
  )
})

test('many configurations trace no more of a route than its own would alone', () => {
  const own = tracer(0.1)
  const others = [tracer(0.5), tracer(0.1), tracer(0.05)]
  let kept = 0
  for (let i = 0; i < 4000; i++) {
    const id = Buffer.alloc(16)
    // Evenly over what the ratio looks at.
    id.writeUIntBE(Math.floor(((i + 0.5) / 4000) * 2 ** 48), 10, 6)
    const x = request('', id)
    for (const each of [...others, own]) each.start(x)
    if (own.keeps(x)) kept++
  }
  assert.equal(kept, 400)
})

test('a trace of another configuration is no one’s until one that applies keeps it', () => {
  const x = request('', Buffer.alloc(16, 0xff))
  tracer(1).start(x)
  assert.equal(x.trace!.isKept, false)
  const applies = tracer(0)
  applies.tell(x)
  assert.equal(x.trace!.isKept, false)
  assert.match(getField(x.request, 'traceparent') ?? '', /-00$/)
  const alsoApplies = tracer(1)
  alsoApplies.tell(x)
  assert.equal(x.trace!.isKept, true)
  assert.match(getField(x.request, 'traceparent') ?? '', /-01$/)
  assert.equal(getFields(x.request, 'traceparent').length, 1)
})

test('the target hangs under its try, or under the whole where tries have no spans', () => {
  for (const tellsTries of [true, false]) {
    const x = request()
    const each = tracer(1, tellsTries)
    each.start(x)
    each.tell(x)
    const parent = tellsTries ? x.trace!.tryId : x.trace!.spanId
    assert.equal(getField(x.request, 'traceparent'), `00-${hex(x.trace!.traceId)}-${hex(parent)}-01`)
  }
})

test('a request that is not traced goes on in the trace it came with, under its own parent', () => {
  const x = asked('00')
  const each = tracer(1)
  each.start(x)
  each.tell(x)
  assert.equal(getField(x.request, 'traceparent'), `00-${TRACE}-${PARENT}-00`)
  assert.equal(each.traceIdText(x), TRACE)
})

test('requests that are not traced and came without a trace are told ids of their own', () => {
  const each = tracer(0)
  const told = new Set<string>()
  for (let i = 0; i < 300; i++) {
    const x = request()
    each.start(x)
    each.tell(x)
    const line = getField(x.request, 'traceparent') ?? ''
    assert.match(line, new RegExp(`^00-${x.requestId.latin1Slice(0, 32)}-[0-9a-f]{16}-00$`))
    told.add(line)
  }
  assert.equal(told.size, 300)
})

test('what one request tells its target is not what another one tells, also where their heads are used again', () => {
  const tracing = tracer(0)
  const heads = [request(), request()]
  for (let round = 0; round < 3; round++) {
    for (const x of heads) {
      x.reset()
      x.requestId.write(randomBytes(16).toString('hex'), 'latin1')
      tracing.start(x)
    }
    for (const x of heads) tracing.tell(x)
    for (const x of heads) {
      const [trace, span] = getField(x.request, 'traceparent')!.split('-').slice(1)
      assert.equal(trace, x.requestId.latin1Slice(0, 32))
      assert.match(span!, /^[0-9a-f]{16}$/)
    }
  }
  assert.notEqual(getField(heads[0]!.request, 'traceparent'), getField(heads[1]!.request, 'traceparent'))
})

test('two that tell the target of one request leave one field each, whatever length its ids have', () => {
  const settings: PropagationSettings = { ...W3C, inject: ['w3c', 'b3'] }
  const long = new Tracer(settings, 0, randomBytes)
  const short = new Tracer(settings, 0, randomBytes)
  short.useShortIds()
  const x = request()
  for (const tracing of [long, short, long, short]) {
    tracing.start(x)
    tracing.tell(x)
    for (const name of ['traceparent', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'])
      assert.equal(getFields(x.request, name).length, 1, name)
    const id = x.requestId.latin1Slice(tracing === short ? 16 : 0, 32)
    assert.equal(getField(x.request, 'x-b3-traceid'), id)
  }
})

test('those that decide alike have one key, and where rate, ids or formats differ they have another', () => {
  const short = tracer(0.5)
  short.useShortIds()
  const b3Only = new Tracer({ ...W3C, extract: ['b3'] }, 0.5, randomBytes)
  const keys = [tracer(0.5), tracer(0.25), short, b3Only].map((each) => each.startKey)
  assert.equal(new Set(keys).size, 4)
  const other = new Tracer({ ...W3C, inject: ['b3'], clear: ['x'] }, 0.5, randomBytes, false)
  assert.equal(other.startKey, keys[0])
})
