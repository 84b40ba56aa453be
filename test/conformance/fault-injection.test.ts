/** What clients see of fault-injection, on both engines. */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

const DELAY_MS = 300

function config(port: number): string {
  const route = (name: string, rules: object) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'fault-injection', config: rules }],
  })
  const routes = [
    route('late', { delay: { fixed_delay: DELAY_MS } }),
    route('refused', { abort: { http_status: 429 }, headers: [{ name: 'X-Chaos', exact_match: 'yes' }] }),
    route('cut', { abort: { reset: true } }),
    route('held', { delay: { fixed_delay: 600_000 } }),
  ]
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }] })
}

const get = (path: string, lines = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`

eachEngine('fault-injection', { config }, (check) => {
  check('a request is held up, with its body, and others are served meanwhile', async (rig) => {
    const client = await rig.connect()
    const began = performance.now()
    await client.send('POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    assert.equal((await rig.ask(get('/refused'))).status, 200)
    const answer = await client.answer('POST')
    assert.ok(performance.now() - began >= DELAY_MS - 50)
    assert.equal(answer.text, 'ok')
    assert.equal(rig.target.last.text, 'abc')
  })

  check('a refusal is for whom the headers fit, and the connection serves on', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/refused', 'X-Chaos: yes\r\n'))
    const answer = await client.answer()
    assert.deepEqual([answer.status, answer.text], [429, '{"message":"fault injected"}'])
    assert.equal(answer.get('x-fault-injected'), 'abort')
    await client.send(get('/refused', 'X-Chaos: no\r\n'))
    assert.equal((await client.answer()).status, 200)
  })

  check('a cut connection says nothing', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/cut'))
    await assert.rejects(client.answer())
    assert.deepEqual(rig.target.requests, [])
  })

  check('a client that goes while it is held up harms nobody', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/held'))
    client.destroy()
    assert.equal((await rig.ask(get('/refused'))).status, 200)
  })
})
