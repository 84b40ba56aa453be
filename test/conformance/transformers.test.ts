/** What targets and clients see of request-transformer and response-transformer, on both engines. */
import assert from 'node:assert/strict'
import { answers, sends } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

const JSON_LINE = 'Content-Type: application/json'
const FORM_LINE = 'Content-Type: application/x-www-form-urlencoded'
/** More than the 8 MiB of a body that has rules. */
const TOO_LARGE = 9 * 1024 * 1024

/** A route a case: what request-transformer does on it. */
const REQUESTS: Record<string, object> = {
  headers: {
    remove: { headers: ['cookie'] },
    rename: { headers: ['x-old:X-New'] },
    replace: { headers: ['Host:other.example', 'x-kind:new'] },
    add: { headers: ['x-was:$(headers.cookie) $(headers.host)', 'connection:close'] },
    append: { headers: ['x-kind:more'] },
  },
  query: { remove: { querystring: ['a'] }, add: { querystring: ['b[]:$(query_params.a or "none")'] } },
  get: { http_method: 'GET' },
  head: { http_method: 'HEAD' },
  post: { http_method: 'POST' },
  body: { remove: { body: ['a'] }, add: { body: ['b:2'] } },
  fails: { add: { headers: ['x:$(10 * headers.host)'] } },
}

/** The same of response-transformer. */
const ANSWERS: Record<string, object> = {
  'answer-headers': {
    remove: { headers: ['set-cookie', 'server'] },
    rename: { headers: ['x-old:X-New'] },
    add: { headers: ['x-added:1', 'content-length:9'] },
  },
  'answer-json': {
    remove: { json: ['a'] },
    add: { json: ['b:2'], json_types: ['number'], headers: ['x-added:1'] },
  },
}

function config(port: number): string {
  const route = (name: string, plugins: object[], paths = [`/${name}`]) => ({
    name,
    paths,
    strip_path: false,
    plugins,
  })
  const uri = { replace: { uri: '/new/$(uri_captures.id)' }, add: { querystring: ['c:3'] } }
  const routes = [
    ...Object.entries(REQUESTS).map(([name, rules]) =>
      route(name, [{ name: 'request-transformer', config: rules }]),
    ),
    ...Object.entries(ANSWERS).map(([name, rules]) =>
      route(name, [{ name: 'response-transformer', config: rules }]),
    ),
    route('uri', [{ name: 'request-transformer', config: uri }], ['~/uri/(?<id>[^/]+)$']),
    route('refused', [
      { name: 'key-auth', config: {} },
      { name: 'response-transformer', config: ANSWERS['answer-json'] },
    ]),
  ]
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }] })
}

function request(line: string, lines: readonly string[] = [], body: string | null = null): string {
  const framing = body === null ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return `${[`${line} HTTP/1.1`, 'Host: a', ...lines, ...framing].join('\r\n')}\r\n\r\n${body ?? ''}`
}

