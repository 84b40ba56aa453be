/** The gateway's own answers: their bodies by Accept, and the protocol checks after a route has matched. */
import assert from 'node:assert/strict'
import { closesUnanswered } from '../kit/behaviours.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'
import { get } from '../kit/raw-client.ts'

function routes(port: number): string {
  const target = { host: '127.0.0.1', port }
  const redirects = [301, 302, 307, 308].map((status) => ({
    name: `to-https-${status}`,
    paths: [`/https-${status}`],
    protocols: ['https'],
    https_redirect_status_code: status,
  }))
  return kongYml({
    services: [
      {
        name: 'target',
        ...target,
        retries: 0,
        routes: [
          { name: 'up', paths: ['/up'] },
          { name: 'https', paths: ['/https'], protocols: ['https'] },
          { name: 'post', paths: ['/post'], methods: ['POST'] },
          ...redirects,
        ],
      },
      {
        name: 'rpc',
        ...target,
        protocol: 'grpc',
        routes: [{ name: 'rpc', paths: ['/rpc'], protocols: ['grpc'] }],
      },
    ],
    routes: [{ name: 'alone', paths: ['/alone'] }],
  })
}

const NOT_FOUND = 'no Route matched with those values'
const INVALID = 'An invalid response was received from the upstream server'

function json(text: string, answer: Message): void {
  const id = answer.get('x-kong-request-id')
  assert.equal(answer.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answer.text, `{\n  "message":"${text}",\n  "request_id":"${id}"\n}`)
}

