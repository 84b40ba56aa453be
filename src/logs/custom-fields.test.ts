/** What an operator may add to log lines, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { validate } from '../config/validate.ts'
import { s, type Value } from '../contract/schema.ts'
import { CustomFields, customFields } from './custom-fields.ts'
import { LogHandler } from './log-handler.ts'

const REQUEST = 'GET /a?page=2 HTTP/1.1\nHost: a\nX-Tenant: Z\xc3\xbcrich\n'

function extras(fields: Record<string, string>, said: string[] = []): (string | null)[] {
  const custom = new CustomFields(fields, (field, problem) => said.push(`${field}: ${problem}`))
  custom.extrasOf(exchangeOf(REQUEST))
  return [...custom.extrasOf(exchangeOf(REQUEST))]
}

test('templates are worked out for each exchange, others are as they stand', () => {
  assert.deepEqual(
    extras({ tenant: '$(headers["x-tenant"])', team: 'öffentlich', page: 'p$(query_params.page)' }),
    ['tenant', 'Zürich', 'team', 'öffentlich', 'page', 'p2'],
  )
})

test('what comes to nothing takes the field out', () => {
  assert.deepEqual(extras({ service: '', request: '$(headers.nobody)' }), ['service', null, 'request', null])
})

test('a template that fails is nothing, and is told once', () => {
  const said: string[] = []
  assert.deepEqual(extras({ a: '$(headers.nobody .. "x")', b: '1' }, said), ['a', null, 'b', '1'])
  assert.deepEqual(said, ["a: attempt to concatenate a nil value (field 'nobody')"])
})

test('Lua is refused with a hint at what there is instead, but not an empty map of it', () => {
  const schema = s.record(customFields)
  const messages = (value: Value) => validate(schema, value).findings.map(({ message }) => message)
  assert.deepEqual(messages({ custom_fields_by_lua: { a: 'return 1' } }), [
    'Lua is not run here: use custom_fields, a map of names and templates such as $(headers["x-tenant"])',
  ])
  assert.deepEqual(messages({ custom_fields_by_lua: {} }), [])
  assert.deepEqual(messages({ custom_fields: { a: '$(b' } }), [])
  assert.match(messages({ custom_fields: { a: '$(b +)' } })[0] ?? '', /^the template can't be read: /)
})

test('a handler puts each exchange into its sink, and closes it', () => {
  const told: string[] = []
  const sink = {
    put: (_: unknown, given: readonly (string | null)[] | null) => told.push(JSON.stringify(given)),
    close: () => told.push('closed'),
  }
  new LogHandler(sink, null).onLog(exchangeOf())
  const handler = new LogHandler(sink, { a: '1' })
  handler.onLog(exchangeOf())
  handler.close()
  assert.deepEqual(told, ['null', '["a","1"]', 'closed'])
})
