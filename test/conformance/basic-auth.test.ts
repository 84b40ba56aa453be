/** What clients and targets see of basic-auth on both engines, costly hashes and the command that makes them included. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkScrypt, makeScrypt } from '../../src/plugins/basic-auth/check-scrypt.ts'
import { parseScrypt } from '../../src/plugins/basic-auth/scrypt-hash.ts'
import { sluice } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
/** Sent at once in the flood: more than can be under way. */
const GUESSES = 48
/** What takes a while even where nothing else does. */
const DEAR = { ln: 12, r: 8, p: 5 }
const CHEAP = { ln: 4, r: 1, p: 1 }

/** A route a case. */
const AUTHS: Record<string, object> = {
  plain: {},
  realm: { realm: 'shop' },
  hide: { hide_credentials: true },
  guests: { anonymous: 'guest' },
}

function config(port: number, cost = CHEAP): string {
  const routes = Object.entries(AUTHS).map(([name, auth]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'basic-auth', config: auth }] as object[],
  }))
  const both = [{ name: 'basic-auth' }, { name: 'key-auth' }]
  const either = both.map((plugin) => ({ ...plugin, config: { anonymous: 'guest' } }))
  routes.push({ name: 'both', paths: ['/both'], strip_path: false, plugins: both })
  routes.push({ name: 'either', paths: ['/either'], strip_path: false, plugins: either })
  routes.push({ name: 'open', paths: ['/open'], strip_path: false, plugins: [] })
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
    consumers: [
      {
        username: 'jo',
        custom_id: '42',
        basicauth_credentials: [{ username: 'jo-asks', password: 's3cret:jo' }],
        keyauth_credentials: [{ key: 'key-of-jo' }],
      },
      {
        username: 'ed',
        basicauth_credentials: [
          { username: 'ed', password: makeScrypt(Buffer.from('s3cret-ed'), randomBytes, cost) },
        ],
      },
      { username: 'guest' },
    ],
  } as never)
}

function get(path: string, ...lines: string[]): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
}

function basic(pair: string): string {
  return `Authorization: Basic ${Buffer.from(pair).toString('base64')}`
}

/** What the target was told of who asks. */
function identity(sent: Message): Record<string, string> {
  const told = sent.fields.filter(([name]) => /^x[-_](?:consumer|credential|anonymous)/i.test(name))
  return Object.fromEntries(told)
}

async function assertRefused(rig: Rig, request: string, challenge: string): Promise<void> {
  const answer = await rig.ask(request)
  assert.equal(answer.status, 401)
  const id = answer.get('x-kong-request-id')
  assert.equal(answer.text, `{\n  "message":"Unauthorized",\n  "request_id":"${id}"\n}`)
  assert.equal(answer.get('www-authenticate'), challenge)
  assert.deepEqual(rig.target.requests, [])
}

const env = { SLUICE_LOG_LEVEL: 'debug', SLUICE_PROXY_ACCESS_LOG: '/dev/stdout' }

