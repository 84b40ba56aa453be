/** The cases of W3C's trace-context test suite by its names: which traces go on, and whether their state does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listFields } from '../../http1/fields.ts'
import { Head, KIND_REQUEST } from '../../http1/head.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { Propagation } from './propagation.ts'

const TRACE = '12345678901234567890123456789012'
const SPAN = '1234567890123456'
const NEXT = Buffer.from('aaaaaaaaaaaaaaaa', 'hex')

/** True: the trace goes on. */
const TRACEPARENTS: readonly [name: string, goesOn: boolean, ...values: string[]][] = [
  ['traceparent_included', true, `00-${TRACE}-${SPAN}-01`],
  ['traceparent_duplicated', false, `00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-00`],
  ['traceparent_version_0x00: nothing behind it', false, `00-${TRACE}-${SPAN}-01.`],
  ['traceparent_version_0x00: no more parts', false, `00-${TRACE}-${SPAN}-01-what-the-future-will-be-like`],
  ['traceparent_version_0xcc', true, `cc-${TRACE}-${SPAN}-01`],
  ['traceparent_version_0xcc: more parts', true, `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`],
  ['traceparent_version_0xcc: no part', false, `cc-${TRACE}-${SPAN}-01.what-the-future-will-not-be-like`],
  ['traceparent_version_0xff', false, `ff-${TRACE}-${SPAN}-01`],
  ['traceparent_version_illegal_characters: dot', false, `.0-${TRACE}-${SPAN}-01`],
  ['traceparent_version_illegal_characters: letter', false, `0x-${TRACE}-${SPAN}-01`],
  ['traceparent_version_too_long', false, `000-${TRACE}-${SPAN}-01`],
  ['traceparent_version_too_short', false, `0-${TRACE}-${SPAN}-01`],
  ['traceparent_trace_id_all_zero', false, `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['traceparent_trace_id_illegal_characters: dot', false, `00-.${TRACE.slice(1)}-${SPAN}-01`],
  ['traceparent_trace_id_illegal_characters: upper case', false, `00-${TRACE.slice(1)}A-${SPAN}-01`],
  ['traceparent_trace_id_too_long', false, `00-${TRACE}3-${SPAN}-01`],
  ['traceparent_trace_id_too_short', false, `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['traceparent_parent_id_all_zero', false, `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['traceparent_parent_id_illegal_characters', false, `00-${TRACE}-.${SPAN.slice(1)}-01`],
  ['traceparent_parent_id_too_long', false, `00-${TRACE}-${SPAN}7-01`],
  ['traceparent_parent_id_too_short', false, `00-${TRACE}-${SPAN.slice(1)}-01`],
  ['traceparent_trace_flags_illegal_characters: dot', false, `00-${TRACE}-${SPAN}-.0`],
  ['traceparent_trace_flags_illegal_characters: letter', false, `00-${TRACE}-${SPAN}-0x`],
  ['traceparent_trace_flags_too_long', false, `00-${TRACE}-${SPAN}-001`],
  ['traceparent_trace_flags_too_short', false, `00-${TRACE}-${SPAN}-1`],
  ['traceparent_ows_handling', true, ` \t00-${TRACE}-${SPAN}-01\t `],
  ['traceparent: empty', false, ''],
]

test('the cases of traceparent', () => {
  for (const [name, goesOn, ...values] of TRACEPARENTS) {
    const fields = values.map((value) => `traceparent: ${value}`)
    assert.equal(pass(fields).traceId, goesOn ? TRACE : 'new', name)
  }
})

test('traceparent_header_name: its case does not matter', () => {
  assert.equal(pass([`TrAcEpArEnT: 00-${TRACE}-${SPAN}-01`]).traceId, TRACE)
  assert.equal(pass([`trace-parent: 00-${TRACE}-${SPAN}-01`]).traceId, 'new')
})

const members = (count: number) => Array.from({ length: count }, (_, i) => `bar${i}=1`).join(',')

/** True: it is passed on as it came. */
const TRACESTATES: readonly [name: string, stays: boolean, ...values: string[]][] = [
  ['tracestate_included_traceparent_included', true, 'foo=1', 'bar=2'],
  ['tracestate_header_name, multiple_headers', true, 'foo=1,bar=2', 'rojo=1,congo=2'],
  ['tracestate_empty_header', true, 'foo=1', ''],
  ['tracestate_empty_header: before', true, '', 'foo=1'],
  ['tracestate_duplicated_keys: inherited', true, 'foo=1,foo=2'],
  ['tracestate_all_allowed_characters', true, `${'abcdefghijklmnopqrstuvwxyz0123456789_-*/'}=${printable()}`],
  ['tracestate_ows_handling', true, 'foo=1 \t , \t bar=2, \t baz=3'],
  ['tracestate_member_count_limit: 32', true, members(32)],
  ['tracestate_member_count_limit: 33', false, members(33)],
  ['tracestate_member_count_limit: 33 in two', false, members(32), 'foo=1'],
  ['tracestate_key_illegal_characters: space', false, 'foo =1'],
  ['tracestate_key_illegal_characters: upper case', false, 'FOO=1'],
  ['tracestate_key_illegal_characters: dot', false, 'foo.bar=1'],
  ['tracestate_key_illegal_vendor_format: none', false, 'foo@=1,bar=2'],
  ['tracestate_key_illegal_vendor_format: no tenant', false, '@foo=1,bar=2'],
  ['tracestate_key_illegal_vendor_format: two', false, 'foo@@bar=1,bar=2'],
  ['tracestate_key_illegal_vendor_format: three parts', false, 'foo@bar@baz=1,bar=2'],
  ['tracestate_key_length_limit: 256', true, `${'z'.repeat(256)}=1`],
  ['tracestate_key_length_limit: 257', false, `${'z'.repeat(257)}=1`],
  ['tracestate_key_length_limit: 241@14', true, `${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
  ['tracestate_key_length_limit: 242@14', false, `${'t'.repeat(242)}@v=1`],
  ['tracestate_key_length_limit: 241@15', false, `t@${'v'.repeat(15)}=1`],
  ['tracestate_value_illegal_characters: equals sign', false, 'foo=bar=baz'],
  ['tracestate_value_illegal_characters: none', false, 'foo=,bar=3'],
  ['tracestate: a value of 256', true, `foo=${'a'.repeat(256)}`],
  ['tracestate: a value of 257', false, `foo=${'a'.repeat(257)}`],
]

test('the cases of tracestate', () => {
  for (const [name, stays, ...values] of TRACESTATES) {
    const fields = values.map((value) => `tracestate: ${value}`)
    const { traceId, state } = pass([`traceparent: 00-${TRACE}-${SPAN}-01`, ...fields])
    assert.equal(traceId, TRACE, name)
    assert.deepEqual(state, stays ? values : [], name)
  }
})

test('tracestate_included_traceparent_missing, and beside one that is not valid: it is dropped', () => {
  assert.deepEqual(pass(['tracestate: foo=1', 'tracestate: bar=2']).state, [])
  assert.deepEqual(pass([`traceparent: 00-${TRACE}-${SPAN}-1`, 'tracestate: foo=1']).state, [])
})

// the rig

function printable(): string {
  const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
  return all.replace(',', '').replace('=', '')
}

/** What the target is told: the client's trace id or 'new', and the state. */
function pass(fields: readonly string[]): { traceId: string; state: string[] } {
  const text = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`)
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  assert.equal(head.feed(text, 0, text.length), text.length)
  const propagation = new Propagation({
    extract: ['w3c'],
    clear: [],
    inject: ['preserve'],
    defaultFormat: 'w3c',
  })
  const found = propagation.extract(head)
  const traceId = found?.traceId ?? Buffer.alloc(16, 1)
  propagation.inject(head, { traceId, spanId: NEXT, parentId: null, sampled: true }, found)
  const sent = listFields(head)
  const parents = sent.filter(([name]) => name.toLowerCase() === 'traceparent')
  assert.equal(parents.length, 1)
  const own = parents[0]![1].slice(3, 35)
  const state = sent.filter(([name]) => name === 'tracestate').map(([, value]) => value)
  return { traceId: own === '01'.repeat(16) ? 'new' : own, state }
}
