/** Fields by name, and edits that plugins make. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequest } from '../../test/kit/codec-rig.ts'
import { Outbox } from '../base/outbox.ts'
import { AddedField } from './added-field.ts'
import {
  addField,
  getField,
  getFields,
  listFields,
  makeConstantField,
  makeFieldStart,
  removeField,
  setField,
} from './fields.ts'
import { Head, KIND_RESPONSE } from './head.ts'
import { RESPONSE_LIMITS } from './limits.ts'
import { bit } from './names.ts'

function head(): Head {
  return readRequest('GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nCookie: c\r\na: 2\r\n\r\n').head
}

function sent(from: Head): string {
  const out = new Outbox()
  from.putFields(out, 0)
  return out.bytes.toString('latin1', 0, out.used)
}

test('fields are found by name in any case', () => {
  assert.equal(getField(head(), 'a'), '1')
  assert.deepEqual(getFields(head(), 'a'), ['1', '2'])
  assert.equal(getField(head(), 'b'), null)
})

test('a removed field is neither found nor sent, and no longer counts as present', () => {
  const edited = head()
  removeField(edited, 'a')
  removeField(edited, 'cookie')
  assert.equal(getField(edited, 'a'), null)
  assert.equal(edited.present & bit('cookie'), 0)
  assert.equal(sent(edited), 'Host: h\r\n')
  assert.deepEqual(listFields(edited), [['Host', 'h']])
})

test('a field that is set replaces all of its name, and one that is added stands beside them', () => {
  const edited = head()
  setField(edited, 'A', '3')
  addField(edited, 'a', '4')
  assert.deepEqual(getFields(edited, 'a'), ['3', '4'])
  assert.equal(sent(edited), 'Host: h\r\nCookie: c\r\nA: 3\r\na: 4\r\n')
  setField(edited, 'a', '5')
  assert.deepEqual(getFields(edited, 'a'), ['5'])
})

test('no edit can smuggle a line or a field into the head', () => {
  for (const value of ['a\r\nB: c', 'a\nb', 'a\rb', 'a\0', '\x7f', '\u0100', '\u010a'])
    assert.throws(() => addField(head(), 'X', value), RangeError, JSON.stringify(value))
  for (const name of ['', 'a b', 'a:', 'a\r\n', '\u0100', '\xe9', '\u0141'])
    assert.throws(() => addField(head(), name, 'v'), RangeError, JSON.stringify(name))
  addField(head(), 'X', 'a\tb \xff')
})

test('a field whose bytes were made beforehand is sent, read and removed like any other', () => {
  const own = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
  const constant = makeConstantField('X-Limit', '5')
  for (const count of [0, 9, 10, 2 ** 31 - 1]) {
    own.reset()
    own.added.push(constant, new AddedField('X-Left', '', makeFieldStart('X-Left'), count))
    const out = new Outbox()
    own.putFields(out, 0)
    assert.equal(out.bytes.latin1Slice(0, out.used), `X-Limit: 5\r\nX-Left: ${count}\r\n`)
    assert.deepEqual(listFields(own), [
      ['X-Limit', '5'],
      ['X-Left', String(count)],
    ])
  }
  removeField(own, 'x-limit')
  assert.equal(getField(own, 'x-limit'), null)
  assert.throws(() => makeConstantField('X-Limit', 'a\r\nb'), RangeError)
})
