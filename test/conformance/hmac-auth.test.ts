/** What clients and targets see of hmac-auth, on both engines. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const SECRET = 's3cret-of-jo'
const NOT_VALID = 'HMAC signature cannot be verified'
const NOT_SAME = 'HMAC signature does not match'
const NO_DATE =
  'HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication'

/** A route a case. */
const AUTHS: Record<string, object> = {
  plain: {},
  realm: { realm: 'shop', algorithms: ['hmac-sha512'], enforce_headers: ['date', '@request-target'] },
  hide: { hide_credentials: true },
  body: { validate_request_body: true },
  guests: { anonymous: 'guest' },
}

function config(port: number): string {
  const routes = Object.entries(AUTHS).map(([name, auth]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'hmac-auth', config: auth }],
  }))
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
    consumers: [
      { username: 'jo', custom_id: '42', hmacauth_credentials: [{ username: 'jo-signs', secret: SECRET }] },
      { username: 'guest' },
    ],
  } as never)
}

interface Request {
  readonly method?: string
  readonly path?: string
  readonly headers?: string
  readonly algorithm?: string
  readonly date?: string
  readonly lines?: readonly string[]
  readonly body?: string
}

/** Signed as a client does that knows the secret. */
function signed(request: Request): string {
  const { method = 'GET', path = '/plain', headers = 'date @request-target', lines = [], body = '' } = request
  const { algorithm = 'hmac-sha256', date = new Date().toUTCString() } = request
  const all = [`Date: ${date}`, 'Host: a', ...lines]
  const text = headers.split(' ').map((name) => {
    if (name === '@request-target') return `${name}: ${method.toLowerCase()} ${path}`
    if (name === 'request-line') return `${method} ${path} HTTP/1.1`
    const line = all.find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    return line === undefined ? `${name}:` : `${name}${line.slice(name.length)}`
  })
  const signature = createHmac(algorithm.slice(5), SECRET).update(text.join('\n')).digest('base64')
  const rest = `algorithm="${algorithm}", headers="${headers}", signature="${signature}"`
  const framing = body === '' ? [] : [`Content-Length: ${body.length}`]
  const field = `Authorization: hmac username="jo-signs", ${rest}`
  return `${[`${method} ${path} HTTP/1.1`, ...all, ...framing, field].join('\r\n')}\r\n\r\n${body}`
}

/** What the target was told of who asks. */
function identity(sent: Message): Record<string, string> {
  const told = sent.fields.filter(([name]) => /^x[-_](?:consumer|credential|anonymous)/i.test(name))
  return Object.fromEntries(told)
}

async function assertRefused(rig: Rig, request: string, text: string, challenge = 'hmac'): Promise<void> {
  const answer = await rig.ask(request)
  assert.equal(answer.status, 401)
  const id = answer.get('x-kong-request-id')
  assert.equal(answer.text, `{\n  "message":"${text}",\n  "request_id":"${id}"\n}`)
  assert.equal(answer.get('www-authenticate'), challenge)
  assert.deepEqual(rig.target.requests, [])
}

