/** What response-transformer makes of an answer's headers and JSON, what it holds for it, and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthRig, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { validate } from '../../config/validate.ts'
import { answer, exitJson } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Value } from '../../contract/schema.ts'
import { listFields } from '../../http1/fields.ts'
import { UNTIL_CLOSE } from '../../http1/framing.ts'
import { bit } from '../../http1/names.ts'
import responseTransformer from './response-transformer.ts'

type Config = { readonly [field: string]: Value }

const identities = makeIdentities({})
const JSON_LINE = 'Content-Type: application/json; charset=utf-8'

function open(config: object): AuthRig {
  return new AuthRig(responseTransformer, config as Config, { identities })
}

/** An answer of a target with these header lines. */
function answered(...lines: string[]): Exchange {
  const { x } = open({}).ask('GET / HTTP/1.1\nHost: a\n')
  const head = Buffer.from(`${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`)
  x.response.feed(head, 0, head.length)
  x.proxied = true
  x.status = 200
  return x
}

for (const [what, config, sent, expected] of [
  [
    'taken out, however often',
    { remove: { headers: ['set-cookie'] } },
    ['Set-Cookie: a', 'B: 1', 'set-cookie: b'],
    ['B: 1'],
  ],
  ['renamed', { rename: { headers: ['a:X-A'] } }, ['A: 1', 'A: 2'], ['X-A: 1', 'X-A: 2']],
  ['replaced', { replace: { headers: ['A:9:9', 'b:1'] } }, ['a: 1'], ['A: 9:9']],
  ['added', { add: { headers: ['A:9', 'b:$(x)'] } }, ['a: 1'], ['a: 1', 'b: $(x)']],
  ['appended', { append: { headers: ['a:2'] } }, ['a: 1'], ['a: 1', 'a: 2']],
  [
    'left alone where they frame the answer',
    { add: { headers: ['Transfer-Encoding:x'] }, remove: { headers: ['content-length'] } },
    ['Content-Length: 3'],
    ['Content-Length: 3'],
  ],
] as const) {
  test(`headers are ${what}`, () => {
    const x = answered(...sent)
    open(config).handler.onResponse?.(x)
    assert.deepEqual(
      listFields(x.response).map((pair) => pair.join(': ')),
      expected,
    )
  })
}

test('the gateway adds no Server or Date of its own where a rule speaks of them', () => {
  const x = answered('Server: a')
  open({ remove: { headers: ['server'] }, add: { headers: ['Date:never'] } }).handler.onResponse?.(x)
  assert.deepEqual(listFields(x.response), [['Date', 'never']])
  const both = bit('server') | bit('date')
  assert.equal(x.response.present & both, both)
})

for (const [what, config, body, expected] of [
  [
    'taken out',
    { remove: { json: ['a'] } },
    '{"a":1,"id":12345678901234567890}',
    '{"id":12345678901234567890}',
  ],
  ['renamed', { rename: { json: ['a:b'] } }, '{"a":[]}', '{"b":[]}'],
  [
    'given values by type',
    {
      add: {
        json: ['n:12345678901234567890', 't:true', 'f:yes', 's:1', 'u:2', 'no:x'],
        json_types: ['number', 'boolean', 'boolean', 'string', 'string', 'number'],
      },
    },
    '{}',
    '{"n":12345678901234567890,"t":true,"f":false,"s":"1","u":"2"}',
  ],
  ['given strings without types', { replace: { json: ['a:1'] } }, '{"a":0}', '{"a":"1"}'],
  [
    'appended to',
    { append: { json: ['a:2', 'b:1'], json_types: ['number'] } },
    '{"a":[1]}',
    '{"a":[1,2],"b":["1"]}',
  ],
  ['left alone where there is no object', { remove: { json: ['a'] } }, '[{"a":1}]', '[{"a":1}]'],
  ['left alone where there is no JSON', { remove: { json: ['a'] } }, '{"a":1', '{"a":1'],
  ['left alone where there is nothing', { add: { json: ['a:1'] } }, '', ''],
] as const) {
  test(`members are ${what}`, () => {
    const { handler } = open(config)
    const x = answered(JSON_LINE)
    assert.equal(handler.wantsResponseBody?.(x), true)
    assert.equal(Buffer.from(handler.onResponseBody!(x, Buffer.from(body))).toString(), expected)
  })
}

for (const [lines, wanted] of [
  [['Content-Type: application/json'], true],
  [['Content-Type: Application/JSON ; charset=utf-8'], true],
  [['Content-Type: application/jsonp'], false],
  [['Content-Type: text/html'], false],
  [[], false],
  [[JSON_LINE, 'Content-Encoding: gzip'], false],
  [[JSON_LINE, 'Content-Encoding: identity'], true],
] as const) {
  test(`an answer with ${lines.join(', ') || 'no type'} is ${wanted ? 'held' : 'not held'}, and not changed otherwise`, () => {
    const { handler, log } = open({ remove: { json: ['a'] } })
    const x = answered(...lines)
    assert.equal(handler.wantsResponseBody?.(x), wanted)
    const body = Buffer.from('{"a":1}')
    assert.equal(Buffer.from(handler.onResponseBody!(x, body)).toString(), wanted ? '{}' : '{"a":1}')
    assert.equal(log.length, lines.some((line) => line.includes('gzip')) ? 1 : 0)
  })
}

test('rules for headers alone hold no body', () => {
  assert.equal(open({ add: { headers: ['a:1'] } }).handler.responseBodyMax, 0)
})

test('the gateway’s own JSON is changed too, and its length with it', () => {
  const { handler } = open({ add: { json: ['a:1'] } })
  const x = answered()
  exitJson(x, 401, 'no')
  handler.onResponse?.(x)
  assert.equal(Buffer.from(x.answerBody).toString(), '{"message":"no","a":"1"}')
  assert.equal(x.responseLength, x.answerBody.length)
  answer(x, 200, 'text', 'text/plain')
  handler.onResponse?.(x)
  assert.equal(Buffer.from(x.answerBody).toString(), 'text')
})

test('an answer to HEAD tells no length that its body would not have', () => {
  const x = answered(JSON_LINE)
  x.bodyless = true
  x.responseLength = 10
  open({ add: { json: ['a:1'] } }).handler.onResponse?.(x)
  assert.equal(x.responseLength, UNTIL_CLOSE)
})

for (const [config, message] of [
  [{ add: { headers: ['a b:1'] } }, "'a b' is not a valid header"],
  [{ add: { headers: ['a'] } }, 'invalid value: a'],
  [{ rename: { headers: ['a:b c'] } }, "'b c' is not a valid header"],
  [{ remove: { headers: ['ä'] } }, "'ä' is not a valid header"],
  [{ replace: { json: ['a'] } }, 'invalid value: a'],
  [{ add: { json_types: ['object'] } }, 'expected one of: boolean, number, string'],
] as const) {
  test(`${JSON.stringify(config)} is refused: ${message}`, () => {
    const { findings } = validate(responseTransformer.schema, config as unknown as Value)
    assert.deepEqual(
      findings.map((finding) => finding.message),
      [message],
    )
  })
}
