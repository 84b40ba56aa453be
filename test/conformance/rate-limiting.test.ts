/** What a client sees of rate-limiting: headers, refusals and their bodies, byte for byte, on both engines. */
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { answers } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'

const PLUGINS = fileURLToPath(new URL('../fixtures/plugins', import.meta.url))
/** Long enough for a test that began in one window to end in it, but for one in some thousand runs. */
const HOUR = 3600

/** A route a case, each with a limit of its own. */
const LIMITS: Record<string, object> = {
  hour: { hour: 6 },
  two: { hour: 2 },
  many: { minute: 100, hour: 100, day: 1000 },
  plain: { hour: 1, error_code: 403, error_message: 'enough' },
  hidden: { hour: 1, hide_client_headers: true },
  header: { hour: 1, limit_by: 'header', header_name: 'X-Tenant' },
  path: { hour: 1, limit_by: 'path', path: '/path/one' },
  consumer: { hour: 1 },
  tiers: { hour: 1, tiers: [{ consumer_group: 'gold', hour: 5 }] },
  sliding: { hour: 1, algorithm: 'sliding-window' },
  bucket: { hour: 60, burst: 2, algorithm: 'token-bucket' },
  leaky: { second: 10, burst: 1, algorithm: 'leaky-bucket' },
  draft: { hour: 100, headers: 'draft' },
  late: { hour: 10, cost: { by: 'response_header', name: 'X-Cost' } },
  dry: { hour: 1, dry_run: true },
  down: { hour: 2, policy: 'redis', redis: { host: '127.0.0.1', port: 1 } },
  strict: { hour: 2, policy: 'redis', redis: { host: '127.0.0.1', port: 1 }, fault_tolerant: false },
  synced: { hour: 2, policy: 'redis', redis: { host: '127.0.0.1', port: 1 }, sync_rate: 0.05 },
}

function config(port: number): string {
  const routes = Object.entries(LIMITS).map(([name, limits]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'rate-limiting', config: limits }],
  }))
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
    plugins: [{ name: 'identify' }],
    consumers: [
      { username: 'jo', groups: [{ name: 'gold' }] },
      { username: 'ed', groups: [] },
    ],
    consumer_groups: [{ name: 'gold' }],
  } as never)
}

function get(path: string, lines: readonly string[] = []): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
}

/** The fields that tell of limits, in order. */
function told(answer: Message): string[] {
  return answer.fields
    .filter(([name]) => /ratelimit|retry-after/i.test(name))
    .map(([name, value]) => `${name}: ${value}`)
}

/** With the seconds taken out, which depend on when the test runs. */
function toldTimeless(answer: Message): string[] {
  return told(answer).map((line) => {
    const seconds = /^(?:RateLimit-Reset|Retry-After): (\d+)$/.exec(line)?.[1]
    if (seconds === undefined) return line
    assert.ok(Number(seconds) >= 1 && Number(seconds) <= HOUR, line)
    return line.replace(/\d+$/, 'N')
  })
}

const OF_SIX = [
  'X-RateLimit-Limit-Hour: 6',
  'X-RateLimit-Remaining-Hour: 5',
  'RateLimit-Limit: 6',
  'RateLimit-Remaining: 5',
  'RateLimit-Reset: N',
]

