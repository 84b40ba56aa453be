/** What clients see of redirect, on both engines. */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

function config(port: number): string {
  const route = (name: string, rules: object, more: readonly object[] = []) => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: 'redirect', config: rules }, ...more],
  })
  const routes = [
    route('place', { location: 'https://b.example/c?d=1' }),
    route('origin', { location: 'https://b.example:8443/x', keep_incoming_path: true, status_code: 307 }),
    route('behind', { location: 'https://b.example' }, [{ name: 'key-auth' }]),
  ]
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }] })
}

const get = (path: string, method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

eachEngine('redirect', { config }, (check) => {
  check('the client is sent to the place, and the target is not asked', async (rig) => {
    const answer = await rig.ask(get('/place/y?z'))
    assert.deepEqual(
      [answer.status, answer.get('location'), answer.text, answer.get('content-length')],
      [301, 'https://b.example/c?d=1', 'redirecting', '11'],
    )
    assert.deepEqual(rig.target.requests, [])
  })

  check('with keep_incoming_path path and query stay', async (rig) => {
    const answer = await rig.ask(get('/origin/a%20b//c?d=%20&e'))
    assert.equal(answer.status, 307)
    assert.equal(answer.get('location'), 'https://b.example:8443/origin/a%20b/c?d=%20&e')
  })

  check('HEAD is told the same without a body', async (rig) => {
    const answer = await rig.ask(get('/place', 'HEAD'), 'HEAD')
    assert.deepEqual(
      [answer.status, answer.get('location'), answer.text],
      [301, 'https://b.example/c?d=1', ''],
    )
  })

  check('who may not ask is not told where it went', async (rig) => {
    const answer = await rig.ask(get('/behind'))
    assert.deepEqual([answer.status, answer.get('location') ?? null], [401, null])
  })
})