eachEngine('basic-auth', { config, env: { ...env, SLUICE_WORKERS: '2' } }, (check) => {
  check(
    'who says nothing, or something wrong, is refused with 401, Kong’s words and a challenge',
    async (rig) => {
      const service = 'Basic realm="service"'
      await assertRefused(rig, get('/plain'), service)
      await assertRefused(rig, get('/plain', basic('jo-asks:wrong')), service)
      await assertRefused(rig, get('/plain', basic('nobody:s3cret:jo')), service)
      await assertRefused(rig, get('/plain', basic('ed:wrong')), service)
      await assertRefused(rig, get('/plain', 'Authorization: Basic ???'), service)
      await assertRefused(rig, get('/realm'), 'Basic realm="shop"')
      const text = await rig.ask(get('/plain', 'Accept: text/plain'))
      assert.equal(text.text, `Unauthorized\nrequest_id: ${text.get('x-kong-request-id')}\n`)
    },
  )

  check('the password of a kong.yml lets pass, and the target is told who it is', async (rig) => {
    const forged = ['X-Consumer-ID: me', 'x-anonymous-consumer: true']
    assert.equal((await rig.ask(get('/plain', basic('jo-asks:s3cret:jo'), ...forged))).status, 200)
    const { 'X-Consumer-ID': id, ...told } = identity(rig.target.last)
    assert.match(id ?? '', /^[0-9a-f-]{36}$/)
    assert.deepEqual(told, {
      'X-Consumer-Username': 'jo',
      'X-Consumer-Custom-ID': '42',
      'X-Credential-Identifier': 'jo-asks',
    })
    assert.equal(rig.target.last.get('authorization'), basic('jo-asks:s3cret:jo').slice(15))
  })

  check(
    'a password with a costly hash lets pass too: the first time, the next time and all at once',
    async (rig) => {
      const request = get('/plain', basic('ed:s3cret-ed'))
      for (let i = 0; i < 3; i++) assert.equal((await rig.ask(request)).status, 200)
      const answers = await Promise.all(Array.from({ length: 20 }, () => rig.ask(request)))
      assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200])
      assert.equal(rig.target.last.get('x-consumer-username'), 'ed')
      assert.equal(rig.target.last.get('x-credential-identifier'), 'ed')
    },
  )

  check('pipelined requests that have to wait are answered in their order', async (rig) => {
    const client = await rig.connect()
    const pairs = ['ed:guess-1', 'jo-asks:s3cret:jo', 'ed:s3cret-ed', 'nobody:x', 'jo-asks:s3cret:jo']
    await client.send(pairs.map((pair) => get('/plain', basic(pair))).join(''))
    const statuses = []
    for (const _ of pairs) statuses.push((await client.answer()).status)
    assert.deepEqual(statuses, [401, 200, 200, 401, 200])
  })

  check('what proved it is hidden from the target on demand', async (rig) => {
    for (const pair of ['jo-asks:s3cret:jo', 'ed:s3cret-ed']) {
      assert.equal((await rig.ask(get('/hide', basic(pair)))).status, 200)
      assert.equal(rig.target.last.get('authorization'), undefined)
    }
    assert.equal((await rig.ask(get('/hide', `Proxy-${basic('jo-asks:s3cret:jo')}`))).status, 200)
    assert.equal(rig.target.last.get('proxy-authorization'), undefined)
  })

  check('with anonymous whoever is not known goes on as that consumer', async (rig) => {
    for (const lines of [[], [basic('jo-asks:wrong')], [basic('ed:wrong')]]) {
      assert.equal((await rig.ask(get('/guests', ...lines))).status, 200)
      const { 'X-Consumer-ID': _, ...told } = identity(rig.target.last)
      assert.deepEqual(told, { 'X-Consumer-Username': 'guest', 'X-Anonymous-Consumer': 'true' })
    }
  })

  check('with another authentication plugin both have to pass, or with anonymous any', async (rig) => {
    const [jo, key] = [basic('jo-asks:s3cret:jo'), 'apikey: key-of-jo']
    const statuses = []
    for (const lines of [[], [jo], [key], [jo, key]])
      statuses.push((await rig.ask(get('/both', ...lines))).status)
    assert.deepEqual(statuses, [401, 401, 401, 200])
    const who = []
    for (const lines of [[], [basic('ed:s3cret-ed')], [key], [basic('ed:s3cret-ed'), key]]) {
      await rig.ask(get('/either', ...lines))
      who.push(rig.target.last.get('x-consumer-username'))
    }
    assert.deepEqual(who, ['guest', 'ed', 'jo', 'jo'], 'key-auth comes first')
  })

  check('a client that hangs up while its password is checked harms nobody', async (rig) => {
    for (let i = 0; i < 10; i++) {
      const client = await rig.connect()
      await client.send(get('/plain', basic(`ed:gone-${i}`)))
      client.destroy()
    }
    assert.equal((await rig.ask(get('/plain', basic('ed:s3cret-ed')))).status, 200)
  })

  check('no line of the log holds a password, at the most talkative level', async (rig) => {
    for (const pair of ['jo-asks:s3cret:jo', 'ed:s3cret-ed', 'ed:s3cret-typo'])
      await rig.ask(get('/hide', basic(pair)))
    const encoded = Buffer.from('jo-asks:s3cret').toString('base64').slice(0, -2)
    const leaks = rig.gateway.log.filter((line) => line.includes('s3cret') || line.includes(encoded))
    assert.deepEqual(leaks, [])
  })
})

const dear = { config: (port: number) => config(port, DEAR), env: { ...env, SLUICE_WORKERS: '1' } }

eachEngine('basic-auth under a flood of guesses', dear, (check) => {
  check(
    'what is too much is answered 503, others are served meanwhile, and the right ones afterwards',
    async (rig) => {
      let done = 0
      const guesses = Array.from({ length: GUESSES }, async (_, i) => {
        const answer = await rig.ask(get('/plain', basic(`ed:guess-${i}`)))
        if (answer.status === 401) done++
        else assert.deepEqual([answer.status, answer.get('retry-after')], [503, '5'])
        return answer.status
      })
      assert.equal(await Promise.race(guesses), 503, 'the first answer is to one of too many')
      assert.equal((await rig.ask(get('/open'))).status, 200)
      assert.equal((await rig.ask(get('/plain', basic('jo-asks:s3cret:jo')))).status, 200)
      assert.ok(done < 16, 'they did not have to wait for all checks')
      const statuses = await Promise.all(guesses)
      assert.ok(statuses.filter((status) => status === 401).length >= 16)
      assert.equal((await rig.ask(get('/plain', basic('ed:s3cret-ed')))).status, 200)
    },
  )
})

function hashPassword(input: string) {
  return spawnSync(process.execPath, [MAIN, 'hash-password'], { input, encoding: 'utf8', timeout: 20_000 })
}

test('the command prints a hash of what it reads, without the line feed, and never the password', () => {
  const { status, stdout, stderr } = hashPassword('s3cret ü\n')
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/)
  const known = parseScrypt(stdout.trim())
  assert.ok(known !== null && checkScrypt({ password: Buffer.from('s3cret ü'), known }))
  assert.equal(hashPassword('\n').status, 2)
  assert.match(hashPassword('').stderr, /no password was given/)
})

test('check takes a costly hash, and refuses what only begins as one without saying it', async () => {
  const checked = (password: string) => {
    const basicauth_credentials = [{ username: 'ed', password }]
    const text = kongYml({ consumers: [{ username: 'ed', basicauth_credentials }] } as never)
    return sluice(['check'], { SLUICE_DECLARATIVE_CONFIG_STRING: text })
  }
  assert.equal((await checked(makeScrypt(Buffer.from('a'), randomBytes, CHEAP))).code, 0)
  assert.equal((await checked(createHash('sha1').digest('hex'))).code, 0)
  const bad = await checked('$scrypt$s3cret')
  assert.equal(bad.code, 1)
  assert.match(bad.out, /basicauth_credentials\[0\]\.password: .*sluice hash-password/)
  assert.ok(!bad.out.includes('s3cret'))
})
