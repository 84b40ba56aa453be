/** Which lists of fields are requests, and the HTTP/1.1 heads they become. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestFields } from './request-fields.ts'

type Pair = readonly [name: string, value: string]

const fields = new RequestFields()

/** The head as text, or null for what is no request. */
function headOf(pairs: readonly Pair[], isTrailers = false): string | null {
  fields.reset(isTrailers)
  for (const [name, value] of pairs) {
    const bytes = Buffer.from(`##${name}##`, 'latin1')
    const values = Buffer.from(`###${value}###`, 'latin1')
    fields.field(bytes, 2, bytes.length - 2, values, 3, values.length - 3)
  }
  return fields.finish() ? fields.text.bytes.latin1Slice(0, fields.text.used) : null
}

const METHOD: Pair = [':method', 'GET']
const SCHEME: Pair = [':scheme', 'http']
const AUTHORITY: Pair = [':authority', 'a:81']
const PATH: Pair = [':path', '/p?q']
const LINE = [METHOD, SCHEME, AUTHORITY, PATH]
const HEAD = 'GET /p?q HTTP/1.1\r\nhost: a:81\r\n'

test('a request becomes the head it would have over HTTP/1.1', () => {
  assert.equal(headOf(LINE), `${HEAD}\r\n`)
  assert.equal(headOf([PATH, AUTHORITY, SCHEME, METHOD]), `${HEAD}\r\n`)
  const more: Pair[] = [
    ['x-a', '1'],
    ['x-b', ''],
    ['te', 'trailers'],
    ['x-c', '\u00e9 \t b'],
  ]
  assert.equal(
    headOf([...LINE, ...more]),
    `${HEAD}x-a: 1\r\nx-b: \r\nte: trailers\r\nx-c: \u00e9 \t b\r\n\r\n`,
  )
  assert.equal(
    headOf([[':method', 'OPTIONS'], SCHEME, AUTHORITY, [':path', '*']]),
    'OPTIONS * HTTP/1.1\r\nhost: a:81\r\n\r\n',
  )
})

test('without :authority it is Host that says it', () => {
  assert.equal(headOf([METHOD, SCHEME, PATH, ['host', 'b']]), 'GET /p?q HTTP/1.1\r\nhost: b\r\n\r\n')
})

test('Host beside :authority may only repeat it', () => {
  assert.equal(headOf([...LINE, ['host', 'A:81']]), `${HEAD}\r\n`)
  for (const host of ['b', 'a', 'a:82', '', 'a:81, b']) assert.equal(headOf([...LINE, ['host', host]]), null)
})

test('CONNECT has an authority and nothing else', () => {
  const connect: Pair = [':method', 'CONNECT']
  assert.equal(headOf([connect, AUTHORITY]), 'CONNECT a:81 HTTP/1.1\r\nhost: a:81\r\n\r\n')
  assert.equal(headOf([connect, AUTHORITY, PATH]), null)
  assert.equal(headOf([connect, AUTHORITY, SCHEME, PATH, [':protocol', 'websocket']]), null)
  assert.equal(headOf([connect]), null)
})

test('cookies that came in pieces are one field', () => {
  const pairs: Pair[] = [
    ['cookie', 'a=1'],
    ['x', 'y'],
    ['cookie', 'b=2'],
    ['cookie', 'c=3; d=4'],
  ]
  assert.equal(headOf([...LINE, ...pairs]), `${HEAD}x: y\r\ncookie: a=1; b=2; c=3; d=4\r\n\r\n`)
})

