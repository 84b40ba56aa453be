/** What clients and targets see of request-size-limiting, on both engines. */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const LIMIT = { allowed_payload_size: 1, size_unit: 'kilobytes' }

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const route = (name: string, plugins: object[]) => ({ name, paths: [`/${name}`], plugins })
  const routes = [
    route('plain', [{ name: 'request-size-limiting', config: LIMIT }]),
    route('length', [{ name: 'request-size-limiting', config: { ...LIMIT, require_content_length: true } }]),
    route('gathered', [
      { name: 'request-size-limiting', config: LIMIT },
      { name: 'key-auth', config: { key_in_body: true, anonymous: 'guest' } },
    ]),
  ]
  return kongYml({ services: [{ name: 'target', ...target, routes }], consumers: [{ username: 'guest' }] })
}

function post(path: string, ...lines: string[]): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
}

function chunk(size: number): string {
  return `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`
}

const CHUNKED = 'Transfer-Encoding: chunked'
const LAST = '0\r\n\r\n'

function assertTooLarge(answer: Message, status = 413): void {
  const id = answer.get('x-kong-request-id')
  assert.equal(answer.text, `{\n  "message":"Request size limit exceeded",\n  "request_id":"${id}"\n}`)
  assert.equal(answer.status, status)
  assert.equal(answer.get('connection'), 'close')
}

const JSON_ONLY = 'Accept: application/json'

eachEngine('request-size-limiting', { config }, (check) => {
  check('a body as large as is allowed passes, said or in chunks', async (rig) => {
    const body = 'x'.repeat(1024)
    assert.equal((await rig.ask(post('/plain', 'Content-Length: 1024') + body)).status, 200)
    assert.equal(rig.target.last.text, body)
    assert.equal((await rig.ask(post('/plain', CHUNKED) + chunk(1000) + chunk(24) + LAST)).status, 200)
    assert.equal(rig.target.last.text, body)
  })

  check('a body that says it is larger is refused before it is sent', async (rig) => {
    assertTooLarge(await rig.ask(post('/plain', 'Content-Length: 1025', JSON_ONLY)))
    assert.deepEqual(rig.target.requests, [])
  })

  check('who waits for leave to send it is told 417', async (rig) => {
    const head = post('/plain', 'Content-Length: 1025', 'Expect: 100-continue', JSON_ONLY)
    assertTooLarge(await rig.ask(head), 417)
    const client = await rig.connect()
    await client.send(post('/plain', 'Content-Length: 4', 'Expect: 100-continue'))
    assert.equal((await client.next()).status, 100)
    await client.send('body')
    assert.equal((await client.answer()).status, 200)
  })

  check('chunks are counted as they come, and the target never takes the rest for whole', async (rig) => {
    const client = await rig.connect()
    await client.send(post('/plain', CHUNKED, JSON_ONLY), chunk(1000))
    await client.send(chunk(25))
    assertTooLarge(await client.answer())
    assert.equal(
      rig.target.requests.some((request) => request.whole),
      false,
    )
  })

  check('a body that another plugin has held is measured too', async (rig) => {
    assert.equal((await rig.ask(post('/gathered', CHUNKED) + chunk(1024) + LAST)).status, 200)
    rig.target.forget()
    assertTooLarge(await rig.ask(post('/gathered', CHUNKED, JSON_ONLY) + chunk(1025) + LAST))
    assert.deepEqual(rig.target.requests, [])
  })

  check('where a length is required, a request without one is refused with 411', async (rig) => {
    const client = await rig.connect()
    await client.send(post('/length', JSON_ONLY))
    const answer = await client.answer()
    assert.equal(answer.status, 411)
    assert.match(answer.text, /"A valid Content-Length header is required"/)
    await client.send(post('/length', 'Content-Length: 0'))
    assert.equal((await client.answer()).status, 200, 'the connection goes on')
    assert.equal((await rig.ask(post('/length', CHUNKED) + chunk(3) + LAST)).status, 200)
    assert.equal((await rig.ask('GET /length HTTP/1.1\r\nHost: a\r\n\r\n')).status, 411)
  })
})
