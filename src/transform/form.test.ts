/** Forms, and parts of multipart bodies, after their rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TemplateError } from '../templates/lua-value.ts'
import type { Edits } from './edits.ts'
import { editForm, readForm, rewriteForm } from './form.ts'
import { editMultipart } from './multipart.ts'

const NONE: Edits = { remove: [], rename: [], replace: [], add: [], append: [] }

for (const [what, form, edits, expected] of [
  [
    'a field is taken out, the others stay as they came',
    'a=1&b=%7e+x&a=2&&c',
    { remove: ['a'] },
    'b=%7e+x&c',
  ],
  ['an encoded name is the same name', '%61=1&b=2', { remove: ['a'] }, 'b=2'],
  ['a field gets another name', 'a=1&b=2&a', { rename: [['a', 'x y']] }, 'x%20y=1&b=2&x%20y'],
  ['one value replaces all', 'a=1&b=2&a=3', { replace: [['a', 'é&']] }, 'a=%E9%26&b=2'],
  ['what is there is not added', 'a=1', { add: [['a', '2']] }, null],
  ['what is missing is', 'a=1', { add: [['b', '2']] }, 'a=1&b=2'],
  ['appended fields come last', 'a=1&b=2', { append: [['a', '3']] }, 'a=1&b=2&a=3'],
  ['nothing becomes a form', '', { add: [['a', '']] }, 'a='],
] as const) {
  test(what, () => assert.equal(editForm(form, { ...NONE, ...(edits as Partial<Edits>) }), expected))
}

test('a form that is written anew has what URLSearchParams reads in it', () => {
  const form = fc
    .array(fc.constantFrom('a', 'b[1]', '%C3%A9', '+', '=', '&', '%', '%2', '%26', '~', "'", '('))
    .map((parts) => Buffer.from(parts.join('')).toString('latin1'))
  fc.assert(
    fc.property(form, (text) => {
      const rewritten = rewriteForm(readForm(text, null))
      assert.match(rewritten, /^[A-Za-z0-9._~%&=-]*$/)
      const read = (query: string) => [...new URLSearchParams(query)]
      assert.deepEqual(read(rewritten), read(Buffer.from(text, 'latin1').toString()))
    }),
  )
})

const TYPE = 'multipart/form-data; boundary="b b"'
const FILE = '--b b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n\x00\xff\r\n'
const PARTS = `pre\r\n--b b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n${FILE}--b b--\r\nafter`

function plain(name: string, value: string): string {
  return `--b b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

for (const [what, edits, expected] of [
  ['a part is taken out', { remove: ['a'] }, `pre\r\n${FILE}--b b--\r\nafter`],
  ['a part gets another name', { rename: [['a', 'c']] }, `pre\r\n${plain('c', '1')}${FILE}--b b--\r\nafter`],
  [
    'a part gets another value',
    { replace: [['a', '2']] },
    `pre\r\n${plain('a', '2')}${FILE}--b b--\r\nafter`,
  ],
  ['a part is added', { add: [['"', '2']] }, PARTS.replace('--b b--', `${plain('%22', '2')}--b b--`)],
  ['renaming comes first', { remove: ['c'], rename: [['a', 'c']] }, `pre\r\n${FILE}--b b--\r\nafter`],
  ['there is no append', { append: [['a', '2']] }, null],
] as const) {
  test(`multipart: ${what}, the others stay as they came`, () => {
    const edited = editMultipart(Buffer.from(PARTS, 'latin1'), TYPE, {
      ...NONE,
      ...(edits as Partial<Edits>),
    })
    assert.equal(edited === null ? null : edited.toString('latin1'), expected)
  })
}

test('multipart: a body that is broken or names no boundary stays as it is', () => {
  const edits = { ...NONE, add: [['x', '1'] as const] }
  assert.equal(editMultipart(Buffer.from('no parts'), TYPE, edits), null)
  assert.equal(editMultipart(Buffer.from(PARTS), 'multipart/form-data', edits), null)
})

test('multipart: a body without parts gets its first one', () => {
  const edits = { ...NONE, add: [['x', '1'] as const] }
  for (const empty of ['', '--b b--', '\r\n--b b--\r\n'])
    assert.equal(editMultipart(Buffer.from(empty), TYPE, edits)?.toString(), `${plain('x', '1')}--b b--\r\n`)
})

test('multipart: a value that would end its part and begin another is refused', () => {
  const value = '1\r\n--b b\r\nContent-Disposition: form-data; name="admin"\r\n\r\n1'
  assert.throws(
    () => editMultipart(Buffer.from(PARTS), TYPE, { ...NONE, add: [['x', value]] }),
    TemplateError,
  )
})
