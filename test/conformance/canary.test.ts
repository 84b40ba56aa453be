/** Where requests go with canary, on both engines. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

let other: TestTarget | null = null
let nobody = 0

before(async () => {
  other = await openTarget(answers('other'))
  nobody = await freePort()
})
after(() => other?.close())

function config(port: number): string {
  const route = (name: string, rules: object) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'canary', config: { hash: 'none', ...rules } }],
  })
  const edits = { replace: { uri: '/v1' }, remove: { querystring: ['a'] }, add: { querystring: ['b:2'] } }
  const edited = route('edited', { upstream_host: 'other', percentage: 100, upstream_uri: '/v2' })
  edited.plugins.push({ name: 'request-transformer', config: edits } as never)
  const routes = [
    route('all', { upstream_host: 'other', percentage: 100 }),
    route('half', { upstream_host: 'other', percentage: 50 }),
    route('wish', { upstream_host: 'other', canary_by_header_name: 'X-Canary', upstream_uri: '/v2' }),
    route('host', { upstream_host: '127.0.0.1', upstream_port: other?.port, percentage: 100 }),
    route('port', { upstream_port: other?.port, percentage: 100 }),
    route('empty', { upstream_host: 'empty', percentage: 100 }),
    route('back', { upstream_host: 'empty', percentage: 100, upstream_fallback: true, upstream_uri: '/v2' }),
    route('dead', { upstream_host: 'dead', percentage: 100, upstream_fallback: true }),
    edited,
  ]
  const upstreams = [
    { name: 'other', targets: [{ target: `127.0.0.1:${other?.port}` }] },
    { name: 'empty', targets: [{ target: '127.0.0.1:1', weight: 0 }] },
    {
      name: 'dead',
      targets: [{ target: `127.0.0.1:${nobody}` }],
      healthchecks: { passive: { unhealthy: { tcp_failures: 1 } } },
    },
  ]
  const service = { name: 'target', host: '127.0.0.1', port, protocol: 'http', retries: 1, routes }
  return kongYml({ services: [service], upstreams })
}

const get = (path: string, lines = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`

eachEngine('canary', { config }, (check) => {
  check('all go to the other upstream', async (rig) => {
    const answer = await rig.ask(get('/all/a?b'))
    assert.deepEqual([answer.status, answer.text], [200, 'other'])
    assert.deepEqual(rig.target.requests, [])
    assert.match(other?.last.firstLine ?? '', /^GET \/a\?b /)
  })

  check('of twenty requests ten go there', async (rig) => {
    let there = 0
    for (let i = 0; i < 20; i++) if ((await rig.ask(get('/half'))).text === 'other') there++
    assert.ok(there >= 9 && there <= 11, `${there}`)
  })

  check('who asks for it goes there, to its own path', async (rig) => {
    assert.equal((await rig.ask(get('/wish/a?b'))).text, 'ok')
    assert.equal((await rig.ask(get('/wish/a?b', 'X-Canary: always\r\n'))).text, 'other')
    assert.match(other?.last.firstLine ?? '', /^GET \/v2\?b /)
  })

  check('a query that request-transformer has edited goes along, with another path too', async (rig) => {
    await rig.ask(get('/edited/a?a=1&c=3'))
    assert.match(other?.last.firstLine ?? '', /^GET \/v2\?c=3&b=2 /)
  })

  check('a host or a port alone is a place too', async (rig) => {
    assert.equal((await rig.ask(get('/host'))).text, 'other')
    assert.equal((await rig.ask(get('/port'))).text, 'other')
  })

  check('without a target there, and without a fallback, nobody answers', async (rig) => {
    assert.equal((await rig.ask(get('/empty'))).status, 503)
    assert.deepEqual(rig.target.requests, [])
  })

  check('with a fallback the service answers, at the path that was asked for', async (rig) => {
    const answer = await rig.ask(get('/back/a'))
    assert.deepEqual([answer.status, answer.text], [200, 'ok'])
    assert.match(rig.target.last.firstLine, /^GET \/a /)
  })

  check(
    'an upstream that its checks have taken out is passed over, and a retry ends at the service',
    async (rig) => {
      for (let i = 0; i < 3; i++) {
        const answer = await rig.ask(get('/dead'))
        assert.deepEqual([answer.status, answer.text], [200, 'ok'])
      }
    },
  )
})