function plain(text: string, answer: Message): void {
  assert.equal(answer.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(answer.text, `${text}\nrequest_id: ${answer.get('x-kong-request-id')}\n`)
}

function html(text: string, answer: Message): void {
  assert.equal(answer.get('content-type'), 'text/html; charset=utf-8')
  assert.match(answer.text, /^<!doctype html>/i)
  const id = answer.get('x-kong-request-id')
  for (const part of [
    '<title>Error</title>',
    '<h1>Error</h1>',
    `<p>${text}.</p>`,
    `<p>request_id: ${id}</p>`,
  ])
    assert.ok(answer.text.includes(part), `${part} in ${answer.text}`)
}

function xml(text: string, answer: Message): void {
  const id = answer.get('x-kong-request-id')
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n'
  assert.equal(answer.get('content-type'), 'application/xml; charset=utf-8')
  assert.equal(answer.text, `${head}  <message>${text}</message>\n  <requestid>${id}</requestid>\n</error>\n`)
}

type Shape = (text: string, answer: Message) => void

const byAccept: readonly (readonly [accept: string, shape: Shape])[] = [
  ['application/json', json],
  ['text/plain', plain],
  ['text/html', html],
  ['application/xml', xml],
  ['*/*', json],
  ['application/*', json],
  ['text/*', plain],
  ['image/png', json],
  ['text/html;q=0.5, application/xml;q=0.9, text/plain;q=0.1', xml],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', html],
  ['image/png, text/plain;q=0.2', plain],
  ['APPLICATION/XML', xml],
  ['', json],
]

async function lastOf(rig: Rig, request: string): Promise<Message> {
  const answer = await rig.ask(request)
  assert.equal(answer.whole, true)
  assert.equal(answer.framing, 'length')
  return answer
}

eachEngine('errors', { config: routes }, (check) => {
  for (const [accept, shape] of byAccept)
    check(`"Accept: ${accept}" gets a 404 as ${shape.name}`, async (rig) => {
      const answer = await lastOf(rig, get('/nowhere', `Accept: ${accept}`))
      assert.equal(answer.status, 404)
      shape(NOT_FOUND, answer)
    })

  check('without Accept a 404 is JSON', async (rig) => json(NOT_FOUND, await lastOf(rig, get('/nowhere'))))

  check('a gRPC request gets its error in fields, with an empty body', async (rig) => {
    const answer = await rig.ask(get('/nowhere', 'Content-Type: application/grpc+proto'))
    assert.equal(answer.status, 404)
    assert.equal(answer.get('grpc-status'), '5')
    assert.equal(answer.get('grpc-message'), NOT_FOUND)
    assert.equal(answer.text, '')
  })

  check('HEAD gets the fields of the error and no body', async (rig) => {
    const client = await rig.connect()
    await client.send('HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await client.answer('HEAD')).status, 404)
    await client.send(get('/up'))
    assert.equal((await client.answer()).text, 'ok')
  })

  check('an error keeps the connection when nothing is wrong with it', async (rig) => {
    const client = await rig.connect()
    for (let i = 0; i < 3; i++) {
      await client.send('POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
      assert.equal((await client.answer()).status, 404)
    }
  })

  check('a body the error did not wait for is not taken for the next request', async (rig) => {
    const client = await rig.connect()
    const hidden = 'GET /up HTTP/1.1\r\nHost: a\r\n\r\n'
    await client.send(`POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n`)
    assert.equal((await client.answer()).status, 404)
    await client.send(hidden)
    await client.send('GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const rest = await client.closed()
    assert.doesNotMatch(rest, /HTTP\/1\.1 200/)
    assert.deepEqual(rig.target.requests, [])
  })

  check('a method no route lists is a 404 like any other', async (rig) => {
    assert.equal((await rig.ask(get('/post'))).status, 404)
  })

  check('a route without service answers 503', async (rig) => {
    const answer = await lastOf(rig, get('/alone'))
    assert.equal(answer.status, 503)
    json('no Service found with those values', answer)
  })

  check(
    'a target that hangs up is a 502, in plain text unless Accept or Content-Type say else',
    async (rig) => {
      rig.target.behave = closesUnanswered
      const answer = await lastOf(rig, get('/up'))
      assert.equal(answer.status, 502)
      plain(INVALID, answer)
      json(INVALID, await lastOf(rig, get('/up', 'Accept: */*')))
      html(INVALID, await lastOf(rig, get('/up', 'Accept: text/html')))
      json(INVALID, await lastOf(rig, get('/up', 'Content-Type: application/json')))
    },
  )

  check('a malformed request is answered "Bad request" in plain text', async (rig) => {
    const answer = await rig.ask('GET / HTTP/1.1\r\nHost: a/b\r\n\r\n')
    assert.equal(answer.status, 400)
    assert.match(answer.text, /^Bad request\n/)
    assert.match(answer.get('server') ?? '', /^[a-z]+\//)
  })

  check('an https route on plain HTTP answers 426 and says how', async (rig) => {
    const answer = await lastOf(rig, get('/https'))
    assert.equal(answer.status, 426)
    assert.match(answer.get('connection') ?? '', /upgrade/i)
    assert.equal(answer.get('upgrade'), 'TLS/1.2, HTTP/1.1')
    json('Please use HTTPS protocol', answer)
    assert.deepEqual(rig.target.requests, [])
  })

  for (const status of [301, 302, 307, 308])
    check(`an https route redirects with ${status} to the same place`, async (rig) => {
      const path = `/https-${status}/a%20b?c=d&e`
      const answer = await rig.ask(`GET ${path} HTTP/1.1\r\nHost: shop.test:8080\r\n\r\n`)
      assert.equal(answer.status, status)
      assert.equal(answer.get('location'), `https://shop.test${path}`)
      assert.equal(answer.text, '')
    })

  check('a forged X-Forwarded-Proto opens no https route', async (rig) => {
    assert.equal((await rig.ask(get('/https', 'X-Forwarded-Proto: https'))).status, 426)
    assert.deepEqual(rig.target.requests, [])
  })

  check('a request that is not gRPC on a gRPC route answers 415', async (rig) => {
    const answer = await rig.ask(get('/rpc'))
    assert.equal(answer.status, 415)
    json('Non-gRPC request matched gRPC route', answer)
  })

  check('gRPC over HTTP/1.1 answers 426 and asks for HTTP/2', async (rig) => {
    const answer = await rig.ask(get('/rpc', 'Content-Type: application/grpc'))
    assert.equal(answer.status, 426)
    assert.equal(answer.get('upgrade'), 'HTTP/2')
    assert.match(answer.get('connection') ?? '', /upgrade/i)
  })
})

eachEngine(
  'errors behind a trusted proxy',
  { config: routes, env: { SLUICE_TRUSTED_IPS: '127.0.0.1' } },
  (check) => {
    check('X-Forwarded-Proto of a trusted peer opens an https route', async (rig) => {
      assert.equal((await rig.ask(get('/https', 'X-Forwarded-Proto: https'))).status, 200)
    })

    check('the redirect names the forwarded host', async (rig) => {
      const answer = await rig.ask(get('/https-301?x', 'X-Forwarded-Host: front.test'))
      assert.equal(answer.get('location'), 'https://front.test/https-301?x')
    })
  },
)

eachEngine(
  'errors with error_default_type',
  { config: routes, env: { SLUICE_ERROR_DEFAULT_TYPE: 'application/xml' } },
  (check) => {
    check('an error of the server layer without Accept takes the default type', async (rig) => {
      rig.target.behave = closesUnanswered
      xml(INVALID, await rig.ask(get('/up')))
    })
  },
)