eachEngine(
  'rate-limiting',
  { config, env: { SLUICE_PLUGINS_DIR: PLUGINS, SLUICE_WORKERS: '2' } },
  (check) => {
    check('an admitted request carries its limit, what is left, and when it is whole again', async (rig) => {
      const answer = await rig.ask(get('/hour'))
      assert.equal(answer.status, 200)
      assert.deepEqual(toldTimeless(answer), OF_SIX)
    })

    check(
      'a refusal is 429 with Retry-After and Kong’s indented body, and never reaches the target',
      async (rig) => {
        const lines = ['X-Forwarded-For: 10.1.1.1']
        for (let i = 0; i < 2; i++) assert.equal((await rig.ask(get('/two', lines))).status, 200)
        rig.target.forget()
        const answer = await rig.ask(get('/two', lines))
        assert.equal(answer.status, 429)
        assert.deepEqual(toldTimeless(answer), [
          'X-RateLimit-Limit-Hour: 2',
          'X-RateLimit-Remaining-Hour: 0',
          'RateLimit-Limit: 2',
          'RateLimit-Remaining: 0',
          'RateLimit-Reset: N',
          'Retry-After: N',
        ])
        assert.equal(answer.get('content-type'), 'application/json; charset=utf-8')
        const id = answer.get('x-kong-request-id')
        assert.equal(answer.text, `{\n  "message":"API rate limit exceeded",\n  "request_id":"${id}"\n}`)
        assert.deepEqual(rig.target.requests, [])
      },
    )

    check('a refusal speaks the client’s language: text, HTML, XML and gRPC', async (rig) => {
      await rig.ask(get('/plain'))
      const ask = async (...lines: string[]) => rig.ask(get('/plain', lines))
      const text = await ask('Accept: text/plain')
      assert.equal(text.status, 403)
      assert.equal(text.text, `enough\nrequest_id: ${text.get('x-kong-request-id')}\n`)
      assert.match((await ask('Accept: text/html')).text, /<p>enough\.<\/p>/)
      assert.match((await ask('Accept: application/xml')).text, /<message>enough<\/message>/)
    })

    check('a gRPC client is told by grpc-status 8 and an empty body', async (rig) => {
      await rig.ask(get('/hidden'))
      const answer = await rig.ask(get('/hidden', ['Content-Type: application/grpc']))
      assert.deepEqual(
        [answer.status, answer.get('grpc-status'), answer.get('grpc-message'), answer.text],
        [429, '8', 'API rate limit exceeded', ''],
      )
      assert.deepEqual(toldTimeless(answer), ['Retry-After: N'])
    })

    check('the nearest of several limits speaks for all', async (rig) => {
      const answer = await rig.ask(get('/many'))
      assert.deepEqual(
        toldTimeless(answer).filter((line) => !line.startsWith('RateLimit-Reset')),
        [
          'X-RateLimit-Limit-Minute: 100',
          'X-RateLimit-Remaining-Minute: 99',
          'X-RateLimit-Limit-Hour: 100',
          'X-RateLimit-Remaining-Hour: 99',
          'X-RateLimit-Limit-Day: 1000',
          'X-RateLimit-Remaining-Day: 999',
          'RateLimit-Limit: 100',
          'RateLimit-Remaining: 99',
        ],
      )
    })

    check('requests that come at once never get more than the limit between them', async (rig) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => rig.connect()))
      const ask = async (client: (typeof clients)[number]) => {
        await client.send(get('/header', ['X-Tenant: burst']))
        return (await client.answer()).status
      }
      const statuses = await Promise.all(clients.map(ask))
      assert.equal(statuses.filter((status) => status === 200).length, 1)
    })

    check('header, path and consumer each count whom they name', async (rig) => {
      const status = async (path: string, ...lines: string[]) => (await rig.ask(get(path, lines))).status
      assert.deepEqual(
        [await status('/header', 'X-Tenant: a'), await status('/header', 'X-Tenant: a')],
        [200, 429],
      )
      assert.equal(await status('/header', 'X-Tenant: b'), 200)
      assert.deepEqual([await status('/path/one'), await status('/path/one')], [200, 429])
      assert.deepEqual([await status('/path/two'), await status('/path/three')], [200, 429])
      assert.deepEqual(
        [await status('/consumer', 'X-User: jo'), await status('/consumer', 'X-User: jo')],
        [200, 429],
      )
      assert.equal(await status('/consumer', 'X-User: ed'), 200)
      assert.equal(await status('/consumer', 'X-Credential: key'), 200)
    })

    check('a consumer group has its own limit', async (rig) => {
      const limit = async (user: string) =>
        (await rig.ask(get('/tiers', [`X-User: ${user}`]))).get('ratelimit-limit')
      assert.deepEqual([await limit('jo'), await limit('ed')], ['5', '1'])
    })

    check('what a target says of its own limits gives way to ours', async (rig) => {
      rig.target.behave = answers('ok', [
        'RateLimit-Limit: 9',
        'x-ratelimit-remaining-hour: 8',
        'X-Ratings: 1',
      ])
      const answer = await rig.ask(get('/hour', ['X-User: ed']))
      assert.deepEqual(toldTimeless(answer), OF_SIX)
      assert.equal(answer.get('x-ratings'), '1')
    })

    check('a sliding window and a token bucket refuse what is too much', async (rig) => {
      assert.deepEqual(
        [(await rig.ask(get('/sliding'))).status, (await rig.ask(get('/sliding'))).status],
        [200, 429],
      )
      for (const left of ['1', '0'])
        assert.equal((await rig.ask(get('/bucket'))).get('ratelimit-remaining'), left)
      const refused = await rig.ask(get('/bucket'))
      assert.deepEqual([refused.status, refused.get('retry-after')], [429, '60'])
    })

    check('a leaky bucket holds a request back until its turn, and refuses the one behind', async (rig) => {
      const started = performance.now()
      const asked = [0, 1, 2].map(() => rig.ask(get('/leaky')))
      const statuses = (await Promise.all(asked)).map(({ status }) => status).sort()
      assert.deepEqual(statuses, [200, 200, 429])
      assert.ok(performance.now() - started >= 99, 'one had to wait a tenth of a second')
    })

    check('the draft’s headers stand alone when asked for', async (rig) => {
      const [policy, limit, ...more] = told(await rig.ask(get('/draft')))
      assert.equal(policy, 'RateLimit-Policy: "default";q=100;w=3600')
      assert.match(limit ?? '', /^RateLimit: "default";r=99;t=\d+$/)
      assert.deepEqual(more, [])
    })

    check('an answer that names its cost is charged for it, and the client does not see it', async (rig) => {
      rig.target.behave = answers('ok', ['X-Cost: 7'])
      assert.equal((await rig.ask(get('/late'))).get('x-cost'), undefined)
      assert.equal((await rig.ask(get('/late'))).get('ratelimit-remaining'), '2')
      assert.equal((await rig.ask(get('/late'))).status, 429)
    })

    check('a dry run lets all pass and tells only the log', async (rig) => {
      await rig.ask(get('/dry'))
      const answer = await rig.ask(get('/dry'))
      assert.deepEqual([answer.status, told(answer)], [200, []])
      const said = () =>
        rig.gateway.log.some((line) => line.includes('would refuse: limit of 1 a hour, by ip'))
      for (let i = 0; i < 100 && !said(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
      assert.ok(said())
    })

    check('without Redis this machine decides alone, headers and all', async (rig) => {
      for (const path of ['/down', '/synced']) {
        const answers = [await rig.ask(get(path)), await rig.ask(get(path)), await rig.ask(get(path))]
        assert.deepEqual(
          answers.map((answer) => [answer.status, answer.get('ratelimit-remaining')]),
          [
            [200, '1'],
            [200, '0'],
            [429, '0'],
          ],
        )
      }
    })

    check('without Redis and fault_tolerant the answer is 500 in Kong’s short form', async (rig) => {
      const answer = await rig.ask(get('/strict'))
      assert.equal(answer.status, 500)
      assert.equal(answer.text, '{"message":"An unexpected error occurred"}')
      assert.deepEqual(told(answer), [])
    })
  },
)
