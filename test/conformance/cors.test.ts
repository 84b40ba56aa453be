/** What browsers see of cors, on both engines. */
import assert from 'node:assert/strict'
import { answers } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const APP = 'https://app.example.com'

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const cors = (rules: object) => ({ name: 'cors', config: rules })
  const route = (name: string, rules: object) => ({
    name,
    paths: [`/${name}`],
    plugins: [cors(rules), { name: 'key-auth' }],
  })
  const routes = [
    route('open', {}),
    route('app', {
      origins: [APP, '^https://[a-z]+\\.preview\\.com$'],
      credentials: true,
      exposed_headers: ['X-A'],
    }),
    route('target', { preflight_continue: true }),
  ]
  const consumers = [{ username: 'jo', keyauth_credentials: [{ key: 'jo' }] }]
  const plugins = [cors({ origins: ['https://global.example'] })]
  return kongYml({ services: [{ name: 'target', ...target, routes }], plugins, consumers })
}

function ask(path: string, lines: readonly string[], method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
}

const PREFLIGHT = [
  `Origin: ${APP}`,
  'Access-Control-Request-Method: PUT',
  'Access-Control-Request-Headers: x-a',
]

function told(answer: Message, name: string): string | null {
  return answer.get(`access-control-${name}`) ?? null
}

eachEngine('cors', { config }, (check) => {
  check('a preflight is answered before anybody is asked for a key', async (rig) => {
    const answer = await rig.ask(ask('/app', PREFLIGHT, 'OPTIONS'), 'OPTIONS')
    assert.deepEqual([answer.status, answer.text, answer.get('content-length')], [200, '', '0'])
    assert.equal(told(answer, 'allow-origin'), APP)
    assert.equal(told(answer, 'allow-methods'), 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT')
    assert.equal(told(answer, 'allow-headers'), 'x-a')
    assert.equal(told(answer, 'allow-credentials'), 'true')
    assert.equal(told(answer, 'expose-headers'), null)
    assert.equal(answer.get('vary'), 'Origin')
    assert.deepEqual(rig.target.requests, [])
  })

  check('a refusal can be read by the page that asked', async (rig) => {
    const answer = await rig.ask(ask('/app', ['Origin: https://x.preview.com:443']))
    assert.equal(answer.status, 401)
    assert.equal(told(answer, 'allow-origin'), 'https://x.preview.com')
    assert.equal(told(answer, 'expose-headers'), 'X-A')
  })

  check('an answer of the target’s is given the fields in place of its own', async (rig) => {
    rig.target.behave = answers('ok', ['Access-Control-Allow-Origin: *', 'Vary: Accept'])
    const answer = await rig.ask(ask('/app', [`Origin: ${APP}`, 'apikey: jo']))
    assert.equal(answer.text, 'ok')
    assert.equal(told(answer, 'allow-origin'), APP)
    const stranger = await rig.ask(ask('/app', ['Origin: https://evil.example', 'apikey: jo']))
    assert.equal(stranger.status, 200)
    assert.equal(told(stranger, 'allow-origin'), null)
  })

  check('everybody may ask where no origin is named', async (rig) => {
    const answer = await rig.ask(ask('/open', ['apikey: jo']))
    assert.equal(told(answer, 'allow-origin'), '*')
    assert.equal(answer.get('vary') ?? null, null)
  })

  check('where nothing is found the global configuration counts', async (rig) => {
    const answer = await rig.ask(ask('/nowhere', ['Origin: https://global.example']))
    assert.equal(answer.status, 404)
    assert.equal(told(answer, 'allow-origin'), 'https://global.example')
  })

  check('with preflight_continue the target answers, once it is known who asks', async (rig) => {
    rig.target.behave = answers('', ['Access-Control-Allow-Origin: https://own'], '204 No Content')
    assert.equal((await rig.ask(ask('/target', PREFLIGHT, 'OPTIONS'), 'OPTIONS')).status, 401)
    const answer = await rig.ask(ask('/target', [...PREFLIGHT, 'apikey: jo'], 'OPTIONS'), 'OPTIONS')
    assert.equal(answer.status, 204)
    assert.equal(told(answer, 'allow-origin'), 'https://own')
    assert.equal(told(answer, 'allow-methods'), null)
  })
})
