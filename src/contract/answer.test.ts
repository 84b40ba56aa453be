/** A plugin's own answer, as the flow finds it in the exchange. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../base/faults.ts'
import { getFields, setField } from '../http1/fields.ts'
import { REQUEST_LIMITS } from '../http1/limits.ts'
import { answer, exitJson } from './answer.ts'
import { Exchange } from './exchange.ts'

test('an answer is a status, a body with its length, and its type', () => {
  const x = new Exchange(REQUEST_LIMITS)
  x.fault = faults.PLUGIN_FAILED
  answer(x, 201, 'é', 'text/plain; charset=utf-8')
  assert.deepEqual([x.status, x.responseLength, x.fault, x.proxied], [201, 2, faults.NONE, false])
  assert.deepEqual(getFields(x.response, 'content-type'), ['text/plain; charset=utf-8'])
})

test('a later answer takes the place of an earlier one and keeps other fields', () => {
  const x = new Exchange(REQUEST_LIMITS)
  answer(x, 200, 'long enough', 'text/plain')
  setField(x.response, 'Retry-After', '3')
  answer(x, 204, '', null)
  assert.deepEqual([x.status, x.responseLength, x.answerBody.length], [204, 0, 0])
  assert.deepEqual([getFields(x.response, 'content-type'), getFields(x.response, 'retry-after')], [[], ['3']])
})

test('the short form of a message is exactly its JSON', () => {
  const x = new Exchange(REQUEST_LIMITS)
  exitJson(x, 403, 'not "you"')
  assert.equal(Buffer.from(x.answerBody).toString(), '{"message":"not \\"you\\""}')
  assert.deepEqual(getFields(x.response, 'content-type'), ['application/json; charset=utf-8'])
})
