/** Request lines and status lines: what is read, and what is refused with which answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequest, readResponse } from '../../test/kit/codec-rig.ts'
import { BAD_VERSION, MALFORMED, MORE } from './answers.ts'

function parts(line: string): {
  method: string
  path: string
  query: string
  authority: string
  odd: boolean
} {
  const { head, answer } = readRequest(`${line}\r\nHost: a\r\n\r\n`)
  assert.ok(answer > 0, line)
  const slice = (start: number, end: number): string => head.bytes.toString('latin1', start, end)
  return {
    method: slice(head.methodStart, head.methodEnd),
    path: slice(head.pathStart, head.pathEnd),
    query: slice(head.pathEnd, head.targetEnd),
    authority: slice(head.authorityStart, head.authorityEnd),
    odd: head.pathOdd,
  }
}

function answerTo(line: string): number {
  return readRequest(`${line}\r\nHost: a\r\n\r\n`).answer
}

test('method, path and query are told apart', () => {
  const simple = { method: 'GET', path: '/a/b.c', query: '?d=/../e?f', authority: '', odd: false }
  assert.deepEqual(parts('GET /a/b.c?d=/../e?f HTTP/1.1'), simple)
  assert.deepEqual(parts('PATCH / HTTP/1.0'), { ...simple, method: 'PATCH', path: '/', query: '' })
})

test('a path that normalisation could change is marked', () => {
  for (const path of ['/a%41', '//', '/a//b', '/./a', '/a/..', '/a/.b', '/a|b', '/a\\b', '/"', '/{a}'])
    assert.equal(parts(`GET ${path} HTTP/1.1`).odd, true, path)
  for (const path of ['/', '/a.b', '/a-b_c~d', '/a?%41//..', "/a;b=c,d@e:f!$&'()*+"])
    assert.equal(parts(`GET ${path} HTTP/1.1`).odd, false, path)
})

test('the absolute form gives authority and path', () => {
  const read = (target: string): unknown => {
    const { authority, path, query } = parts(`GET ${target} HTTP/1.1`)
    return [authority, path, query]
  }
  assert.deepEqual(read('http://example.com:8000/a?b'), ['example.com:8000', '/a', '?b'])
  assert.deepEqual(read('HTTPS://[::1]'), ['[::1]', '', ''])
  assert.deepEqual(read('http://h?q'), ['h', '', '?q'])
})

test('other forms of a target are refused', () => {
  const targets = [
    'a',
    'a/b',
    '*a',
    'ftp://h/',
    'http:/h',
    'http://',
    'http:///a',
    'http',
    'https',
    'h:443',
    '?a',
    'httpx://h/',
  ]
  for (const target of targets) assert.equal(answerTo(`GET ${target} HTTP/1.1`), MALFORMED, target)
})

test('CONNECT is read whatever its target, so that it can be refused by name', () => {
  for (const target of ['example.com:443', '/', 'http://h/', '*'])
    assert.ok(answerTo(`CONNECT ${target} HTTP/1.1`) > 0, target)
})

test('the asterisk is for OPTIONS only', () => {
  assert.equal(parts('OPTIONS * HTTP/1.1').path, '*')
  for (const method of ['GET', 'OPTION', 'OPTIONSS', 'options', 'TRACE'])
    assert.equal(answerTo(`${method} * HTTP/1.1`), MALFORMED, method)
})

test('controls, blanks, fragments and bytes above 127 are refused in a target', () => {
  for (let byte = 0; byte < 256; byte++) {
    const isAllowed = byte > 32 && byte < 127 && byte !== 0x23
    for (const target of [`/a${String.fromCharCode(byte)}b`, `/?${String.fromCharCode(byte)}`]) {
      assert.equal(answerTo(`GET ${target} HTTP/1.1`) > 0, isAllowed, `byte ${byte}`)
    }
  }
})

test('one space and no more stands between the parts of a request line', () => {
  const lines = [
    'GET  / HTTP/1.1',
    'GET /  HTTP/1.1',
    'GET / HTTP/1.1 ',
    ' GET / HTTP/1.1',
    'GET\t/ HTTP/1.1',
  ]
  for (const line of [
    ...lines,
    'GET HTTP/1.1',
    'GET  HTTP/1.1',
    'GET /',
    'GET / ',
    'GET',
    'G(T / HTTP/1.1',
    '\tGET / HTTP/1.1',
  ])
    assert.equal(answerTo(line), MALFORMED, JSON.stringify(line))
})

test('a method has at most 32 bytes', () => {
  assert.ok(answerTo(`${'M'.repeat(32)} / HTTP/1.1`) > 0)
  assert.equal(answerTo(`${'M'.repeat(33)} / HTTP/1.1`), MALFORMED)
  assert.equal(readRequest('M'.repeat(33)).answer, MALFORMED)
})

test('other versions of HTTP are told from what is no HTTP', () => {
  for (const version of ['HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/1.9', 'HTTP/3.0'])
    assert.equal(answerTo(`GET / ${version}`), BAD_VERSION, version)
  for (const version of [
    'http/1.1',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/11',
    'HTTP/3',
    'HTTP/01.01',
    'HTTP/1.10',
    'HTTP/ 1.1',
    'HTTP/1.a',
    'HTTPS/1.1',
    'ICE/1.0',
    '',
  ])
    assert.equal(answerTo(`GET / ${version}`), MALFORMED, version)
})

test('up to four empty lines before a request are passed over', () => {
  assert.ok(readRequest('\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n').answer > 0)
  assert.equal(readRequest('\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n').answer, MALFORMED)
  assert.equal(readRequest('\nGET / HTTP/1.1\r\n\r\n').answer, MALFORMED)
  assert.equal(readRequest('\r\rGET / HTTP/1.1\r\n\r\n').answer, MALFORMED)
  assert.equal(readRequest('\r\n').answer, MORE)
})

test('what is no HTTP at all is refused at its first bytes', () => {
  assert.equal(readRequest('\x16\x03\x01').answer, MALFORMED)
})

test('a status line gives status and reason', () => {
  const read = (line: string): unknown => {
    const { head, answer } = readResponse(`${line}\r\n\r\n`)
    if (answer < 0) return answer
    return [head.minor, head.status, head.bytes.toString('latin1', head.reasonStart, head.reasonEnd)]
  }
  assert.deepEqual(read('HTTP/1.1 200 OK'), [1, 200, 'OK'])
  assert.deepEqual(read('HTTP/1.0 404 Not here \xe9'), [0, 404, 'Not here \xe9'])
  assert.deepEqual(read('HTTP/1.1 204 '), [1, 204, ''])
  assert.deepEqual(read('HTTP/1.1 204'), [1, 204, ''])
  for (const line of [
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000',
    'HTTP/1.1 099 X',
    'HTTP/1.1  200',
    'HTTP/1.1',
    'HTTP/1.1 200 a\0b',
    'HTTP/1.1 2x0 OK',
  ])
    assert.equal(read(line), MALFORMED, line)
  assert.equal(read('HTTP/2.0 200 OK'), BAD_VERSION)
})
