/** A pooled object that comes back from `reset` is as good as new: nothing of one request reaches the next. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exchange } from '../../src/contract/exchange.ts'
import { TryLog } from '../../src/contract/record/try-log.ts'
import { Head, KIND_REQUEST, KIND_RESPONSE, KIND_TRAILERS } from '../../src/http1/head.ts'
import { REQUEST_LIMITS } from '../../src/http1/limits.ts'

/** Memory kept for reuse; nothing reads its old content, because other fields say how much of it counts. */
const KEPT = new Set([
  'Exchange.replay',
  'Exchange.scratch',
  'Exchange.requestId',
  'Head.bytes',
  'Head.rewritten',
  'Head.spans',
  'TryLog.statuses',
  'TryLog.queued',
])

type Fields = Record<string, unknown>

function fieldsOf(thing: object): Fields {
  return thing as unknown as Fields // read by name here, because the point is to miss none
}

/** Puts something else into every field, so that a field `reset` forgets shows. */
function soil(thing: object): void {
  const fields = fieldsOf(thing)
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (KEPT.has(`${thing.constructor.name}.${name}`) || name === 'limits' || name === 'kind') continue
    if (value instanceof Head || value instanceof TryLog) soil(value)
    else if (Array.isArray(value)) value.push('left over')
    else
      fields[name] =
        typeof value === 'number' ? value + 77 : typeof value === 'boolean' ? !value : 'left over'
  }
}

function compare(used: object, fresh: object): void {
  const owner = fresh.constructor.name
  const [before, after] = [fieldsOf(fresh), fieldsOf(used)]
  assert.deepEqual(Object.keys(after), Object.keys(before), `${owner}: the same fields in the same order`)
  for (const name of Object.keys(before)) {
    if (KEPT.has(`${owner}.${name}`)) continue
    if (before[name] instanceof Head || before[name] instanceof TryLog)
      compare(after[name] as object, before[name])
    else assert.deepEqual(after[name], before[name], `${owner}.${name} is set back by reset()`)
  }
}

test('Exchange.reset leaves exactly what the constructor made', () => {
  const used = new Exchange(REQUEST_LIMITS)
  soil(used)
  used.reset()
  compare(used, new Exchange(REQUEST_LIMITS))
})

test('Head.reset leaves exactly what the constructor made, for requests, responses and trailers', () => {
  for (const kind of [KIND_REQUEST, KIND_RESPONSE, KIND_TRAILERS]) {
    const used = new Head(kind, REQUEST_LIMITS)
    soil(used)
    used.reset()
    compare(used, new Head(kind, REQUEST_LIMITS))
  }
})

test('reset sets the fields of an Exchange in the order they are declared', () => {
  const set: string[] = []
  const watched = new Proxy(new Exchange(REQUEST_LIMITS), {
    set(target, name, value): boolean {
      set.push(String(name))
      return Reflect.set(target, name, value)
    },
  })
  Exchange.prototype.reset.call(watched)
  const declared = Object.keys(new Exchange(REQUEST_LIMITS)).filter((name) => set.includes(name))
  assert.deepEqual(set, declared)
})
