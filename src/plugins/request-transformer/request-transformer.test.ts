/** What request-transformer makes of a request's method, path, headers, query and body, and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AuthRig, makeIdentities } from '../../../test/kit/auth-rig.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Offload } from '../../contract/machine/offload.ts'
import { DONE, NEXT, WAIT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { listFields } from '../../http1/fields.ts'
import { editBody } from './edit-body.ts'
import requestTransformer from './request-transformer.ts'

type Config = { readonly [field: string]: Value }

const identities = makeIdentities({})
const JSON_LINE = 'Content-Type: application/json\n'
const FORM_LINE = 'Content-Type: application/x-www-form-urlencoded\n'

function open(config: object, offload?: Offload): AuthRig {
  return new AuthRig(requestTransformer, config as Config, {
    identities,
    ...(offload === undefined ? {} : { offload }),
  })
}

function ask(
  config: object,
  head: string,
  body: string | null = null,
  set: (x: Exchange) => void = () => {},
) {
  const rig = open(config)
  const x = open({}).ask(head, body).x
  set(x)
  return { x, verdict: rig.handler.onRequest?.(x), log: rig.log }
}

/** The header lines that go on, but Host. */
function lines(x: Exchange): string[] {
  return listFields(x.request)
    .filter(([name]) => name.toLowerCase() !== 'host')
    .map(([name, value]) => `${name}: ${value}`)
}

for (const [what, config, sent, expected] of [
  [
    'a header is taken out, however often it is there',
    { remove: { headers: ['x-a'] } },
    ['X-A: 1', 'x-a: 2', 'B: 3'],
    ['B: 3'],
  ],
  [
    'a header gets another name',
    { rename: { headers: ['X-A:X-B'] } },
    ['x-a: 1', 'x-a: 2'],
    ['X-B: 1', 'X-B: 2'],
  ],
  ['a new name replaces what had it', { rename: { headers: ['x-a:x-b'] } }, ['X-B: 0', 'X-A: 1'], ['x-b: 1']],
  ['a header that is missing is not renamed', { rename: { headers: ['x-a:x-b'] } }, ['X-B: 0'], ['X-B: 0']],
  ['a header gets another value', { replace: { headers: ['X-A:9:8'] } }, ['x-a: 1', 'x-a: 2'], ['X-A: 9:8']],
  ['a header that is missing is not replaced', { replace: { headers: ['x-a:9'] } }, [], []],
  ['a header is added where it is missing', { add: { headers: ['X-A:1', 'x-a:2'] } }, [], ['X-A: 1']],
  ['a header that is there is not added', { add: { headers: ['x-a:2'] } }, ['X-A: 1'], ['X-A: 1']],
  [
    'a header is appended to others',
    { append: { headers: ['X-A:2', 'X-A:3'] } },
    ['X-A: 1'],
    ['X-A: 1', 'X-A: 2', 'X-A: 3'],
  ],
  [
    'one without a value does nothing',
    { add: { headers: ['X-A:'] }, replace: { headers: ['b:'] } },
    ['B: 1'],
    ['B: 1'],
  ],
  [
    'the order is remove, rename, replace, add, append',
    {
      remove: { headers: ['a'] },
      rename: { headers: ['b:a'] },
      replace: { headers: ['a:3'] },
      add: { headers: ['b:4'] },
      append: { headers: ['b:5'] },
    },
    ['a: 1', 'b: 2'],
    ['a: 3', 'b: 4', 'b: 5'],
  ],
  [
    'what frames a request, and what the gateway tells of itself, stays',
    {
      remove: { headers: ['x-forwarded-for', 'content-length'] },
      add: { headers: ['Transfer-Encoding:chunked', 'connection:close', 'X-Real-IP:1.2.3.4'] },
    },
    ['X-Forwarded-For: 1.1.1.1'],
    ['X-Forwarded-For: 1.1.1.1'],
  ],
] as const) {
  test(what, () => {
    const { x, verdict } = ask(config, ['GET / HTTP/1.1', 'Host: a', ...sent, ''].join('\n'))
    assert.equal(verdict, NEXT)
    assert.deepEqual(lines(x), expected)
  })
}

