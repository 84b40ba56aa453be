/** What clients and targets see of key-auth, and of configurations for consumers and groups, on both engines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sluice, until } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const SECRETS = { jo: 's3cret-key-of-jo', ed: 's3cret-key-of-ed', ann: 's3cret-key-of-ann' }

/** A route a case. */
const AUTHS: Record<string, object> = {
  plain: {},
  realm: { realm: 'shop', key_names: ['X-Key', 'apikey'] },
  hide: { hide_credentials: true },
  body: { key_in_body: true, hide_credentials: true },
  preflight: { run_on_preflight: false },
  guests: { anonymous: 'guest' },
  broken: { anonymous: 'nobody' },
}

/** [row, route, who asks]: whose configuration wins, of all that apply; the limit is 100 + the row. */
const LADDER = [
  [1, 'ladder-1', 'jo'],
  [2, 'ladder-2', 'jo'],
  [3, 'ladder-3', 'jo'],
  [4, 'ladder-4', 'jo'],
  [5, 'ladder-5', 'jo'],
  [6, 'ladder-6', 'jo'],
  [7, 'ladder-7', 'jo'],
  [8, 'ladder-8', 'jo'],
  [9, 'ladder-8', 'ed'],
  [10, 'ladder-8', 'ann'],
  [11, 'ladder-11', 'ann'],
  [12, 'ladder-12', 'ann'],
] as const

/** What binds a configuration of each row to one route or service. */
const SCOPES: Record<number, (name: string) => object> = {
  1: (name) => ({ route: name, service: name, consumer: 'jo' }),
  2: (name) => ({ route: name, service: name, consumer_group: 'gold' }),
  3: (name) => ({ route: name, consumer: 'jo' }),
  4: (name) => ({ service: name, consumer: 'jo' }),
  5: (name) => ({ route: name, consumer_group: 'gold' }),
  6: (name) => ({ service: name, consumer_group: 'gold' }),
  7: (name) => ({ route: name, service: name }),
  10: (name) => ({ route: name }),
  11: (name) => ({ service: name }),
}

function limit(row: number, scope: object): object {
  return { name: 'rate-limiting', config: { hour: 100 + row }, ...scope }
}

function ladder(): object[] {
  const names = [...new Set(LADDER.map(([, name]) => name))]
  const placed = names.flatMap((name) =>
    Object.entries(SCOPES)
      .filter(([row]) => Number(row) >= Number(name.slice('ladder-'.length)))
      .map(([row, scope]) => limit(Number(row), scope(name))),
  )
  return [...placed, limit(8, { consumer: 'jo' }), limit(9, { consumer_group: 'gold' }), limit(12, {})]
}

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const routes = Object.entries(AUTHS).map(([name, auth]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'key-auth', config: auth }],
  }))
  routes.push({
    name: 'once',
    paths: ['/once'],
    strip_path: false,
    plugins: [
      { name: 'key-auth', config: {} },
      { name: 'rate-limiting', config: { hour: 1 } },
    ],
  })
  const steps = [...new Set(LADDER.map(([, name]) => name))].map((name) => ({
    name,
    ...target,
    routes: [{ name, paths: [`/${name}$`.slice(0, -1)], plugins: [{ name: 'key-auth' }] }],
  }))
  return kongYml({
    services: [{ name: 'target', ...target, routes }, ...steps],
    plugins: ladder(),
    consumers: [
      {
        username: 'jo',
        custom_id: '42',
        groups: [{ name: 'gold' }],
        keyauth_credentials: [{ key: SECRETS.jo }],
      },
      { username: 'ed', groups: [{ name: 'gold' }], keyauth_credentials: [{ key: SECRETS.ed }] },
      { username: 'ann', keyauth_credentials: [{ key: SECRETS.ann }] },
      { username: 'guest' },
    ],
    consumer_groups: [{ name: 'gold' }],
  } as never)
}

function request(method: string, path: string, lines: readonly string[] = [], body = ''): string {
  const framing = body === '' ? [] : [`Content-Length: ${body.length}`]
  return `${[`${method} ${path} HTTP/1.1`, 'Host: a', ...lines, ...framing].join('\r\n')}\r\n\r\n${body}`
}

function get(path: string, ...lines: string[]): string {
  return request('GET', path, lines)
}

/** What the target was told of who asks. */
function identity(sent: Message): Record<string, string> {
  const told = sent.fields.filter(([name]) => /^x[-_](?:consumer|credential|anonymous)/i.test(name))
  return Object.fromEntries(told)
}

async function assertRefused(rig: Rig, answer: Message, status: number, text: string): Promise<void> {
  assert.equal(answer.status, status)
  const id = answer.get('x-kong-request-id')
  assert.equal(answer.text, `{\n  "message":"${text}",\n  "request_id":"${id}"\n}`)
  assert.equal(answer.get('content-type'), 'application/json; charset=utf-8')
  assert.deepEqual(rig.target.requests, [])
}

