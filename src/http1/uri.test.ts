/** What a path looks like to the router, and to the target. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../base/outbox.ts'
import { escapePath, normalizePath } from './uri.ts'

test('an encoded character that needs no encoding is the character: /%66oo is /foo', () => {
  assert.equal(normal('/%66oo'), '/foo')
  assert.equal(normal('/%7Euser/%2D%5F'), '/~user/-_')
})

test('an encoded reserved character stays encoded, with its digits in upper case', () => {
  assert.equal(normal('/foo%2fbar'), '/foo%2Fbar')
  assert.equal(normal('/a%3f%25%23%5b'), '/a%3F%25%23%5B')
})

test('a byte that is neither reserved nor unreserved is decoded too', () => {
  assert.equal(normal('/a%20b%c3%a9%00'), '/a b\xc3\xa9\0')
})

test('slashes merge', () => {
  assert.equal(normal('//foo'), '/foo')
  assert.equal(normal('/a///b//'), '/a/b/')
})

test('dot segments are taken out, also when the dots are encoded', () => {
  assert.equal(normal('/a/../b'), '/b')
  assert.equal(normal('/a/./b/.'), '/a/b/')
  assert.equal(normal('/a/b/..'), '/a/')
  assert.equal(normal('/a/%2e%2E/b'), '/b')
  assert.equal(normal('/a/.%2e/b'), '/b')
  assert.equal(normal('/a//../b'), '/b')
})

test('dots inside a segment are ordinary', () => {
  assert.equal(normal('/a./..b/...'), '/a./..b/...')
  assert.equal(normal('/route%2E%2E/req'), '/route../req')
})

test('a path that climbs above the root is refused', () => {
  for (const path of ['/..', '/../a', '/a/../../b', '/%2e%2e', '//..']) assert.equal(normal(path), null)
})

test('a broken percent triplet is refused', () => {
  for (const path of ['/%', '/a%2', '/%zz', '/%2g', '/a%%41']) assert.equal(normal(path), null)
})

test('an empty path is the root, and one without a slash is refused', () => {
  assert.equal(normal(''), '/')
  assert.equal(normal('*'), null)
})

const pathPiece = fc.constantFrom(
  '/',
  '.',
  '..',
  'a',
  'B',
  '%2e',
  '%2E',
  '%2f',
  '%41',
  '%',
  '%4',
  '%zz',
  ' ',
  '\xe9',
  '%20',
)
const anyPath = fc.array(pathPiece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)

test('any path: agrees with the rule written out over strings', () => {
  fc.assert(fc.property(anyPath, (path) => assert.equal(normal(path), plain(path))))
})

test('any path: normal form is its own normal form, and no longer than what was sent', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const once = normal(path)
      if (once === null) return
      assert.equal(normal(once), once)
      assert.ok(once.length <= path.length)
    }),
  )
})

test('any path: escaped for the wire and read again, it is the same path', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const once = normal(path)
      if (once !== null) assert.equal(normal(escaped(once)), once)
    }),
  )
})

test('what reaches the target holds no byte that could break its request line', () => {
  assert.equal(
    escaped('/a b\r\n"<>\\^`{|}\xe9\0'),
    '/a%20b%0D%0A%22%3C%3E%5C%5E%60%7B%7C%7D%C3%A9%00'.replace('%C3%A9', '%E9'),
  )
  assert.equal(escaped("/!#$&'()*+,:;=?@[]-_.~%2F09azAZ"), "/!#$&'()*+,:;=?@[]-_.~%2F09azAZ")
  for (let byte = 0; byte < 256; byte++) assert.match(escaped(String.fromCharCode(byte)), /^[!-~]+$/)
})

function normal(path: string): string | null {
  const source = Buffer.from(`xx${path}yy`, 'latin1')
  const into = Buffer.alloc(path.length + 1, 0xaa)
  const length = normalizePath(source, 2, source.length - 2, into)
  return length < 0 ? null : into.latin1Slice(0, length)
}

function escaped(path: string): string {
  const out = new Outbox()
  out.putLatin1('x')
  const source = Buffer.from(path, 'latin1')
  escapePath(source, 0, source.length, out)
  return out.bytes.latin1Slice(1, out.used)
}

/** The rule as one reads it: decode, then walk the segments. */
function plain(path: string): string | null {
  if (/%(?![0-9a-f]{2})/i.test(path)) return null
  const decoded = path.replace(/%(..)/g, (triplet, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16))
    return "!*'();:@&=+$,/?%#[]".includes(char) ? triplet.toUpperCase() : char
  })
  const kept: string[] = []
  const segments = decoded.split('/').slice(1)
  for (const segment of segments.slice(0, -1)) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') kept.push(segment)
    else if (kept.pop() === undefined) return null
  }
  const last = segments.at(-1)!
  if (last === '..' && kept.pop() === undefined) return null
  const tail = last === '.' || last === '..' ? '' : last
  return `/${kept.map((segment) => `${segment}/`).join('')}${tail}`
}