test('rules for what is the gateway’s to write are told of once, when they are loaded', () => {
  const { log } = open({ add: { headers: ['connection:close'] }, remove: { headers: ['host'] } })
  assert.equal(log.filter((line) => line.includes("is the gateway's to write")).length, 2)
})

test('Host can be replaced, and nothing else be done to it', () => {
  const rules = ['Host:b.example:81']
  const replaced = ask({ replace: { headers: rules } }, 'GET / HTTP/1.1\nHost: a\n')
  assert.equal(replaced.x.upstreamHost, 'b.example:81')
  for (const verb of ['add', 'append']) {
    const { x } = ask({ [verb]: { headers: rules } }, 'GET / HTTP/1.1\nHost: a\n')
    assert.deepEqual([x.upstreamHost, listFields(x.request)], ['', [['Host', 'a']]])
  }
  const moved = ask(
    { remove: { headers: ['host'] }, rename: { headers: ['host:x'] } },
    'GET / HTTP/1.1\nHost: a\n',
  )
  assert.deepEqual(listFields(moved.x.request), [['Host', 'a']])
})

for (const [what, config, query, expected] of [
  ['an argument is taken out', { remove: { querystring: ['a'] } }, '?a=1&b=2&a', 'b=2'],
  ['the last one leaves no query', { remove: { querystring: ['a'] } }, '?a=1', ''],
  ['an argument gets another name', { rename: { querystring: ['a:b'] } }, '?a=1&b=2', 'b=1'],
  ['an argument gets another value', { replace: { querystring: ['a:x y'] } }, '?a=1&a=2&c', 'a=x%20y&c'],
  ['an argument is added', { add: { querystring: ['a:1', 'b:2'] } }, '?b', 'b&a=1'],
  ['an argument is appended', { append: { querystring: ['a:2'] } }, '?a=1', 'a=1&a=2'],
  [
    'the query is written anew',
    { add: { querystring: ['ä:ö'] } },
    '?a[1]=~%7e+',
    'a%5B1%5D=~~%20&%C3%A4=%C3%B6',
  ],
] as const) {
  test(`${what}: ${query}`, () => {
    const { x } = ask(config, `GET /p${query} HTTP/1.1\nHost: a\n`)
    assert.equal(x.upstreamQuery, expected)
  })
}

for (const [what, config, target, expected] of [
  ['the path is replaced, the query stays', { replace: { uri: '/new' } }, '/old?a=[1]', '/new?a=[1]'],
  ['both are', { replace: { uri: '/new' }, add: { querystring: ['b:2'] } }, '/old?a=1', '/new?a=1&b=2'],
  ['a path is a path', { replace: { uri: 'new path' } }, '/old', '/new%20path'],
  [
    'a path takes no line break from a query',
    { replace: { uri: '/$(query_params.a)' } },
    '/?a=%0d%0aX:1',
    '/%0D%0AX:1?a=%0d%0aX:1',
  ],
] as const) {
  test(what, () => {
    const { x } = ask(config, `GET ${target} HTTP/1.1\nHost: a\n`)
    assert.equal(x.upstreamUri, expected)
  })
}

test('the method is replaced; with GET, HEAD and TRACE a form joins the query', () => {
  const post = ask({ http_method: 'POST' }, `PUT /?a=1 HTTP/1.1\nHost: a\n${FORM_LINE}`, 'b=2')
  assert.deepEqual([post.x.upstreamMethod, post.x.upstreamQuery], ['POST', null])
  for (const method of ['GET', 'HEAD', 'TRACE']) {
    const config = { http_method: method, remove: { querystring: ['c'] } }
    const { x } = ask(config, `POST /?a=1 HTTP/1.1\nHost: a\n${FORM_LINE}`, 'b=2+3&c=4&a=5')
    assert.deepEqual([x.upstreamMethod, x.upstreamQuery], [method, 'a=1&b=2%203&a=5'])
  }
})