function ofType(body: string, type: string, ...lines: string[]): string {
  const head = [
    'HTTP/1.1 200 OK',
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...lines,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

eachEngine('request-transformer', { config }, (check) => {
  check('headers reach the target as the rules say, and templates see those that came', async (rig) => {
    const lines = ['Cookie: c=1', 'X-Old: 1', 'X-Old: 2', 'X-Kind: old']
    assert.equal((await rig.ask(request('GET /headers', lines))).status, 200)
    const sent = rig.target.last
    assert.deepEqual([sent.all('host'), sent.all('cookie'), sent.all('x-old')], [['other.example'], [], []])
    assert.deepEqual(
      [sent.all('x-new'), sent.all('x-kind')],
      [
        ['1', '2'],
        ['new', 'more'],
      ],
    )
    assert.deepEqual([sent.all('x-was'), sent.all('connection')], [['c=1 a'], ['keep-alive']])
  })

  check('the query is edited and written anew', async (rig) => {
    await rig.ask(request('GET /query?a=x%20y&k=1'))
    assert.equal(rig.target.last.target, '/query?k=1&b%5B%5D=x%20y')
    await rig.ask(request('GET /query'))
    assert.equal(rig.target.last.target, '/query?b%5B%5D=none')
  })

  check('the path is replaced, and nothing in it ends the line', async (rig) => {
    await rig.ask(request('GET /uri/1%0d%0aX:2?q=1'))
    assert.equal(rig.target.last.firstLine, 'GET /new/1%0D%0AX:2?q=1&c=3 HTTP/1.1')
  })

  check('the method is replaced, and a form joins the query of a GET', async (rig) => {
    await rig.ask(request('PUT /post', ['Content-Type: text/plain'], 'x'))
    assert.equal(rig.target.last.firstLine, 'POST /post HTTP/1.1')
    await rig.ask(request('POST /get?a=1', [FORM_LINE], 'b=2+3'))
    assert.equal(rig.target.last.firstLine, 'GET /get?a=1&b=2%203 HTTP/1.1')
    assert.equal(rig.target.last.text, 'b=2+3')
  })

  check(
    'a client that asks with GET of a target asked with HEAD, and the reverse, are both in step',
    async (rig) => {
      rig.target.behave = sends('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
      const client = await rig.connect()
      await client.send(request('GET /head'))
      const empty = await client.answer()
      assert.deepEqual([empty.status, empty.get('content-length'), empty.text], [200, '0', ''])
      assert.equal(rig.target.last.firstLine, 'HEAD /head HTTP/1.1')
      rig.target.behave = answers('hello')
      await client.send(request('HEAD /get'))
      const head = await client.answer('HEAD')
      assert.deepEqual([head.status, head.get('content-length')], [200, '5'])
      await client.send(request('GET /get'))
      assert.equal((await client.answer()).text, 'hello')
    },
  )

  check('JSON and forms are changed, with their length; the rest of JSON stays as it came', async (rig) => {
    await rig.ask(request('POST /body', [JSON_LINE], '{"n": 12345678901234567890, "a":1, "l":[ ]}'))
    assert.equal(rig.target.last.text, '{"n": 12345678901234567890,"l":[ ],"b":"2"}')
    assert.equal(rig.target.last.get('content-length'), '43')
    await rig.ask(request('POST /body', [FORM_LINE], 'a=1&c=%7e'))
    assert.equal(rig.target.last.text, 'c=%7e&b=2')
    const chunked = `${request('POST /body', [JSON_LINE, 'Transfer-Encoding: chunked'])}7\r\n{"a":1}\r\n0\r\n\r\n`
    await rig.ask(chunked)
    assert.equal(rig.target.last.text, '{"b":"2"}')
    await rig.ask(request('GET /body', [JSON_LINE]))
    assert.equal(rig.target.last.text, '{"b":"2"}')
  })

  check('a large body is changed too, in another thread', async (rig) => {
    const text = 'x'.repeat(300_000)
    const answer = await rig.ask(request('POST /body', [JSON_LINE], `{"t":"${text}","a":1}`))
    assert.equal(answer.status, 200)
    assert.equal(rig.target.last.text, `{"t":"${text}","b":"2"}`)
  })

  check('a body of another type streams past, however large', async (rig) => {
    const body = 'x'.repeat(TOO_LARGE)
    assert.equal((await rig.ask(request('POST /body', ['Content-Type: image/png'], body))).status, 200)
    assert.equal(rig.target.last.body.length, TOO_LARGE)
    const head = `POST /body HTTP/1.1\r\nHost: a\r\n${JSON_LINE}\r\nContent-Length: ${TOO_LARGE}\r\n\r\n`
    assert.equal((await rig.ask(head)).status, 413)
  })

  check('a template that fails answers 500 in Kong’s words, and the target hears nothing', async (rig) => {
    const answer = await rig.ask(request('GET /fails'))
    assert.equal(answer.status, 500)
    assert.match(answer.text, /"message":"An unexpected error occurred"/)
    assert.deepEqual(rig.target.requests, [])
  })
})

eachEngine('response-transformer', { config }, (check) => {
  check('headers reach the client as the rules say', async (rig) => {
    rig.target.behave = sends(
      ofType('hello', 'text/plain', 'Set-Cookie: a', 'Server: s', 'set-cookie: b', 'X-Old: 1'),
    )
    const answer = await rig.ask(request('GET /answer-headers'))
    assert.deepEqual([answer.all('set-cookie'), answer.all('server'), answer.all('x-new')], [[], [], ['1']])
    assert.deepEqual(
      [answer.all('x-added'), answer.all('content-length'), answer.text],
      [['1'], ['5'], 'hello'],
    )
  })

  check('JSON is changed, with its length; what no rule names stays as it came', async (rig) => {
    rig.target.behave = sends(ofType('{"n": 12345678901234567890, "a":1}', 'application/json; charset=utf-8'))
    const answer = await rig.ask(request('GET /answer-json'))
    assert.equal(answer.text, '{"n": 12345678901234567890,"b":2}')
    assert.deepEqual([answer.get('content-length'), answer.get('x-added')], ['33', '1'])
  })

  check('an answer to HEAD tells no length that its body would not have', async (rig) => {
    rig.target.behave = sends(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n',
    )
    const client = await rig.connect()
    await client.send(request('HEAD /answer-json'))
    const head = await client.answer('HEAD')
    assert.deepEqual([head.status, head.get('content-length')], [200, undefined])
    rig.target.behave = sends(ofType('{"a":1}', 'application/json'))
    await client.send(request('GET /answer-json'))
    assert.equal((await client.answer()).text, '{"b":2}')
  })

  check('another type streams, however large, where JSON would be refused', async (rig) => {
    const body = 'x'.repeat(TOO_LARGE)
    rig.target.behave = sends(ofType(body, 'text/plain'))
    assert.equal((await rig.ask(request('GET /answer-json'))).body.length, TOO_LARGE)
    rig.target.behave = sends(ofType(body, 'application/json'))
    assert.equal((await rig.ask(request('GET /answer-json'))).status, 502)
  })

  check('the gateway’s own JSON is changed too', async (rig) => {
    const answer = await rig.ask(request('GET /refused'))
    assert.equal(answer.status, 401)
    const told: unknown = JSON.parse(answer.text)
    assert.deepEqual(told, {
      message: 'No API key found in request',
      request_id: answer.get('x-kong-request-id'),
      b: 2,
    })
  })
})
