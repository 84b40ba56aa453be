/** The order of plugins is Kong's, so that who moves here finds limits, identity and CORS where they were. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { root } from '../../../test/tidy/tree.ts'
import { byPriority, type Ordered } from './order.ts'

/** Kong's plugins in the order they run. This list is the one place that holds it; docs/plugins.md repeats it. */
const KONG: readonly (readonly [priority: number, plugin: string])[] = [
  [1_000_000, 'pre-function'],
  [100_001, 'correlation-id'],
  [100_000, 'zipkin'],
  [2500, 'bot-detection'],
  [2000, 'cors'],
  [1900, 'session'],
  [1705, 'acme'],
  [1450, 'jwt'],
  [1400, 'oauth2'],
  [1250, 'key-auth'],
  [1200, 'ldap-auth'],
  [1100, 'basic-auth'],
  [1030, 'hmac-auth'],
  [998, 'grpc-gateway'],
  [990, 'ip-restriction'],
  [951, 'request-size-limiting'],
  [950, 'acl'],
  [910, 'rate-limiting'],
  [900, 'response-ratelimiting'],
  [801, 'request-transformer'],
  [800, 'response-transformer'],
  [779, 'redirect'],
  [777, 'ai-request-transformer'],
  [773, 'ai-prompt-template'],
  [772, 'ai-prompt-decorator'],
  [771, 'ai-prompt-guard'],
  [770, 'ai-proxy'],
  [768, 'ai-response-transformer'],
  [760, 'standard-webhooks'],
  [750, 'aws-lambda'],
  [749, 'azure-functions'],
  [100, 'proxy-cache'],
  [14, 'opentelemetry'],
  [13, 'prometheus'],
  [12, 'http-log'],
  [11, 'statsd'],
  [10, 'datadog'],
  [9, 'file-log'],
  [8, 'udp-log'],
  [7, 'tcp-log'],
  [6, 'loggly'],
  [4, 'syslog'],
  [3, 'grpc-web'],
  [2, 'request-termination'],
  [-1000, 'post-function'],
]

const kong: readonly Ordered[] = KONG.map(([priority, plugin]) => ({ priority, plugin }))

test('plugins run in the order Kong runs them, however they are configured', () => {
  const shuffled = fc.shuffledSubarray([...kong], { minLength: kong.length })
  fc.assert(fc.property(shuffled, (links) => assert.deepEqual(links.sort(byPriority), kong)))
})

test('plugins of one priority run in the order of their names', () => {
  const names = ['b', 'a-b', 'a', 'B'].map((plugin) => ({ priority: 5, plugin }))
  assert.deepEqual(
    names.sort(byPriority).map((link) => link.plugin),
    ['B', 'a', 'a-b', 'b'],
  )
})

test('docs/plugins.md shows this order', () => {
  const docs = readFileSync(join(root, 'docs/plugins.md'), 'utf8')
  const table = docs.slice(docs.indexOf('<!-- order'), docs.indexOf('<!-- /order'))
  const rows = [...table.matchAll(/^\| (-?\d+) \| (\S+) \|$/gm)].map((row) => [Number(row[1]), row[2]])
  assert.deepEqual(rows, KONG)
})