eachEngine('hmac-auth', { config, env: { SLUICE_LOG_LEVEL: 'debug' } }, (check) => {
  check('who has signed with a consumer’s secret passes, and the target is told who it is', async (rig) => {
    const request = signed({ path: '/plain?a=%20b&c', lines: ['X-Consumer-Username: root'] })
    assert.equal((await rig.ask(request)).status, 200)
    const { 'X-Consumer-ID': id, ...told } = identity(rig.target.last)
    assert.match(id ?? '', /^[0-9a-f-]{36}$/)
    assert.deepEqual(told, {
      'X-Consumer-Username': 'jo',
      'X-Consumer-Custom-ID': '42',
      'X-Credential-Identifier': 'jo-signs',
    })
    assert.match(rig.target.last.get('authorization') ?? '', /^hmac username="jo-signs"/)
  })

  check(
    'each way to sign is one: algorithms, the request line, headers of one’s own, a path to be normalised',
    async (rig) => {
      for (const request of [
        { algorithm: 'hmac-sha1' },
        { algorithm: 'hmac-sha384' },
        { algorithm: 'hmac-sha512' },
        { headers: 'request-line X-Own host date', lines: ['x-own: a  b'] },
        { headers: 'x-absent date' },
        { path: '/plain/../plain//x%41?b' },
        { method: 'DELETE' },
      ])
        assert.equal((await rig.ask(signed(request))).status, 200, JSON.stringify(request))
      const kongs = signed({ path: '/plain/xA' }).replace('/xA HTTP', '/%78/../xA HTTP')
      assert.equal((await rig.ask(kongs)).status, 200)
    },
  )

  check('each refusal has Kong’s words and the challenge', async (rig) => {
    const bare = 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n'
    await assertRefused(rig, bare, 'Unauthorized')
    await assertRefused(rig, signed({ date: 'Mon, 01 Jan 2024 00:00:00 GMT' }), NO_DATE)
    await assertRefused(rig, signed({ date: 'now' }), NO_DATE)
    await assertRefused(rig, signed({}).replace('jo-signs', 'nobody'), NOT_VALID)
    await assertRefused(rig, signed({}).replace('hmac-sha256', 'hmac-md5'), NOT_VALID)
    await assertRefused(rig, signed({}).replace('hmac username', 'hmac user'), NOT_VALID)
    await assertRefused(rig, signed({}).replace('GET', 'PUT'), NOT_SAME)
    await assertRefused(rig, signed({}).replace('/plain', '/plain/admin'), NOT_SAME)
    await assertRefused(rig, signed({}).replace('Host: a', 'Host: b').replace('GET', 'PATCH'), NOT_SAME)
    const realm = 'hmac realm="shop"'
    await assertRefused(rig, signed({ path: '/realm' }), NOT_VALID, realm)
    const few = signed({ path: '/realm', algorithm: 'hmac-sha512', headers: 'date' })
    await assertRefused(rig, few, NOT_VALID, realm)
    assert.equal((await rig.ask(signed({ path: '/realm', algorithm: 'hmac-sha512' }))).status, 200)
  })

  check('the signature is hidden from the target on demand', async (rig) => {
    assert.equal((await rig.ask(signed({ path: '/hide' }))).status, 200)
    assert.equal(rig.target.last.get('authorization'), undefined)
    const toProxy = signed({ path: '/hide' }).replace('Authorization:', 'Proxy-Authorization:')
    assert.equal((await rig.ask(toProxy)).status, 200)
    assert.equal(rig.target.last.get('proxy-authorization'), undefined)
  })

  check('a body is compared with its digest, however it comes, and reaches the target whole', async (rig) => {
    const body = '{"sum": 5}'
    const digest = `Digest: SHA-256=${createHash('sha256').update(body).digest('base64')}`
    const request = { method: 'POST', path: '/body', headers: 'date digest @request-target', body }
    assert.equal((await rig.ask(signed({ ...request, lines: [digest] }))).status, 200)
    assert.equal(rig.target.last.text, body)
    const piece = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const chunked = signed({ ...request, body: '', lines: [digest, 'Transfer-Encoding: chunked'] })
    assert.equal((await rig.ask(chunked + piece)).status, 200)
    assert.equal(rig.target.last.text, body)
    assert.equal((await rig.ask(signed({ path: '/body' }))).status, 200, 'nothing needs no digest')
    rig.target.forget()
    await assertRefused(rig, signed({ ...request, headers: 'date' }), NOT_SAME)
    await assertRefused(
      rig,
      signed({ ...request, lines: [digest] }).replace('"sum": 5', '"sum": 6'),
      NOT_SAME,
    )
  })

  check('with anonymous whoever has not signed goes on as that consumer', async (rig) => {
    for (const request of [
      'GET /guests HTTP/1.1\r\nHost: a\r\n\r\n',
      signed({ path: '/guests' }).replace('GET', 'PUT'),
    ]) {
      assert.equal((await rig.ask(request)).status, 200)
      const { 'X-Consumer-ID': _, ...told } = identity(rig.target.last)
      assert.deepEqual(told, { 'X-Consumer-Username': 'guest', 'X-Anonymous-Consumer': 'true' })
    }
  })

  check('no line of the log holds a secret or a signature', async (rig) => {
    const request = signed({})
    const signature = /signature="([^"]+)"/.exec(request)?.[1] ?? ''
    await rig.ask(request)
    await rig.ask(request.replace('GET', 'PUT'))
    assert.deepEqual(
      rig.gateway.log.filter((line) => line.includes(SECRET) || line.includes(signature)),
      [],
    )
  })
})
