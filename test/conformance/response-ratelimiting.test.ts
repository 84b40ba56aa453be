/** What a client and a target see of response-ratelimiting, on both engines. */
import assert from 'node:assert/strict'
import { answers } from '../kit/behaviours.ts'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import { get } from '../kit/raw-client.ts'

const LIMITS: Record<string, object> = {
  two: { limits: { videos: { hour: 10, day: 20 }, images: { day: 5 } } },
  over: { limits: { videos: { hour: 2 } } },
  block: { block_on_first_violation: true, limits: { videos: { hour: 2 } } },
  hidden: { hide_client_headers: true, limits: { videos: { hour: 2 } } },
  strict: {
    fault_tolerant: false,
    policy: 'redis',
    redis: { host: '127.0.0.1', port: 1 },
    limits: { videos: { hour: 2 } },
  },
}

function config(port: number): string {
  const routes = Object.entries(LIMITS).map(([name, limits]) => ({
    name,
    paths: [`/${name}`],
    strip_path: false,
    plugins: [{ name: 'response-ratelimiting', config: limits }],
  }))
  return kongYml({ services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }] })
}

eachEngine('response-ratelimiting', { config }, (check) => {
  check('what an answer used is taken off, and told to client and target', async (rig) => {
    rig.target.behave = answers('ok', ['X-Kong-Limit: videos=3, images=1'])
    const answer = await rig.ask(get('/two'))
    assert.deepEqual(
      answer.fields.filter(([name]) => /limit/i.test(name)),
      [
        ['X-RateLimit-Limit-videos-hour', '10'],
        ['X-RateLimit-Remaining-videos-hour', '7'],
        ['X-RateLimit-Limit-videos-day', '20'],
        ['X-RateLimit-Remaining-videos-day', '17'],
        ['X-RateLimit-Limit-images-day', '5'],
        ['X-RateLimit-Remaining-images-day', '4'],
      ],
    )
    await rig.ask(get('/two'))
    const head = rig.target.requests[1]!
    assert.equal(head.get('x-ratelimit-remaining-videos'), '7')
    assert.equal(head.get('x-ratelimit-remaining-images'), '4')
  })

  check('an answer beyond the limit becomes 429 without a body, and the connection goes on', async (rig) => {
    rig.target.behave = answers('x'.repeat(100_000), ['X-Kong-Limit: videos=2', 'Content-Type: text/plain'])
    const client = await rig.connect()
    await client.send(get('/over'))
    assert.equal((await client.answer()).text.length, 100_000)
    await client.send(get('/over'))
    const refused = await client.answer()
    assert.deepEqual([refused.status, refused.text, refused.get('content-length')], [429, '', '0'])
    assert.equal(refused.get('content-type'), undefined)
    assert.equal(refused.get('x-ratelimit-remaining-videos-hour'), '0')
    rig.target.behave = answers('free')
    await client.send(get('/over'))
    assert.equal((await client.answer()).text, 'free')
  })

  check('block_on_first_violation refuses before the target is asked', async (rig) => {
    rig.target.behave = answers('ok', ['X-Kong-Limit: videos=2'])
    await rig.ask(get('/block'))
    rig.target.forget()
    const answer = await rig.ask(get('/block'))
    assert.equal(answer.status, 429)
    assert.equal(JSON.parse(answer.text).message, "API rate limit exceeded for 'videos'")
    assert.deepEqual(rig.target.requests, [])
  })

  check('hidden, the client sees no header about limits, the target’s neither', async (rig) => {
    rig.target.behave = answers('ok', ['X-Kong-Limit: videos=1'])
    const { fields } = await rig.ask(get('/hidden'))
    assert.deepEqual(
      fields.filter(([name]) => /limit/i.test(name)),
      [],
    )
  })

  check('without Redis and fault_tolerant the answer is 500 in Kong’s short form', async (rig) => {
    const answer = await rig.ask(get('/strict'))
    assert.deepEqual([answer.status, answer.text], [500, '{"message":"An unexpected error occurred"}'])
  })
})
