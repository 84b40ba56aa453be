/** Patterns of strangers: what they mean, that none can hang a worker, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { literalPrefix } from './pattern/literal-prefix.ts'
import { normalizeRegexPath } from './pattern/regex-path.ts'
import { safePattern } from './pattern/safe-regex.ts'
import { compileRegex, PROGRAM_MAX, SOURCE_MAX } from './regex.ts'

test('patterns that leave one way to go run on V8', () => {
  for (const source of [
    '/user/\\d+',
    '/user/[^/]+/posts$',
    '^/v[12]/(?<rest>.*)$',
    '/files/(?P<name>[\\w-]+)\\.(json|jpg|jpeg2)',
    '/a(/.*)?$',
    '(?i)/users/[a-z]+/x?y',
    '/\\d{4}-\\d{2}-\\d{1,2}/',
    '/[a-c-]+x',
    '/a.*?',
    '/(cat|dog|bird)s?/[0-9a-f]{8,}',
  ])
    assert.equal(compileRegex(source).engine, 'v8', source)
})

test('patterns that could make a backtracking engine try again and again run on RE2', () => {
  for (const source of [
    '/(a+)+b',
    '/(a|a)*b',
    '/.*.*x',
    '/a*a*a*b',
    '/.*x',
    '/\\w+\\d+',
    '/(?:[a-z]+/)*x',
    '/(a|ab)(c|bcd)',
    '/(a*|b)c',
    '/(a*)?b',
    '/a*(b*)a',
    '/[a-z]+[0-9]*[a-f]',
    '/a?a?a?aaa',
    '/(ab)?a',
    '/(?i)A*a',
    '(?i)/a*A',
    '(?i)/[a]*[A]',
    '/x|/y',
    '/a$b',
    '/\\bword',
    '/[[:alpha:]]+',
    '/\\p{L}+',
    '/é',
    '/a{2,1001}',
    '/a{600}b{600}',
    '/(?<a>x)(?<a>y)',
    '/((((((((((a))))))))))',
  ])
    assert.equal(safePattern(source), null, source)
})

test('no pattern hangs: 8 KiB of the worst text ends soon for all of them', () => {
  const text = Buffer.from(`/${'a'.repeat(8191)}`)
  const ascii = text.latin1Slice(0, text.length)
  for (const source of [
    '/(a+)+b',
    '/(a|a)*b',
    '/(.*)(.*)(.*)(.*)x',
    '/a*a*a*a*a*a*a*b',
    '/[a-z]*$',
    '/(?:a?){50}a{50}b',
  ]) {
    const regex = compileRegex(source)
    // It ends at all: a backtracking engine would need longer than the universe has for the first one.
    regex.matchStart(text, 0, text.length, ascii)
  }
})

test('a pattern that V8 takes is good for paths beyond ASCII too, however long it is', () => {
  for (const source of [`/[a-z]{0,399}${'0'.repeat(1600)}`, `/${'(?:a|b)'.repeat(250)}`]) {
    const regex = compileRegex(source)
    const path = Buffer.from('/é')
    assert.equal(regex.engine, 'v8')
    assert.equal(regex.matchStart(path, 0, path.length, ''), -1)
  }
})

test('look-around and back-references are refused with the reason', () => {
  for (const source of ['/a(?=b)', '/a(?!b)', '/(?<=a)b', '/(?<!a)b'])
    assert.throws(
      () => compileRegex(source),
      /^Error: invalid regex: '.*' \(look-around, including .* is not supported\)$/,
    )
  for (const source of ['/(a)\\1', '/(?<x>a)\\k<x>'])
    assert.throws(() => compileRegex(source), /\(backreferences are not supported\)$/)
})

test('a broken pattern is refused with the reason, an endless one for its length', () => {
  assert.throws(() => compileRegex('/a(b'), /missing closing \)/)
  assert.throws(() => compileRegex('/[b'), /missing closing \]/)
  assert.throws(() => compileRegex(`/${'a'.repeat(SOURCE_MAX)}`), /longer than/)
  assert.throws(() => compileRegex(`/(?:abcd){${PROGRAM_MAX / 4}}`), /exceeds size limit/)
})

const atom = fc.constantFrom(
  'a',
  'b',
  '/',
  '\\.',
  '.',
  '[ab]',
  '[^/]',
  '[^a-]',
  '\\d',
  '\\w',
  '\\s',
  '\\S',
  '\\W',
  '[A-Z]',
  '(a|bc)',
  '(?:b)',
  '(/a*)?',
  '[\\w.-]',
)
const repeat = fc.constantFrom('', '', '', '+', '*', '?', '+?', '*?', '{2}', '{1,3}', '{2,}?')
const pattern = fc
  .tuple(
    fc.constantFrom('', '^', '(?i)', '(?i)^'),
    fc.array(
      fc.tuple(atom, repeat).map(([a, r]) => a + r),
      { maxLength: 5 },
    ),
    fc.constantFrom('', '', '$'),
  )
  .map(([first, middle, last]) => `${first}/${middle.join('')}${last}`)
const text = fc
  .array(fc.constantFrom('a', 'b', 'A', 'k', '/', '.', '-', '1', '_', ' ', '\r', '\n', '\v', '\0', 'bc'), {
    maxLength: 8,
  })
  .map((chars) => `/${chars.join('')}`)

test('any pattern that runs on V8 matches there what it matches on RE2', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 8 }), (source, texts) => {
      fc.pre(safePattern(source) !== null)
      assert.ok(isAccepted(source), source)
      const regex = compileRegex(source)
      assert.equal(regex.groups, RE2JS.compile(source).groupCount())
      for (const one of texts) {
        const bytes = Buffer.from(one)
        const byRe2 = regex.matchStart(bytes, 0, bytes.length, '')
        assert.equal(
          regex.matchStart(bytes, 0, bytes.length, one),
          byRe2,
          `${source} on ${JSON.stringify(one)}`,
        )
      }
    }),
    { numRuns: 1000 },
  )
})

test('any pattern: what it matches begins with its literal prefix', () => {
  fc.assert(
    fc.property(pattern, text, fc.constantFrom('', '|/b'), (start, one, end) => {
      const source = start + end
      fc.pre(isAccepted(source))
      if (RE2JS.compile(source).matcher(one).lookingAt())
        assert.ok(one.startsWith(literalPrefix(source)), source)
    }),
    { numRuns: 1000 },
  )
})

test('the literal prefix goes as far as it is certain and no further', () => {
  const prefixes: [string, string][] = [
    ['/user/\\d+', '/user/'],
    ['^/a\\.b/[c]', '/a.b/'],
    ['/ab?c', '/a'],
    ['/ab*', '/a'],
    ['/ab{0}', '/a'],
    ['/ab+c', '/ab'],
    ['/a|/b', ''],
    ['/a[x](b|c)', '/a'],
    ['/a[]|]b', '/a'],
    ['/a[[:alpha:](]|/x', ''],
    ['/a(b|c)', '/a'],
    ['(?i)/a', ''],
    ['/\\x41', '/'],
    ['/\\Qa|b\\E', ''],
    ['/é', '/é'],
  ]
  for (const [source, prefix] of prefixes) assert.equal(literalPrefix(source), prefix, source)
})

test('a triplet in a pattern stands for what a request’s triplet turns into', () => {
  assert.equal(normalizeRegexPath('/a%2fb%2E%41%c3%A9%28\\d'), '/a%2Fb\\.Aé%28\\d')
})

function isAccepted(source: string): boolean {
  try {
    RE2JS.compile(source)
    return true
  } catch {
    // Not every row of pieces is a pattern; those are not this test's.
    return false
  }
}
