/** What clients see of bot-detection, on both engines. */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const route = (name: string, rules: object) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'bot-detection', config: rules }, { name: 'key-auth' }],
  })
  const routes = [route('plain', {}), route('lists', { allow: ['Googlebot'], deny: ['^old/\\d'] })]
  const consumers = [{ username: 'jo', keyauth_credentials: [{ key: 'jo' }] }]
  return kongYml({ services: [{ name: 'target', ...target, routes }], consumers })
}

function get(path: string, agents: readonly string[]): string {
  const fields = agents.map((agent) => `User-Agent: ${agent}\r\n`).join('')
  return `GET ${path} HTTP/1.1\r\nHost: a\r\napikey: jo\r\n${fields}\r\n`
}

const ROBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'

eachEngine('bot-detection', { config }, (check) => {
  check('people and their tools pass, and who does not say', async (rig) => {
    for (const agents of [['curl/8.5.0'], ['python-requests/2.32'], ['Mozilla/5.0 Firefox/127.0'], ['']])
      assert.equal((await rig.ask(get('/plain', agents))).status, 200, agents[0])
    assert.equal((await rig.ask(get('/plain', []))).status, 200)
  })

  check('robots are refused with 403, time and again', async (rig) => {
    for (const agent of [ROBOT, ROBOT, 'Go-http-client/1.1']) {
      const answer = await rig.ask(get('/plain', [agent]))
      const id = answer.get('x-kong-request-id')
      assert.equal(answer.status, 403)
      assert.equal(answer.text, `{\n  "message":"Forbidden",\n  "request_id":"${id}"\n}`)
    }
    assert.deepEqual(rig.target.requests, [])
  })

  check('it comes before authentication', async (rig) => {
    const answer = await rig.ask(get('/plain', [ROBOT]).replace('apikey: jo\r\n', ''))
    assert.equal(answer.status, 403)
  })

  check('two User-Agents are one too many', async (rig) => {
    const answer = await rig.ask(get('/plain', ['curl/8', 'curl/8']))
    assert.equal(answer.status, 400)
    assert.match(answer.text, /"Only one User-Agent header allowed"/)
  })

  check('the operator’s lists come before the known robots', async (rig) => {
    assert.equal((await rig.ask(get('/lists', [ROBOT]))).status, 200)
    assert.equal((await rig.ask(get('/lists', ['old/1 Googlebot']))).status, 200)
    assert.equal((await rig.ask(get('/lists', ['old/1']))).status, 403)
    assert.equal((await rig.ask(get('/lists', ['bingbot']))).status, 403)
  })
})
