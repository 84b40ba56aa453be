/** What clients and targets see of jwt, on both engines. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const SECRET = 's3cret-of-jo'

const pairs: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS384: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
}

const JWTS: Record<string, object> = {
  plain: {},
  exp: { claims_to_verify: ['exp'], realm: 'shop' },
  cookie: { cookie_names: ['sid'], header_names: [] },
  guests: { anonymous: 'guest' },
}

function config(port: number): string {
  const routes = Object.entries(JWTS).map(([name, jwt]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'jwt', config: jwt }],
  }))
  const publicKeys = Object.entries(pairs).map(([algorithm, { publicKey }]) => ({
    key: algorithm,
    algorithm,
    rsa_public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }))
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
    consumers: [
      { username: 'jo', custom_id: '42', jwt_secrets: [{ key: 'of-jo', secret: SECRET }] },
      { username: 'ed', jwt_secrets: publicKeys },
      { username: 'guest' },
    ],
  } as never)
}

function get(path: string, ...lines: string[]): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
}

function mint(claims: object = { iss: 'of-jo' }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}

const bearer = (token: string): string => `Authorization: Bearer ${token}`

function assertRefused(rig: Rig, answer: Message, body: object, challenge: string): void {
  assert.equal(answer.status, 401)
  assert.equal(answer.text, JSON.stringify(body))
  assert.equal(answer.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answer.get('www-authenticate'), challenge)
  assert.deepEqual(rig.target.requests, [])
}

eachEngine('jwt', { config, env: { SLUICE_LOG_LEVEL: 'debug' } }, (check) => {
  check(
    'a token with the signature of another that passed on the same connection is refused',
    async (rig) => {
      const good = mint({ iss: 'of-jo', role: 'user' })
      const forged = mint({ iss: 'of-jo', role: 'root' }).slice(0, -43) + good.slice(-43)
      const client = await rig.connect()
      const statusOf = async (request: string) => {
        await client.send(request)
        return (await client.answer()).status
      }
      for (const place of [
        (token: string) => get('/plain', bearer(token)),
        (token: string) => get(`/plain?jwt=${token}`),
      ]) {
        assert.equal(await statusOf(place(good)), 200)
        for (let i = 0; i < 3; i++) assert.equal(await statusOf(place(forged)), 401)
        assert.equal(await statusOf(place(good)), 200)
      }
    },
  )

  check(
    'a token that a consumer’s key has signed passes, and the target is told whose it is',
    async (rig) => {
      for (let i = 0; i < 2; i++) {
        assert.equal((await rig.ask(get('/plain', bearer(mint()), 'X-Consumer-Username: root'))).status, 200)
        assert.equal(rig.target.last.get('x-consumer-username'), 'jo')
        assert.equal(rig.target.last.get('x-consumer-custom-id'), '42')
        assert.equal(rig.target.last.get('x-credential-identifier'), 'of-jo')
      }
      assert.equal((await rig.ask(get(`/plain?jwt=${mint()}`))).status, 200)
      assert.equal((await rig.ask(get('/cookie', `Cookie: a=b; sid=${mint()}`))).status, 200)
    },
  )

  for (const [algorithm, { privateKey }] of Object.entries(pairs))
    check(`${algorithm}: what another implementation signs passes`, async (rig) => {
      const token = await new SignJWT({ iss: algorithm })
        .setProtectedHeader({ alg: algorithm })
        .sign(privateKey)
      assert.equal((await rig.ask(get('/plain', bearer(token)))).status, 200)
      assert.equal(rig.target.last.get('x-consumer-username'), 'ed')
      rig.target.forget()
      const other = `${token.slice(0, -6)}${token.at(-6) === 'A' ? 'B' : 'A'}${token.slice(-5)}`
      const answer = await rig.ask(get('/plain', bearer(other)))
      assertRefused(rig, answer, { message: 'Invalid signature' }, 'Bearer error="invalid_token"')
    })

  check('who sends none, or two, or one that is not good, is told so in Kong’s words', async (rig) => {
    assertRefused(rig, await rig.ask(get('/plain')), { message: 'Unauthorized' }, 'Bearer')
    assertRefused(rig, await rig.ask(get('/exp')), { message: 'Unauthorized' }, 'Bearer realm="shop"')
    const two = await rig.ask(get(`/plain?jwt=${mint()}`, bearer(mint({ iss: 'of-jo', n: 2 }))))
    assertRefused(rig, two, { message: 'Multiple tokens provided' }, 'Bearer error="invalid_token"')
    const bad = await rig.ask(get('/plain', bearer('x')))
    assertRefused(rig, bad, { message: 'Bad token; invalid JSON' }, 'Bearer error="invalid_token"')
    const old = await rig.ask(get('/exp', bearer(mint({ iss: 'of-jo', exp: 1 }))))
    assertRefused(rig, old, { exp: 'token expired' }, 'Bearer realm="shop", error="invalid_token"')
  })

  check('two requests of one connection are two people when their tokens are', async (rig) => {
    const client = await rig.connect()
    const token = await new SignJWT({ iss: 'ES256' })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(pairs['ES256']!.privateKey)
    for (const [who, sent] of [
      ['jo', mint()],
      ['ed', token],
      ['jo', mint()],
    ] as const) {
      await client.send(get('/plain', bearer(sent)))
      assert.equal((await client.answer()).status, 200)
      assert.equal(rig.target.last.get('x-consumer-username'), who)
    }
    await client.send(get('/plain'))
    assert.equal((await client.answer()).status, 401)
  })

  check('with anonymous whoever is not known goes on as that consumer', async (rig) => {
    for (const lines of [[], [bearer('x')]]) {
      assert.equal((await rig.ask(get('/guests', ...lines))).status, 200)
      assert.equal(rig.target.last.get('x-consumer-username'), 'guest')
      assert.equal(rig.target.last.get('x-anonymous-consumer'), 'true')
    }
  })

  check('no line of the log holds a secret or a token', async (rig) => {
    const token = mint({ iss: 'of-jo', nonce: 'a-nonce' })
    await rig.ask(get('/plain', bearer(token)))
    await rig.ask(get('/plain', bearer(`${token}x`)))
    const leaks = rig.gateway.log.filter((line) => line.includes(SECRET) || line.includes(token.slice(-30)))
    assert.deepEqual(leaks, [])
  })
})