const env = { SLUICE_LOG_LEVEL: 'debug', SLUICE_PROXY_ACCESS_LOG: '/dev/stdout', SLUICE_WORKERS: '2' }

eachEngine('key-auth', { config, env }, (check) => {
  check('a request without a key is refused with 401, Kong’s words and a challenge', async (rig) => {
    const answer = await rig.ask(get('/plain'))
    await assertRefused(rig, answer, 401, 'No API key found in request')
    assert.equal(answer.get('www-authenticate'), 'Key')
    const realm = await rig.ask(get('/realm'))
    assert.equal(realm.get('www-authenticate'), 'Key realm="shop"')
  })

  check('a key that nobody has, and two keys, are refused with words of their own', async (rig) => {
    await assertRefused(rig, await rig.ask(get('/plain', 'apikey: wrong')), 401, 'Unauthorized')
    const twice = await rig.ask(get('/plain', `apikey: ${SECRETS.jo}`, `apikey: ${SECRETS.jo}`))
    await assertRefused(rig, twice, 401, 'Duplicate API key found')
    assert.equal(twice.get('www-authenticate'), 'Key')
  })

  check('a refusal speaks the client’s language', async (rig) => {
    const answer = await rig.ask(get('/plain', 'Accept: text/plain'))
    assert.equal(answer.status, 401)
    assert.equal(answer.text, `No API key found in request\nrequest_id: ${answer.get('x-kong-request-id')}\n`)
  })

  check(
    'a known key passes, and the target is told who it is, whatever the client says of itself',
    async (rig) => {
      const forged = ['X-Consumer-ID: me', 'x-anonymous-consumer: true', 'X-CONSUMER-USERNAME: root']
      const answer = await rig.ask(get('/plain', `APIKEY: ${SECRETS.jo}`, ...forged))
      assert.equal(answer.status, 200)
      const told = identity(rig.target.last)
      assert.match(told['X-Consumer-ID'] ?? '', /^[0-9a-f-]{36}$/)
      assert.match(told['X-Credential-Identifier'] ?? '', /^[0-9a-f-]{36}$/)
      assert.deepEqual(Object.keys(told).sort(), [
        'X-Consumer-Custom-ID',
        'X-Consumer-ID',
        'X-Consumer-Username',
        'X-Credential-Identifier',
      ])
      assert.deepEqual([told['X-Consumer-Username'], told['X-Consumer-Custom-ID']], ['jo', '42'])
      assert.equal(rig.target.last.get('apikey'), SECRETS.jo)
    },
  )

  check('two requests of one connection are two people when their keys are', async (rig) => {
    const client = await rig.connect()
    for (const who of ['jo', 'ed', 'jo'] as const) {
      await client.send(get('/plain', `apikey: ${SECRETS[who]}`))
      assert.equal((await client.answer()).status, 200)
      assert.equal(rig.target.last.get('x-consumer-username'), who)
    }
    await client.send(get('/plain'))
    assert.equal((await client.answer()).status, 401)
  })

  check('a key in the query counts, and is hidden from the target on demand', async (rig) => {
    await rig.ask(get(`/plain?a=1&apikey=${SECRETS.jo}`))
    assert.equal(rig.target.last.target, `/plain?a=1&apikey=${SECRETS.jo}`)
    await rig.ask(get(`/hide?a=1&%61pikey=${SECRETS.jo}&b=%20`))
    assert.equal(rig.target.last.target, '/hide?a=1&b=%20')
    await rig.ask(get(`/hide?apikey=${SECRETS.jo}`))
    assert.equal(rig.target.last.target, '/hide')
    await rig.ask(get('/hide', `apikey: ${SECRETS.jo}`))
    assert.equal(rig.target.last.get('apikey'), undefined)
    assert.equal(rig.target.last.get('x-consumer-username'), 'jo')
  })

  check(
    'a key in a body counts where it is looked for, and the target gets the body without it',
    async (rig) => {
      const json = 'Content-Type: application/json'
      const sent = `{"n": 12345678901234567890, "apikey": "${SECRETS.jo}"}`
      assert.equal((await rig.ask(request('POST', '/plain', [json], sent))).status, 401)
      rig.target.forget()
      assert.equal((await rig.ask(request('POST', '/body', [json], sent))).status, 200)
      assert.equal(rig.target.last.text, '{"n": 12345678901234567890}')
      assert.equal(rig.target.last.get('content-length'), '27')
      const form = 'Content-Type: application/x-www-form-urlencoded'
      await rig.ask(request('POST', '/body', [form], `a=1&apikey=${SECRETS.jo}`))
      assert.equal(rig.target.last.text, 'a=1')
      const chunked = [form, 'Transfer-Encoding: chunked']
      const text = `apikey=${SECRETS.ed}`
      const body = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
      assert.equal((await rig.ask(request('POST', '/body', chunked) + body)).status, 200)
      assert.equal(rig.target.last.get('x-consumer-username'), 'ed')
      assert.equal((await rig.ask(request('POST', '/body', [form], 'a=1'))).status, 401)
    },
  )

  check('preflights pass unasked where they may, and say nothing of who they are', async (rig) => {
    assert.equal((await rig.ask(request('OPTIONS', '/plain'))).status, 401)
    const answer = await rig.ask(request('OPTIONS', '/preflight', ['X-Consumer-Username: root']))
    assert.equal(answer.status, 200)
    assert.deepEqual(identity(rig.target.last), {})
    assert.equal((await rig.ask(get('/preflight'))).status, 401)
  })

  check('with anonymous whoever is not known goes on as that consumer', async (rig) => {
    for (const lines of [[], ['apikey: wrong'], ['apikey: a', 'apikey: b']]) {
      const answer = await rig.ask(get('/guests', 'X-Credential-Identifier: me', ...lines))
      assert.equal(answer.status, 200)
      const { 'X-Consumer-ID': id, ...told } = identity(rig.target.last)
      assert.deepEqual(told, { 'X-Consumer-Username': 'guest', 'X-Anonymous-Consumer': 'true' })
      assert.match(id ?? '', /^[0-9a-f-]{36}$/)
    }
    await rig.ask(get('/guests', `apikey: ${SECRETS.ed}`))
    assert.equal(rig.target.last.get('x-anonymous-consumer'), undefined)
    assert.equal(rig.target.last.get('x-consumer-username'), 'ed')
  })

  check('an anonymous consumer that does not exist is an error of ours', async (rig) => {
    const answer = await rig.ask(get('/broken'))
    await assertRefused(rig, answer, 500, "anonymous consumer nobody is configured but doesn't exist")
    assert.equal((await rig.ask(get('/broken', `apikey: ${SECRETS.ed}`))).status, 200)
  })

  check('limits are each consumer’s own', async (rig) => {
    const ask = async (who: 'ed' | 'ann') => (await rig.ask(get('/once', `apikey: ${SECRETS[who]}`))).status
    assert.deepEqual([await ask('ed'), await ask('ann'), await ask('ann')], [200, 200, 429])
  })

  for (const [row, path, who] of LADDER) {
    check(`row ${row} of the ladder: the limit of ${who} at /${path} is ${100 + row}`, async (rig) => {
      const answer = await rig.ask(get(`/${path}`, `apikey: ${SECRETS[who]}`))
      assert.equal(answer.get('x-ratelimit-limit-hour'), String(100 + row))
    })
  }

  check(
    'no line of the log holds a key, at the most talkative level, even if a plugin fails',
    async (rig) => {
      for (const key of [...Object.values(SECRETS), 's3cret-typo']) {
        await rig.ask(get('/hide', `apikey: ${key}`))
        await rig.ask(get('/broken', `apikey: ${key}`))
        const answer = await rig.ask(get(`/hide?apikey=${key}`))
        assert.ok(!answer.head.includes('s3cret') && !answer.text.includes('s3cret'))
      }
      await until('the access log', () => rig.gateway.log.some((line) => line.includes('"GET /hide HTTP')))
      // A key in a query that is not hidden is the request line's, which the access log has as it came.
      const leaks = rig.gateway.log.filter((line) => line.includes('s3cret') && !line.includes('/plain?'))
      assert.deepEqual(leaks, [])
    },
  )
})

test('check and explain never say a key, not even of one that two consumers have', async () => {
  const env = { SLUICE_DECLARATIVE_CONFIG_STRING: config(9) }
  const explained = await sluice(['explain', 'GET', `http://a/hide`], env)
  assert.match(explained.out, /key-auth \(priority 1250\), from route hide/)
  const twice = kongYml({
    consumers: ['jo', 'ed'].map((username) => ({ username, keyauth_credentials: [{ key: 's3cret' }] })),
    keyauth_credentials: [{ key: 's3cret-too', consumer: 'nobody', kee: 's3cret' }],
  } as never)
  const checked = await sluice(['check'], { SLUICE_DECLARATIVE_CONFIG_STRING: twice })
  assert.equal(checked.code, 1)
  assert.match(checked.out, /'keyauth_credentials' entity with key set to the same secret already declared/)
  for (const { out, err } of [explained, checked]) assert.ok(!`${out}${err}`.includes('s3cret'), out + err)
})
