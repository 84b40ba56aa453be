/**
 * What a client is sent besides the body: the gateway's own fields under `headers`, and the target's less what
 * is hop-by-hop.
 */
import assert from 'node:assert/strict'
import { answers, reply, sends } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { get } from '../kit/raw-client.ts'

const OURS = /^[a-z]+\/[0-9.]+$/

function oneRoute(port: number): string {
  const routes = [{ name: 'up', paths: ['/up'], strip_path: false }]
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, routes }] })
}

eachEngine('response fields', { config: oneRoute }, (check) => {
  check(
    'a proxied answer carries the latencies, Via, the request id and the target’s Server',
    async (rig) => {
      rig.target.behave = answers('ok', ['Server: theirs/1', 'X-Own: 1'])
      const answer = await rig.ask(get('/up'))
      assert.equal(answer.get('server'), 'theirs/1')
      assert.match(answer.get('via') ?? '', /^1\.1 [a-z]+\/[0-9.]+$/)
      assert.match(answer.get('x-kong-upstream-latency') ?? '', /^\d+$/)
      assert.match(answer.get('x-kong-proxy-latency') ?? '', /^\d+$/)
      assert.match(answer.get('x-kong-request-id') ?? '', /^[0-9a-f]{32}$/)
      assert.equal(answer.get('x-kong-response-latency'), undefined)
      assert.equal(answer.get('x-kong-upstream-status'), undefined)
      assert.equal(answer.get('x-own'), '1')
    },
  )

  check('a target without Server leaves the gateway’s name in its place', async (rig) => {
    assert.match((await rig.ask(get('/up'))).get('server') ?? '', OURS)
  })

  check('Via of the target is added to', async (rig) => {
    rig.target.behave = answers('ok', ['Via: 1.0 inner'])
    assert.match((await rig.ask(get('/up'))).get('via') ?? '', /^1\.0 inner, 1\.1 [a-z]+\/[0-9.]+$/)
  })

  check(
    'an answer of the gateway’s own has Server, its latency and the request id, and no Via',
    async (rig) => {
      const answer = await rig.ask(get('/nowhere'))
      assert.equal(answer.status, 404)
      assert.match(answer.get('server') ?? '', OURS)
      assert.match(answer.get('x-kong-response-latency') ?? '', /^\d+$/)
      assert.match(answer.get('x-kong-request-id') ?? '', /^[0-9a-f]{32}$/)
      assert.equal(answer.get('via'), undefined)
      assert.equal(answer.get('x-kong-proxy-latency'), undefined)
      assert.equal(answer.get('x-kong-upstream-latency'), undefined)
    },
  )

  check('a request id is never handed out twice', async (rig) => {
    const client = await rig.connect()
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      await client.send(get('/up'))
      seen.add((await client.answer()).get('x-kong-request-id') ?? '')
    }
    assert.equal(seen.size, 200)
  })

  check('every answer is dated once', async (rig) => {
    const dated = await rig.ask(get('/nowhere'))
    assert.ok(!Number.isNaN(Date.parse(dated.get('date') ?? '')))
    rig.target.behave = answers('ok', ['Date: Thu, 01 Jan 2026 00:00:00 GMT'])
    assert.equal((await rig.ask(get('/up'))).all('date').length, 1)
  })

  check('status and reason are the target’s, odd ones too', async (rig) => {
    rig.target.behave = sends(reply('x', [], '299 Very Odd'))
    assert.equal((await rig.ask(get('/up'))).firstLine, 'HTTP/1.1 299 Very Odd')
    rig.target.behave = sends(reply('x', [], '599 '))
    assert.equal((await rig.ask(get('/up'))).status, 599)
  })

  check('an error of the target’s passes unchanged with its body', async (rig) => {
    rig.target.behave = answers('mine', ['Content-Type: a/b'], '503 Mine')
    const answer = await rig.ask(get('/up'))
    assert.equal(answer.firstLine, 'HTTP/1.1 503 Mine')
    assert.equal(answer.get('content-type'), 'a/b')
    assert.equal(answer.text, 'mine')
  })

  check('fields of the target’s hop stay behind', async (rig) => {
    rig.target.behave = answers('ok', [
      'Connection: keep-alive, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Upgrade: h2c',
      'Proxy-Connection: keep-alive',
      'X-End: 2',
    ])
    const answer = await rig.ask(get('/up'))
    for (const name of ['x-hop', 'keep-alive', 'upgrade']) assert.equal(answer.get(name), undefined, name)
    assert.doesNotMatch(answer.get('connection') ?? '', /hop/i)
    assert.equal(answer.get('x-end'), '2')
  })

  check('everything else comes as the target sent it, repeated fields in their order', async (rig) => {
    const lines = ['Set-Cookie: a=1', 'set-cookie: b=2', 'X-Latin: \xe9', 'ETag: W/"x"', 'X_Under: 1']
    rig.target.behave = answers('ok', lines)
    const answer = await rig.ask(get('/up'))
    for (const line of lines) assert.ok(answer.head.includes(`\r\n${line}\r\n`), line)
    assert.deepEqual(answer.all('set-cookie'), ['a=1', 'b=2'])
  })

  check('the target’s own X-Kong fields do not double the gateway’s', async (rig) => {
    rig.target.behave = answers('ok', ['X-Kong-Request-Id: theirs', 'X-Kong-Proxy-Latency: 9999'])
    const answer = await rig.ask(get('/up'))
    assert.equal(answer.all('x-kong-request-id').length, 1)
    assert.match(answer.get('x-kong-request-id') ?? '', /^[0-9a-f]{32}$/)
    assert.equal(answer.all('x-kong-proxy-latency').length, 1)
  })
})

const silent = { config: oneRoute, env: { SLUICE_HEADERS: 'off', SLUICE_HEADERS_UPSTREAM: 'off' } }

eachEngine('response fields with headers=off', silent, (check) => {
  check('the gateway does not show itself', async (rig) => {
    for (const path of ['/up', '/nowhere']) {
      const answer = await rig.ask(get(path))
      assert.equal(answer.get('server'), undefined)
      assert.equal(answer.get('via'), undefined)
      assert.doesNotMatch(answer.head, /x-kong/i)
    }
    assert.equal(rig.target.last.get('x-kong-request-id'), undefined)
  })
})

const chosen = {
  config: oneRoute,
  env: { SLUICE_HEADERS: 'x-kong-upstream-status, via,X-Kong-Proxy-Latency' },
}

eachEngine('response fields by name', chosen, (check) => {
  check('single fields can be chosen', async (rig) => {
    rig.target.behave = answers('ok', [], '201 Created')
    const answer = await rig.ask(get('/up'))
    assert.equal(answer.get('x-kong-upstream-status'), '201')
    assert.match(answer.get('via') ?? '', /^1\.1 /)
    assert.match(answer.get('x-kong-proxy-latency') ?? '', /^\d+$/)
    assert.equal(answer.get('x-kong-upstream-latency'), undefined)
    assert.equal(answer.get('x-kong-request-id'), undefined)
    assert.equal(answer.get('server'), undefined)
  })
})
