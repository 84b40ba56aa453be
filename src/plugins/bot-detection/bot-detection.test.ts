/** Whom bot-detection keeps away, whom it lets pass, and in which order its lists count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import botDetection from './bot-detection.ts'
import { SeenAgents } from './seen-agents.ts'

const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const ROBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'

for (const agent of [
  BROWSER,
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1',
  'Mozilla/5.0 (Linux; Android 9; CUBOT_X19 Build/PPR1) Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 9; CUBOT NOTE S) Mobile Safari/537.36',
  'curl/8.5.0',
  'Wget/1.21',
  'python-requests/2.32.3',
  'PostmanRuntime/7.39.0',
  'my-robotics-app/1',
  '',
]) {
  test(`"${agent.slice(0, 60)}" passes`, () => assert.equal(outcomeOf(ask({}, agent)), 'passes'))
}

for (const agent of [
  ROBOT,
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
  'facebookexternalhit/1.1',
  'Twitterbot/1.0',
  'Mozilla/5.0 (compatible; Baiduspider/2.0)',
  'SomeCrawler',
  'my bot',
  'GOOGLEBOT',
  'Go-http-client/1.1',
  'Apache-HttpClient/4.5.14 (Java/17)',
  'okhttp/4.12.0',
  'axios/1.7.2',
  'Python-urllib/3.12',
  'reqwest/0.12',
]) {
  test(`"${agent.slice(0, 60)}" is refused`, () => {
    const x = ask({}, agent)
    assert.equal(outcomeOf(x), '403 Forbidden')
    assert.equal(x.fault, faults.FORBIDDEN)
  })
}

test('who does not say what it is passes', () => {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  assert.equal(outcomeOf(open({}).run(x)), 'passes')
})

test('who says it twice is refused, also the same', () => {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\nUser-Agent: ${BROWSER}\nuser-agent: ${BROWSER}\n`)
  assert.equal(outcomeOf(open({}).run(x)), '400 Only one User-Agent header allowed')
})

test('what is allowed passes whatever else it is; what is denied does not', () => {
  assert.equal(outcomeOf(ask({ allow: ['Googlebot'] }, ROBOT)), 'passes')
  assert.equal(outcomeOf(ask({ allow: ['Googlebot'], deny: ['Googlebot'] }, ROBOT)), 'passes')
  assert.equal(outcomeOf(ask({ deny: ['Chrome/\\d+'] }, BROWSER)), '403 Forbidden')
  assert.equal(outcomeOf(ask({ deny: ['^Chrome'] }, BROWSER)), 'passes')
  assert.equal(outcomeOf(ask({ deny: ['chrome'] }, BROWSER)), 'passes', 'case counts, as in Kong')
  assert.equal(outcomeOf(ask({ deny: ['(?i)chrome'] }, BROWSER)), '403 Forbidden')
  assert.equal(outcomeOf(ask({ deny: ['ä'] }, Buffer.from('ä').toString('latin1'))), '403 Forbidden')
})

test('the answer is the same the second time, and whatever comes in between', () => {
  const { run } = open({ deny: ['x'] })
  const agent = fc.oneof(fc.constantFrom(BROWSER, ROBOT, 'curl/8'), fc.string({ unit: 'grapheme-ascii' }))
  fc.assert(
    fc.property(fc.array(agent, { maxLength: 20 }), (agents) => {
      for (const each of [...agents, ...agents])
        assert.equal(outcomeOf(run(requestOf(each))), outcomeOf(ask({ deny: ['x'] }, each)))
    }),
  )
})

test('what is remembered is bounded, and what is asked for often is not forgotten', () => {
  const seen = new SeenAgents()
  seen.set('often', true)
  for (let i = 0; i < 10_000; i++) {
    seen.set(`agent ${i}`, false)
    if (i % 500 === 0) assert.equal(seen.get('often'), true)
  }
  assert.ok(seen.size <= 2000, `${seen.size}`)
  assert.equal(seen.get('agent 0'), undefined)
  seen.set('x'.repeat(513), true)
  assert.equal(seen.get('x'.repeat(513)), undefined)
})

for (const [config, path, message] of [
  [{ allow: ['('] }, 'allow.0', /^not a valid regex: \( \(error parsing regexp: missing closing \)/],
  [{ deny: ['(?=a)'] }, 'deny.0', /^not a valid regex: \(\?=a\) \(error parsing regexp/],
  [{ deny: ['(a{1000}){50}'] }, 'deny.0', /^not a valid regex: /],
  [{ deny: ['a'.repeat(2049)] }, 'deny.0', /^not a valid regex: longer than 2048 characters$/],
  [{ deny: [''] }, 'deny.0', /^length must be at least 1$/],
  [{ blacklist: ['a'] }, 'blacklist', /^unknown field$/],
] as const) {
  test(`the configuration ${JSON.stringify(config).slice(0, 50)} is refused: ${message.source.slice(0, 40)}`, () => {
    const { findings } = validate(botDetection.schema, config as unknown as Value)
    const [finding] = findings
    assert.equal(finding?.path.join('.'), path)
    assert.match(finding?.message ?? '', message)
  })
}

// the rig

function open(config: object) {
  const { value, findings } = validate(botDetection.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const handler = botDetection.build(value as never, makeHost(), scope)
  return {
    run(x: Exchange): Exchange {
      assert.equal(handler.onRequest?.(x), x.fault === faults.NONE ? NEXT : DONE)
      return x
    },
  }
}

function requestOf(agent: string): Exchange {
  return exchangeOf(`GET / HTTP/1.1\nHost: a\nUser-Agent: ${agent}\n`)
}

function ask(config: object, agent: string): Exchange {
  return open(config).run(requestOf(agent))
}

function outcomeOf(x: Exchange): string {
  if (x.fault === faults.NONE) return 'passes'
  return `${x.faultStatus || x.fault.status} ${x.faultText || x.fault.text}`
}
