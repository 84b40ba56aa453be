/** What clients and the other upstream see of mirror, on both engines. */
import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { answers, neverAnswers } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

let shadow: TestTarget | null = null

before(async () => {
  shadow = await openTarget(answers('shadow'))
})
after(() => shadow?.close())
beforeEach(() => {
  shadow!.behave = answers('shadow')
  shadow!.forget()
})

function config(port: number): string {
  const route = (name: string, rules: object, more: readonly object[] = []) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'mirror', config: { upstream_host: 'next', ...rules } }, ...more],
  })
  const routes = [
    route('all', { strip_headers: ['Authorization'] }),
    route('small', { max_body_size: 4 }),
    route('answered', {}, [{ name: 'request-termination', config: { status_code: 204 } }]),
    route('nobody', { upstream_host: '127.0.0.1', upstream_port: 1 }),
  ]
  const upstreams = [{ name: 'next', targets: [{ target: `127.0.0.1:${shadow!.port}` }] }]
  const service = { name: 'target', host: '127.0.0.1', port, protocol: 'http', path: '/base', routes }
  return kongYml({ services: [service], upstreams })
}

const post = (path: string, body: string, lines = '') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`

eachEngine('mirror', { config }, (check) => {
  check('the client has its answer, and the other upstream the same request', async (rig) => {
    const answer = await rig.ask(post('/all/a?b=1', 'hello', 'Authorization: secret\r\nX-A: 1\r\n'), 'POST')
    assert.equal(answer.text, 'ok')
    const { request } = await shadow!.arrived()
    assert.equal(request.firstLine, 'POST /base/a?b=1 HTTP/1.1')
    assert.equal(rig.target.last.firstLine, request.firstLine)
    assert.deepEqual([request.get('x-mirrored'), request.get('x-a')], ['1', '1'])
    assert.equal(request.get('authorization') ?? null, null)
    assert.equal(request.get('x-forwarded-for'), '127.0.0.1')
    assert.equal(rig.target.last.get('x-mirrored') ?? null, null)
    assert.equal(rig.target.last.get('authorization'), 'secret')
  })

  check('an upstream that never answers delays nobody', async (rig) => {
    shadow!.behave = neverAnswers
    for (let i = 0; i < 50; i++) assert.equal((await rig.ask(post('/all', 'x'), 'POST')).status, 200)
  })

  check('nobody listening there harms nobody', async (rig) => {
    for (let i = 0; i < 3; i++) assert.equal((await rig.ask(post('/nobody', 'x'), 'POST')).status, 200)
  })

  check('a larger body goes to the target alone, and what a plugin answered to nobody', async (rig) => {
    assert.equal((await rig.ask(post('/small', 'hello'), 'POST')).status, 200)
    assert.equal((await rig.ask(post('/answered', 'x'), 'POST')).status, 204)
    assert.equal((await rig.ask(post('/small', 'hell'), 'POST')).status, 200)
    const { request } = await shadow!.arrived()
    assert.equal(request.firstLine, 'POST /base HTTP/1.1')
    assert.equal(request.get('content-length'), '4')
  })
})