for (const [what, config, head, body, expected] of [
  [
    'json: values are strings',
    { add: { body: ['a:1', 'b:é"'] } },
    JSON_LINE,
    '{"n":1.0}',
    '{"n":1.0,"a":"1","b":"é\\""}',
  ],
  ['json: of no bytes', { add: { body: ['a:1'] } }, JSON_LINE, '', '{"a":"1"}'],
  ['json that is none stays', { add: { body: ['a:1'] } }, JSON_LINE, '{"n":', '{"n":'],
  ['form', { rename: { body: ['a:b'] }, append: { body: ['c:3'] } }, FORM_LINE, 'a=1&c=%7e', 'b=1&c=%7e&c=3'],
  ['another type stays', { add: { body: ['a:1'] } }, 'Content-Type: text/plain\n', '{}', '{}'],
  ['a coded body stays', { add: { body: ['a:1'] } }, `${JSON_LINE}Content-Encoding: gzip\n`, '{}', '{}'],
  [
    'the type that headers make',
    { add: { body: ['a:1'], headers: ['content-type:application/json'] } },
    '',
    '{}',
    '{"a":"1"}',
  ],
  [
    'templates',
    { add: { body: ['a:$(headers.x)-$(query_params.q)'] } },
    `${JSON_LINE}X: 1\n`,
    '{}',
    '{"a":"1-é"}',
  ],
] as const) {
  test(`a body with rules, ${what}`, () => {
    const { x, verdict } = ask(config, `POST /?q=%C3%A9 HTTP/1.1\nHost: a\n${head}`, body)
    assert.equal(verdict, NEXT)
    assert.equal(x.requestBody?.toString(), expected)
  })
}

test('bodies are held only for rules that need them, and of types that can be changed', () => {
  const { handler } = open({ add: { body: ['a:1'] } })
  const wants = (line: string) =>
    handler.wantsRequestBody?.(open({}).ask(`POST / HTTP/1.1\nHost: a\n${line}`).x)
  assert.ok((handler.requestBodyMax ?? 0) > 0)
  assert.deepEqual([JSON_LINE, FORM_LINE, 'Content-Type: image/png\n', ''].map(wants), [
    true,
    true,
    false,
    false,
  ])
  assert.equal(open({ add: { headers: ['a:1'] }, http_method: 'POST' }).handler.requestBodyMax, 0)
})

test('a request without a body keeps none where nothing can be added, and where it asks for a tunnel', () => {
  const head = `GET / HTTP/1.1\nHost: a\n${JSON_LINE}`
  assert.equal(ask({ remove: { body: ['a'] } }, head).x.requestBody, null)
  assert.equal(ask({ add: { body: ['a:1'] } }, head).x.requestBody?.toString(), '{"a":"1"}')
  const tunnel = ask({ add: { body: ['a:1'] } }, head, null, (x) => {
    x.upgrade = 1
  })
  assert.equal(tunnel.x.requestBody, null)
})

test('a large body is worked on by another thread, and refused where that has too much to do', () => {
  const large = JSON.stringify({ text: 'x'.repeat(100_000) })
  const head = `POST / HTTP/1.1\nHost: a\n${JSON_LINE}`
  let finish = (): void => assert.fail('nothing was asked')
  const offload: Offload = {
    task: () => ({
      run: (input, done) => {
        finish = () => done(editBody(input as never) as never, '') // the input and output of this task
        return true
      },
    }),
  }
  const { x, verdict } = open({ add: { body: ['a:1'] } }, offload).ask(head, large)
  assert.equal(verdict, WAIT)
  let resumed = 0
  x.flow = { resume: () => resumed++, finish: () => assert.fail('finished') }
  finish()
  assert.equal(resumed, 1)
  assert.equal(x.requestBody?.toString(), `${large.slice(0, -1)},"a":"1"}`)
  const full: Offload = { task: () => ({ run: () => false }) }
  const refused = open({ add: { body: ['a:1'] } }, full).ask(head, large)
  assert.deepEqual([refused.verdict, refused.x.fault, refused.x.faultStatus], [DONE, faults.TASKS_FULL, 503])
})

