/** The resolver against a name server on a real UDP port, with node:dns between them. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Resolved } from '../../src/contract/target.ts'
import { LOOKUP_DEFAULTS, openLookups } from '../../src/control/dns/lookups.ts'
import {
  RESOLVER_DEFAULTS,
  Resolver,
  type ResolverSettings,
  realLater,
} from '../../src/control/dns/resolver.ts'
import { openDnsServer } from '../kit/dns-server.ts'

/** Long enough never to be reached by a test that works. */
const PATIENCE_MS = 20_000

test('names resolve to A, AAAA and SRV records, and to nothing when there are none', async (t) => {
  const { server, resolver } = await open(t)
  server.set('four.test', 'A', 60, ['10.0.0.2', '10.0.0.1'])
  server.set('six.test', 'AAAA', 60, ['2001:db8::1'])
  server.set('_http._tcp.srv.test', 'SRV', 60, [
    { priority: 1, weight: 7, port: 8001, name: 'four.test' },
    { priority: 1, weight: 0, port: 8002, name: 'six.test' },
    { priority: 2, weight: 9, port: 8003, name: 'six.test' },
  ])
  const names = ['four.test', 'six.test', '_http._tcp.srv.test', 'none.test']
  const answers = await resolver.resolveAll(names, PATIENCE_MS)
  assert.deepEqual(answers.get('four.test'), [plain('10.0.0.1'), plain('10.0.0.2')])
  assert.deepEqual(answers.get('six.test'), [plain('2001:db8::1')])
  assert.deepEqual(answers.get('_http._tcp.srv.test'), [
    { ip: '10.0.0.1', port: 8001, weight: 7, host: 'four.test' },
    { ip: '10.0.0.2', port: 8001, weight: 7, host: 'four.test' },
    { ip: '2001:db8::1', port: 8002, weight: 1, host: 'six.test' },
  ])
  assert.deepEqual(answers.get('none.test'), [])
})

test('a changed record arrives by itself once the TTL is nearly over', async (t) => {
  const { server, resolver, changed } = await open(t)
  server.set('a.test', 'A', 1, ['10.0.0.1'])
  await resolver.resolveAll(['a.test'], PATIENCE_MS)
  server.set('a.test', 'A', 1, ['10.0.0.2'])
  assert.deepEqual(await changed('a.test', '10.0.0.2'), [plain('10.0.0.2')])
})

test('while the server fails the old answer stays, and the new one comes when it is back', async (t) => {
  const { server, resolver, changed } = await open(t)
  server.set('a.test', 'A', 1, ['10.0.0.1'])
  await resolver.resolveAll(['a.test'], PATIENCE_MS)
  server.behave('fail')
  const before = server.asked.length
  while (server.asked.length < before + 2) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(resolver.answers().get('a.test'), [plain('10.0.0.1')])
  server.set('a.test', 'A', 1, ['10.0.0.2'])
  server.behave('answer')
  await changed('a.test', '10.0.0.2')
})

test('a server that says nothing holds up the start for the time allowed, and no longer', async (t) => {
  const { server, resolver } = await open(t)
  server.behave('stall')
  const answers = await resolver.resolveAll(['a.test', 'localhost'], 100)
  assert.deepEqual([...answers], [['localhost', [plain('127.0.0.1')]]])
})

async function open(t: TestContext, settings: Partial<ResolverSettings> = {}) {
  const server = await openDnsServer()
  const heard: [name: string, answers: readonly Resolved[]][] = []
  let wake = () => {}
  const lookups = openLookups({
    ...LOOKUP_DEFAULTS,
    servers: [server.address],
    hostsFile: '',
    resolvConf: '',
  })
  const resolver = new Resolver({
    settings: { ...RESOLVER_DEFAULTS, ...settings },
    lookups,
    now: () => performance.now(),
    later: realLater,
    onChange: (name, answers) => {
      heard.push([name, answers])
      wake()
    },
  })
  const changed = async (name: string, ip: string): Promise<readonly Resolved[]> => {
    for (;;) {
      const found = heard.find(([one, answers]) => one === name && answers.some((answer) => answer.ip === ip))
      if (found !== undefined) return found[1]
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  // Timers of the resolver keep nothing alive; a test that waits for it must.
  const alive = setInterval(() => {}, 1000)
  t.after(async () => {
    clearInterval(alive)
    resolver.close()
    await server.close()
  })
  return { server, resolver, changed }
}

function plain(ip: string): Resolved {
  return { ip, port: 0, weight: 0 }
}
