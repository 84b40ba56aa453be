/** Paths: which are refused, and what their normal form is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { migratedPath, normalPath, pathRule, routePathRule } from './paths.ts'

test('the normal form resolves dots, merges slashes and decodes what need not be encoded', () => {
  const forms: [string, string][] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    ['//a///b', '/a/b'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['/../a', '/a'],
    ['/%41%2e', '/A.'],
    ['/a%2fb', '/a%2Fb'],
    ['/%c3%a9', '/é'],
    ['/%ff', '/%FF'],
    ['/...', '/...'],
    ['/%2e%2e/a', '/a'],
  ]
  for (const [path, normal] of forms) assert.equal(normalPath(path), normal, path)
})

test('a normal form is its own normal form', () => {
  const part = fc.constantFrom('/', '.', '..', 'a', '%41', '%2f', '%2e', 'é', '%C3%A9', '%25', '%FF', '%20')
  const path = fc.array(part).map((parts) => `/${parts.join('')}`)
  fc.assert(fc.property(path, (each) => assert.equal(normalPath(normalPath(each)), normalPath(each))))
})

test("a route's path is a prefix in normal form or a pattern after ~", () => {
  for (const path of ['/', '/a', '/a/', '/é', '~/a(?<id>\\d+)$', '~/(?i)a'])
    assert.equal(routePathRule(path), null, path)
  assert.equal(routePathRule('a'), 'should start with: / (fixed path) or ~/ (regex path)')
  assert.equal(routePathRule('~a'), 'should start with: / (fixed path) or ~/ (regex path)')
  assert.equal(routePathRule('//a'), "non-normalized path, consider use '/a' instead")
  assert.equal(routePathRule('/%4'), "invalid url-encoded value: '%4'")
  assert.match(routePathRule('~/(') ?? '', /^invalid regex: '\/\('/)
  // Asked twice, the answer is the same: verdicts are remembered.
  assert.match(routePathRule('~/(') ?? '', /^invalid regex: '\/\('/)
})

test("a service's path is a plain path", () => {
  for (const path of ['/', '/a/b', '/a%20b', "/!$&'()*+,;=:@"]) assert.equal(pathRule(path), null, path)
  assert.equal(pathRule('a'), 'should start with: /')
  assert.equal(pathRule('/a//b'), 'must not have empty segments')
  assert.match(pathRule('/é') ?? '', /characters outside of the reserved list of RFC 3986 found/)
  assert.equal(pathRule('/%zz'), "invalid url-encoded value: '%zz'")
})

test('before 3.0, a path with more than plain characters was a pattern', () => {
  assert.deepEqual(['/a/b.c-_~%', '/a(b)', '/a+', '~/a', 'a+'].map(migratedPath), [
    '/a/b.c-_~%',
    '~/a(b)',
    '~/a+',
    '~/a',
    'a+',
  ]) // prettier-ignore
})