test('templates see the request as it came, whatever the rules do to it', () => {
  const config = {
    remove: { headers: ['x-a'], querystring: ['q'] },
    add: { headers: ['x-old:$(headers["x-a"]) $(headers.X_B)', 'x-q:$(query_params.q)'] },
    replace: { headers: ['x-b:new'] },
  }
  const { x } = ask(config, 'GET /?q=1%202 HTTP/1.1\nHost: a\nX-A: 1\nX-B: 2\n')
  assert.deepEqual(lines(x), ['x-b: new', 'x-old: 1 2', 'x-q: 1 2'])
})

test('templates see what a path captured, several values, and what plugins share', () => {
  const config = {
    add: {
      headers: [
        'a:$(uri_captures[1])-$(uri_captures.name)-$(uri_captures[0])',
        'b:$(type(headers.two) == "table" and headers.two[2] or headers.two)',
        'c:$(shared.n)$(shared.x)$(query_params.flag)',
      ],
    },
  }
  const { x } = ask(config, 'GET /u/jo?flag HTTP/1.1\nHost: a\nTwo: 1\nTwo: 2\n', null, (asked) => {
    asked.captures = { numbered: ['/u/jo', 'jo'], named: { name: 'jo' } }
    asked.notes = new Map<string, unknown>([['n', 7]])
  })
  assert.deepEqual(lines(x).slice(2), ['a: jo-jo-/u/jo', 'b: 2', 'c: 7true'])
})

test('a template that fails answers 500, and nothing has been changed', () => {
  for (const config of [
    { add: { headers: ['a:$(10 * headers.x)'] } },
    { add: { headers: ['a:$(x = 1)'] } },
    { add: { querystring: ['a:$(os.exit())'] } },
    { replace: { uri: '/$(nobody())' } },
    { replace: { headers: ['host:$(headers.x) b'] } },
  ]) {
    const { x, verdict, log } = ask(
      { remove: { headers: ['x'] }, ...config },
      'GET / HTTP/1.1\nHost: a\nX: y\n',
    )
    assert.deepEqual([verdict, x.fault], [DONE, faults.PLUGIN_FAILED])
    assert.deepEqual(lines(x), ['X: y'])
    assert.ok(log.some((line) => line.includes('a template has failed')))
  }
})

test('no header that a template makes can end its line', () => {
  const { handler } = open({
    add: { headers: ['x:$(query_params.a)'] },
    replace: { uri: '/$(query_params.a)' },
  })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const query = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
      const { x } = open({}).ask(`GET /?a=${query} HTTP/1.1\nHost: a\n`)
      assert.equal(handler.onRequest?.(x), NEXT)
      for (const [, value] of listFields(x.request)) assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/)
      assert.match(x.upstreamUri, /^\/[\x21-\x7e]*$/)
    }),
  )
})

for (const [config, message] of [
  [{ add: { headers: ['a b:1'] } }, "'a b' is not a valid header"],
  [{ add: { headers: ['a'] } }, 'invalid value: a'],
  [{ rename: { headers: ['a:b c'] } }, "'b c' is not a valid header"],
  [{ remove: { headers: ['ä'] } }, "'ä' is not a valid header"],
  [{ add: { body: ['a'] } }, "key 'a' has no value"],
  [{ append: { querystring: ['a:'] } }, "key 'a' has no value"],
  [{ http_method: 'get' }, 'invalid value: get'],
  [
    { add: { querystring: ['a:$(b = 1)'] } },
    "value '$(b = 1)' is not in supported format, error:unexpected symbol near '='",
  ],
] as const) {
  test(`${JSON.stringify(config)} is refused: ${message}`, () => {
    const { findings } = validate(requestTransformer.schema, config as unknown as Value)
    assert.deepEqual(
      findings.map((finding) => finding.message),
      [message],
    )
  })
}
