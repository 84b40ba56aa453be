/** What clients and targets see of openid-bearer, with an issuer whose keys rotate and that goes away, on both engines. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { eachEngine } from '../kit/each-engine.ts'
import { TestIssuer } from '../kit/issuer.ts'
import { kongYml } from '../kit/kong-config.ts'

const issuer = await TestIssuer.open()
const absent = await TestIssuer.open()
absent.isAway = true
after(() => Promise.all([issuer.close(), absent.close()]))

const COMMON = { issuer: issuer.url, audience: ['orders'], jwks_cooldown: 1 }
const SECRET = 's3cret-of-the-gateway'

const CONFIGS: Record<string, object> = {
  plain: { ...COMMON, upstream_headers: { 'X-User': 'sub' }, realm: 'shop' },
  scopes: { ...COMMON, scopes: ['read'] },
  people: { ...COMMON, consumer_claim: 'sub', hide_credentials: true },
  opaque: { ...COMMON, introspect: true, client_id: 'gateway', client_secret: SECRET },
  away: { ...COMMON, issuer: absent.url, anonymous: 'guest' },
}

function config(port: number): string {
  const routes = Object.entries(CONFIGS).map(([name, plugin]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'openid-bearer', config: plugin }],
  }))
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
    consumers: [{ username: 'jo' }, { username: 'guest' }],
  } as never)
}

function get(path: string, ...lines: string[]): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
}

const bearer = (token: string): string => `Authorization: Bearer ${token}`

eachEngine('openid-bearer', { config, env: { SLUICE_LOG_LEVEL: 'debug' } }, (check) => {
  check('a token of the issuer passes, and the target gets the claims that are named', async (rig) => {
    const token = await issuer.mint({ sub: 'ann' })
    for (let i = 0; i < 2; i++) {
      assert.equal((await rig.ask(get('/plain', bearer(token), 'X-User: root', 'x-user: me'))).status, 200)
      assert.equal(rig.target.last.get('x-user'), 'ann')
    }
  })

  check('who has no token, a bad one, or one for others is refused with a challenge', async (rig) => {
    const none = await rig.ask(get('/plain'))
    assert.deepEqual([none.status, none.text], [401, '{"message":"Unauthorized"}'])
    assert.equal(none.get('www-authenticate'), 'Bearer realm="shop"')
    const other = await rig.ask(get('/plain', bearer(await issuer.mint({ aud: 'other' }))))
    assert.deepEqual([other.status, other.text], [401, '{"message":"Bad token; it is for another audience"}'])
    assert.match(
      other.get('www-authenticate') ?? '',
      /^Bearer realm="shop", error="invalid_token", error_desc/,
    )
    assert.equal((await rig.ask(get('/plain', bearer(`${await issuer.mint()}x`)))).status, 401)
    const scope = await rig.ask(get('/scopes', bearer(await issuer.mint({ scope: 'write' }))))
    assert.equal(scope.status, 403)
    assert.equal(scope.get('www-authenticate'), 'Bearer error="insufficient_scope", scope="read"')
    assert.deepEqual(rig.target.requests, [])
    assert.equal((await rig.ask(get('/scopes', bearer(await issuer.mint({ scope: 'read' }))))).status, 200)
  })

  check('a claim names the consumer, and the token is hidden on demand', async (rig) => {
    assert.equal((await rig.ask(get('/people', bearer(await issuer.mint({ sub: 'jo' }))))).status, 200)
    assert.equal(rig.target.last.get('x-consumer-username'), 'jo')
    assert.equal(rig.target.last.get('authorization'), undefined)
    assert.equal((await rig.ask(get('/people', bearer(await issuer.mint({ sub: 'ed' }))))).status, 403)
  })

  check('a key that the issuer has begun to use is found', async (rig) => {
    assert.equal((await rig.ask(get('/plain', bearer(await issuer.mint())))).status, 200)
    issuer.addKey(`new for ${rig.engine}`)
    const token = await issuer.mint()
    // The cooldown is a second: until then the key is not looked for.
    let status = 0
    for (let i = 0; i < 200 && status !== 200; i++) {
      status = (await rig.ask(get('/plain', bearer(token)))).status
      if (status !== 200) await new Promise((done) => setTimeout(done, 50))
    }
    assert.equal(status, 200)
  })

  check('of a token that is no JWT the issuer is asked', async (rig) => {
    issuer.active.set('an-opaque-token', { active: true, aud: 'orders', sub: 'ann' })
    for (let i = 0; i < 2; i++)
      assert.equal((await rig.ask(get('/opaque', bearer('an-opaque-token')))).status, 200)
    assert.equal((await rig.ask(get('/opaque', bearer('another')))).status, 401)
  })

  check('while the issuer is away and no key is known the answer is 503, and no guest', async (rig) => {
    const away = await rig.ask(get('/away', bearer(await issuer.mint())))
    assert.equal(away.status, 503)
    assert.match(away.text, /^\{"message":"The token could not be checked/)
    assert.deepEqual(rig.target.requests, [])
    assert.equal((await rig.ask(get('/away'))).status, 200)
    assert.equal(rig.target.last.get('x-consumer-username'), 'guest')
  })

  check('who goes away while the issuer is asked leaves nothing behind', async (rig) => {
    for (let i = 0; i < 5; i++) {
      const client = await rig.connect()
      await client.send(get('/opaque', bearer(`leaving-${i}`)))
      client.destroy()
    }
    assert.equal((await rig.ask(get('/opaque', bearer('an-opaque-token')))).status, 200)
  })

  check('no line of the log holds a secret or a token', async (rig) => {
    const token = await issuer.mint({ nonce: 'n' })
    await rig.ask(get('/plain', bearer(token)))
    await rig.ask(get('/opaque', bearer('leaky-opaque-token')))
    const secrets = [SECRET, token.slice(-30), 'leaky-opaque-token']
    assert.deepEqual(
      rig.gateway.log.filter((line) => secrets.some((secret) => line.includes(secret))),
      [],
    )
  })
})
