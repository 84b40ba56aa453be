/** What clients see of ip-restriction, by the address a trusted proxy tells, on both engines. */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

const RULES: Record<string, object> = {
  office: { allow: ['192.0.2.0/24', '2001:db8::/32'], deny: ['192.0.2.7'] },
  words: { deny: ['192.0.2.7'], status: 404, message: 'Nothing here' },
  direct: { deny: ['127.0.0.1'] },
}

function config(port: number): string {
  const routes = Object.entries(RULES).map(([name, rule]) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'ip-restriction', config: rule }],
  }))
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }] })
}

function get(path: string, from: string, ...lines: string[]): string {
  const fields = from === '' ? lines : [`X-Real-IP: ${from}`, ...lines]
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`
}

eachEngine('ip-restriction', { config, env: { SLUICE_TRUSTED_IPS: '127.0.0.1' } }, (check) => {
  check('an address that is allowed passes, in either family', async (rig) => {
    for (const from of ['192.0.2.1', '::ffff:192.0.2.255', '2001:db8:9::1'])
      assert.equal((await rig.ask(get('/office', from))).status, 200, from)
  })

  check('another one, and a denied one, are refused with 403 and told their address', async (rig) => {
    for (const from of ['192.0.3.1', '192.0.2.7', '2001:db9::1']) {
      const answer = await rig.ask(get('/office', from))
      assert.equal(answer.status, 403)
      const id = answer.get('x-kong-request-id')
      const text = `IP address not allowed: ${from}`
      assert.equal(answer.text, `{\n  "message":"${text}",\n  "request_id":"${id}"\n}`)
    }
    assert.deepEqual(rig.target.requests, [])
  })

  check('status and words are the operator’s, in the client’s language', async (rig) => {
    const answer = await rig.ask(get('/words', '192.0.2.7', 'Accept: text/plain'))
    assert.equal(answer.status, 404)
    assert.equal(answer.text, `Nothing here\nrequest_id: ${answer.get('x-kong-request-id')}\n`)
  })

  check('without a proxy’s word it is the address that connected', async (rig) => {
    assert.equal((await rig.ask(get('/direct', ''))).status, 403)
    assert.equal((await rig.ask(get('/direct', '192.0.2.1'))).status, 200)
  })
})

eachEngine('ip-restriction without trust', { config }, (check) => {
  check('nobody is believed who is not trusted', async (rig) => {
    assert.equal((await rig.ask(get('/office', '192.0.2.1'))).status, 403)
    assert.equal((await rig.ask(get('/direct', '192.0.2.1'))).status, 403)
  })
})