const wrong: readonly [what: string, pairs: readonly Pair[]][] = [
  ['no fields', []],
  ...LINE.filter((pair) => pair !== AUTHORITY).map((missing): [string, readonly Pair[]] => [
    `without ${missing[0]}`,
    LINE.filter((pair) => pair !== missing),
  ]),
  ...LINE.map((twice): [string, readonly Pair[]] => [`${twice[0]} twice`, [...LINE, twice]]),
  ['a pseudo-field behind another', [METHOD, SCHEME, AUTHORITY, ['x', 'y'], PATH]],
  ['an unknown pseudo-field', [...LINE, [':x', 'y']]],
  ['the pseudo-field of answers', [...LINE, [':status', '200']]],
  ['a pseudo-field in upper case', [METHOD, SCHEME, AUTHORITY, [':Path', '/']]],
  ['an empty path', [METHOD, SCHEME, AUTHORITY, [':path', '']]],
  ['a path without its slash', [METHOD, SCHEME, AUTHORITY, [':path', 'p']]],
  ['an absolute path', [METHOD, SCHEME, AUTHORITY, [':path', 'http://b/']]],
  ['a path with a space', [METHOD, SCHEME, AUTHORITY, [':path', '/ HTTP/1.1']]],
  ['a path with a line', [METHOD, SCHEME, AUTHORITY, [':path', '/ HTTP/1.1\r\nx: y']]],
  ['a method with a space', [[':method', 'GET /x'], SCHEME, AUTHORITY, PATH]],
  ['a method with a line', [[':method', 'GET / HTTP/1.1\r\nhost: b\r\n\r\nGET'], SCHEME, AUTHORITY, PATH]],
  ['an empty method', [[':method', ''], SCHEME, AUTHORITY, PATH]],
  ['an authority with a line', [METHOD, SCHEME, [':authority', 'a\r\nx: y'], PATH]],
  ['an authority with a space', [METHOD, SCHEME, [':authority', 'a b'], PATH]],
  ['another scheme', [METHOD, [':scheme', 'ftp'], AUTHORITY, PATH]],
  ['a scheme with a line', [METHOD, [':scheme', 'http\r\n'], AUTHORITY, PATH]],
  ['an empty name', [...LINE, ['', 'y']]],
  ['a name in upper case', [...LINE, ['X', 'y']]],
  ['a name with a space', [...LINE, ['x ', 'y']]],
  ['a name with a colon', [...LINE, ['x:y', 'z']]],
  ['a name with a line', [...LINE, ['x\r\ny', 'z']]],
  ['a name with a zero', [...LINE, ['x\0', 'z']]],
  ['a name beyond ASCII', [...LINE, ['\u00e9', 'z']]],
  ['a value with CR', [...LINE, ['x', 'a\rb']]],
  ['a value with LF', [...LINE, ['x', 'a\nb']]],
  ['a value with a zero', [...LINE, ['x', 'a\0b']]],
  ['a value that begins with a blank', [...LINE, ['x', ' a']]],
  ['a value that ends with a tab', [...LINE, ['x', 'a\t']]],
  ['a cookie with a line', [...LINE, ['cookie', 'a\r\nx: y']]],
  ['Connection', [...LINE, ['connection', 'x']]],
  ['Keep-Alive', [...LINE, ['keep-alive', '5']]],
  ['Proxy-Connection', [...LINE, ['proxy-connection', 'close']]],
  ['Transfer-Encoding', [...LINE, ['transfer-encoding', 'chunked']]],
  ['Upgrade', [...LINE, ['upgrade', 'h2c']]],
  ['TE other than trailers', [...LINE, ['te', 'gzip']]],
  ['TE with more than trailers', [...LINE, ['te', 'trailers, gzip']]],
]
for (const [what, pairs] of wrong) test(`no request: ${what}`, () => assert.equal(headOf(pairs), null))

test('trailers have no pseudo-fields, and nothing of the connection', () => {
  assert.equal(headOf([['x', 'y']], true), 'x: y\r\n\r\n')
  assert.equal(headOf([METHOD], true), null)
  assert.equal(
    headOf(
      [
        ['x', 'y'],
        ['connection', 'close'],
      ],
      true,
    ),
    null,
  )
})

test('what was wrong with one request is no matter for the next', () => {
  assert.equal(headOf([...LINE, ['X', 'y']]), null)
  assert.equal(headOf(LINE), `${HEAD}\r\n`)
})

test('whatever the fields are, the head has as many lines as there are fields', () => {
  const any = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(fc.array(fc.tuple(any, any)), any, any, (pairs, path, authority) => {
      const all: Pair[] = [METHOD, SCHEME, [':authority', authority], [':path', `/${path}`], ...pairs]
      const text = headOf(all)
      if (text === null) return
      assert.equal(text.split('\r\n').length, 2 + pairs.length + 2)
      assert.equal(/[\0\n\r]/.test(text.replaceAll('\r\n', '')), false)
    }),
  )
})
