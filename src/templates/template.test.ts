/** What expressions come to, as Lua 5.1 would have it, and what they may not do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Environment } from './evaluator.ts'
import {
  LuaList,
  type LuaTable,
  type LuaValue,
  TEXT_LENGTH_MAX,
  TemplateError,
  toBytes,
} from './lua-value.ts'
import { compileTemplate } from './template.ts'

function table(values: Readonly<Record<string, LuaValue>>): LuaTable {
  return { type: 'table', length: 0, get: (key) => values[String(key)] ?? null }
}

const globals: Readonly<Record<string, LuaValue>> = {
  headers: table({ 'x-name': 'jo', two: new LuaList(['a', 'b']), n: '12', empty: '' }),
  query_params: table({ a: 'A', flag: true }),
  uri_captures: table({ '0': '/users/jo', '1': 'jo', name: 'jo' }),
  shared: table({ n: 7, no: false }),
}
const names: Environment = { global: (name) => (Object.hasOwn(globals, name) ? globals[name] : undefined) }

function render(text: string): string {
  const template = compileTemplate(text)
  return template === null ? text : template.render(names)
}

for (const [text, expected] of [
  ['plain', 'plain'],
  ['$(headers["x-name"])', 'jo'],
  ["$(headers['x-name'])-v2", 'jo-v2'],
  ['$(query_params.a)$(query_params.a)', 'AA'],
  ['$(query_params.flag)', 'true'],
  ['$(query_params["b"] or "none")', 'none'],
  ['<$(query_params.b)>', '<>'],
  ['<$(shared.no)>', '<>'],
  ['$(uri_captures[0]) $(uri_captures[1]) $(uri_captures.name)', '/users/jo jo jo'],
  ['$(type(headers.two) == "table" and headers.two[1] or headers.two)', 'a'],
  ['$(type(headers.n) == "table" and headers.n[1] or headers.n)', '12'],
  ['$(headers.two)', 'a, b'],
  ['$(#headers.two)', '2'],
  ['$(headers.n * 10)', '120'],
  ['$(10 / 4) $(10 % 3) $(-7 % 3) $(2 ^ 10) $(-2 ^ 2) $(2 ^ 3 ^ 2)', '2.5 1 2 1024 -4 512'],
  ['$(1 + 2 * 3 - 4) $((1 + 2) * 3)', '3 9'],
  ['$(1e15) $(1e14) $(0.1) $(1 / 3) $(12345678901234)', '1e+15 1e+14 0.1 0.33333333333333 12345678901234'],
  ['$(1 / 0) $(-1 / 0) $(0.00001) $(0x10)', 'inf -inf 1e-05 16'],
  ['$(1 .. 2) $("a" .. "b" .. "c")', '12 abc'],
  ['$("10" + 5) $(" 0x10 " + 0)', '15 16'],
  ['$(1 == 1) <$("1" == 1)> $("1" ~= 1) $("a" < "b") $(2 >= 2)', 'true <> true true true'],
  ['$(not nil) $(not 0 == false)', 'true true'],
  ['$(nil and 1 or 2) $(false or nil or "x")', '2 x'],
  ['$(string.upper("abc")) $(("abc"):upper()) $(string.lower("ABC"))', 'ABC ABC abc'],
  ['$(string.sub("hello", 2, 3)) $(string.sub("hello", -3)) $(("x"):sub(5))', 'el llo '],
  [
    '$(string.len("hello")) $(string.rep("ab", 3)) $(string.reverse("abc")) $(string.byte("A"))',
    '5 ababab cba 65',
  ],
  ['$(string.format("%s-%05d-%.2f-%x-%%", "a", 42, 3.14159, 255))', 'a-00042-3.14-ff-%'],
  ['$(string.format("%-5s|%5s|%+d|%g|%e", "a", "b", 5, 0.1, 12345.678))', 'a    |    b|+5|0.1|1.234568e+04'],
  [
    '$(tostring(12)) $(tostring(nil)) $(tonumber("0x1F")) $(tonumber("z", 36)) <$(tonumber("x"))>',
    '12 nil 31 35 <>',
  ],
  ['$(string.upper "abc")', 'ABC'],
  ["$('$(headers.n)')", '$(headers.n)'],
  ['$(headers.n', '$(headers.n'],
  ['a $ b $$ c', 'a $ b $$ c'],
  ['$( "a\\"b\\n\\065" )', 'a"b\nA'],
  ['é$("é")', toBytes('éé')],
  ['$(#"é")', '2'],
] as const) {
  test(`${text} is ${JSON.stringify(expected)}`, () => assert.equal(render(text), expected))
}

for (const [text, problem] of [
  ['$(10 * uri_captures.name)', "attempt to perform arithmetic on a string value (field 'name')"],
  ['$(foo)', "there is no 'foo' in templates"],
  ['$(foo.bar)', "there is no 'foo' in templates"],
  ['$(os.execute("id"))', "there is no 'os' in templates"],
  ['$(string.dump(type))', "attempt to call a nil value (field 'dump')"],
  ['$(headers.none.x)', "attempt to index a nil value (field 'none')"],
  ['$(headers.none())', "attempt to call a nil value (field 'none')"],
  ['$(headers.none .. "x")', "attempt to concatenate a nil value (field 'none')"],
  ['$(headers.two .. "x")', "attempt to concatenate a table value (field 'two')"],
  ['$(1 < "2")', 'attempt to compare number with string'],
  ['$(#5)', 'attempt to get length of a number value'],
  ['$(string.upper())', "bad argument #1 to 'upper' (string expected, got no value)"],
  ['$(string.rep("x", 1e9))', 'the text is too long'],
  ['$(string.rep("x", 60000) .. string.rep("x", 60000))', 'the text is too long'],
  ['$(#(string.rep("x", 60000) .. string.rep("x", 60000)))', 'the text is too long'],
  ['$(string.rep("x", 60000))$(string.rep("x", 60000))', 'the text is too long'],
  ['$(type)', 'a function has no text'],
  ['$(constructor)', "there is no 'constructor' in templates"],
  ['$(string.constructor("x"))', "attempt to call a nil value (field 'constructor')"],
  ['$(("x").__proto__.y)', "attempt to index a nil value (field '__proto__')"],
] as const) {
  test(`${text} fails: ${problem}`, () => {
    assert.throws(
      () => render(text),
      (error) => error instanceof TemplateError && error.message === problem,
    )
  })
}

for (const text of [
  '$(headers.x = 1)',
  '$()',
  '$(1 +)',
  '$(a b)',
  '$(function() end)',
  '$(return 1)',
  '$({})',
  '$(headers[)',
  '$("x)',
  '$(1x)',
  '$(a;b)',
  '$(...)',
  '$(@)',
  `$(${'('.repeat(200)}1${')'.repeat(200)})`,
  `$(${'not '.repeat(200)}1)`,
  `$(1${' + 1'.repeat(1000)})`,
  `$(${'x'.repeat(10_000)})`,
]) {
  test(`${text.slice(0, 30)} can't be read`, () => {
    assert.throws(() => compileTemplate(text), TemplateError)
  })
}

test('whatever stands in a template, it comes to a bounded text or fails as a template does', () => {
  const pieces = fc.constantFrom(
    ...'$( ) " \' \\ headers . [ ] two x-name query_params and or not == ~= < .. + -'.split(' '),
    ...'* / % ^ # 1 2.5 1e308 nil true type string.rep string.format string.sub "%s%d" : , ( = { uri_captures shared.n'.split(
      ' ',
    ),
    ' ',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(pieces, pieces, fc.string({ maxLength: 3 })), { maxLength: 25 }),
      (parts) => {
        try {
          assert.ok(render(`$(${parts.join('')})`).length <= TEXT_LENGTH_MAX)
        } catch (error) {
          assert.ok(error instanceof TemplateError, String(error))
        }
      },
    ),
    { numRuns: 3000 },
  )
})

test('sums of whole numbers are those of JavaScript', () => {
  const number = fc.integer({ min: -1e6, max: 1e6 })
  fc.assert(
    fc.property(number, number, number, (a, b, c) => {
      assert.equal(render(`$((${a} + ${b}) * ${c} - ${a})`), String((a + b) * c - a))
    }),
  )
})
