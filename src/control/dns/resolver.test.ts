/** The resolver in a world and a time of our own; test/flow/dns.test.ts has a real server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resolved } from '../../contract/target.ts'
import type { Lookups, SrvRecord } from './lookups.ts'
import { RESOLVER_DEFAULTS, Resolver, type ResolverSettings } from './resolver.ts'

test('types are asked in order, and what worked last time first', async () => {
  const rig = open()
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test'], 1000)
  assert.deepEqual(rig.asked, ['SRV a.test', 'A a.test'])
  await rig.pass(9_000)
  assert.deepEqual(rig.asked.slice(2), ['A a.test'])
})

test('an answer is asked for again shortly before it ends, not earlier', async () => {
  const rig = open()
  rig.a.set('a.test', { ttl: 100, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test'], 1000)
  await rig.pass(89_000)
  assert.equal(rig.asked.length, 2)
  rig.a.set('a.test', { ttl: 100, ips: ['10.0.0.2'] })
  await rig.pass(1_000)
  assert.deepEqual(rig.last('a.test'), ['10.0.0.2'])
})

test('valid_ttl overrides the TTL, and a TTL of 0 means every minute', async () => {
  const forced = open({ validTtlS: 20 })
  const none = open()
  for (const rig of [forced, none]) {
    rig.a.set('a.test', { ttl: rig === forced ? 500 : 0, ips: ['10.0.0.1'] })
    await rig.resolver.resolveAll(['a.test'], 1000)
  }
  await forced.pass(18_000)
  assert.equal(forced.asked.length, 3)
  await none.pass(53_000)
  assert.equal(none.asked.length, 2)
  await none.pass(1_000)
  assert.equal(none.asked.length, 3)
})

test('an answer goes on being used while the server fails, for the stale time and no longer', async () => {
  const rig = open({ staleTtlS: 100 })
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test'], 1000)
  rig.broken = true
  await rig.pass(109_000)
  assert.deepEqual(rig.last('a.test'), ['10.0.0.1'])
  await rig.pass(2_000)
  assert.deepEqual(rig.last('a.test'), [])
  rig.broken = false
  await rig.pass(1_000)
  assert.deepEqual(rig.last('a.test'), ['10.0.0.1'])
})

test('a name that is gone is dropped at once and asked for again after not_found_ttl', async () => {
  const rig = open()
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test'], 1000)
  rig.a.delete('a.test')
  await rig.pass(9_000)
  assert.deepEqual(rig.last('a.test'), [])
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.9'] })
  await rig.pass(29_000)
  assert.deepEqual(rig.last('a.test'), [])
  await rig.pass(1_000)
  assert.deepEqual(rig.last('a.test'), ['10.0.0.9'])
})

test('an answer in another order is no change', async () => {
  const rig = open()
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.1', '10.0.0.2'] })
  await rig.resolver.resolveAll(['a.test'], 1000)
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.2', '10.0.0.1'] })
  await rig.pass(9_000)
  assert.equal(rig.heard.length, 1)
})

test('names with few dots go through the search list, others are asked for as they are first', async () => {
  const rig = open()
  rig.conf = { search: ['one.test', 'two.test'], ndots: 1 }
  rig.a.set('db.two.test', { ttl: 10, ips: ['10.0.0.1'] })
  rig.a.set('db.', { ttl: 10, ips: ['10.0.0.2'] })
  const answers = await rig.resolver.resolveAll(['db', 'x.y', 'abs.'], 1000)
  assert.deepEqual(ipsOf(answers.get('db')), ['10.0.0.1'])
  const names = [...new Set(rig.asked.map((question) => question.split(' ')[1]!))]
  assert.deepEqual(
    names.filter((name) => name.startsWith('x.y')),
    ['x.y', 'x.y.one.test', 'x.y.two.test'],
  )
  assert.deepEqual(
    names.filter((name) => name.startsWith('abs')),
    ['abs'],
  )
})

test('the hosts file and localhost need no server', async () => {
  const rig = open()
  rig.broken = true
  rig.hosts.set('box', ['::2', '10.0.0.7'])
  const answers = await rig.resolver.resolveAll(['BOX', 'localhost', 'api.localhost'], 1000)
  assert.deepEqual(ipsOf(answers.get('box')), ['10.0.0.7'])
  assert.deepEqual(ipsOf(answers.get('localhost')), ['127.0.0.1'])
  assert.deepEqual(ipsOf(answers.get('api.localhost')), ['127.0.0.1'])
  assert.deepEqual(rig.asked, [])
})

test('AAAA is preferred only where the order says so', async () => {
  const rig = open({ order: ['LAST', 'AAAA', 'A'] })
  const answers = await rig.resolver.resolveAll(['localhost'], 1000)
  assert.deepEqual(ipsOf(answers.get('localhost')), ['::1'])
})

test('only the lowest priority of an SRV answer is used, and weight 0 counts as 1', async () => {
  const rig = open()
  rig.srv.set('s.test', [
    { priority: 20, weight: 5, port: 1, name: 'far.test' },
    { priority: 10, weight: 0, port: 2, name: 'near.test' },
  ])
  rig.a.set('near.test', { ttl: 10, ips: ['10.0.0.1'] })
  rig.a.set('far.test', { ttl: 10, ips: ['10.0.0.2'] })
  const answers = await rig.resolver.resolveAll(['s.test'], 1000)
  assert.deepEqual(answers.get('s.test'), [{ ip: '10.0.0.1', port: 2, weight: 1, host: 'near.test' }])
})

test('what does not come in time is left unknown and arrives later', async () => {
  const rig = open()
  rig.a.set('slow.test', { ttl: 10, ips: ['10.0.0.1'] })
  let release = () => {}
  rig.gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const start = rig.resolver.resolveAll(['slow.test', 'localhost'], 1000)
  await rig.pass(1000)
  assert.deepEqual([...(await start).keys()], ['localhost'])
  release()
  await rig.pass(0)
  assert.deepEqual(rig.last('slow.test'), ['10.0.0.1'])
})

test('a bounded number of names is asked for at once, and all get their turn', async () => {
  const rig = open()
  let release = () => {}
  rig.gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const names = Array.from({ length: 300 }, (_, i) => `n${i}.test`)
  const start = rig.resolver.resolveAll(names, 60_000)
  await rig.pass(0)
  assert.equal(rig.asked.length, 64)
  release()
  assert.equal((await start).size, 300)
})

test('names no longer in use are not asked for, and are at hand when wanted back', async () => {
  const rig = open()
  for (const name of ['a.test', 'b.test']) rig.a.set(name, { ttl: 10, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test', 'b.test'], 1000)
  rig.resolver.keepOnly(['a.test'])
  const before = rig.asked.length
  await rig.pass(9_000)
  assert.deepEqual(rig.asked.slice(before), ['A a.test'])
  rig.broken = true
  const answers = await rig.resolver.resolveAll(['b.test'], 1000)
  assert.deepEqual(ipsOf(answers.get('b.test')), ['10.0.0.1'])
})

test('beyond the size of the cache, names no longer in use are forgotten', async () => {
  const rig = open({ cacheSize: 1 })
  for (const name of ['a.test', 'b.test']) rig.a.set(name, { ttl: 10, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test', 'b.test'], 1000)
  rig.resolver.keepOnly(['b.test'])
  assert.deepEqual([...rig.resolver.answers().keys()], ['b.test'])
})

test('a closed resolver asks nothing more', async () => {
  const rig = open()
  rig.a.set('a.test', { ttl: 10, ips: ['10.0.0.1'] })
  await rig.resolver.resolveAll(['a.test'], 1000)
  rig.resolver.close()
  await rig.pass(100_000)
  assert.equal(rig.asked.length, 2)
})

/** A resolver whose world and time are ours. */
function open(settings: Partial<ResolverSettings> = {}) {
  let now = 0
  const timers = new Set<{ at: number; call: () => void }>()
  const rig = {
    a: new Map<string, { ttl: number; ips: string[] }>(),
    srv: new Map<string, SrvRecord[]>(),
    hosts: new Map<string, string[]>(),
    conf: { search: [] as string[], ndots: 1 },
    broken: false,
    gate: Promise.resolve(),
    asked: [] as string[],
    heard: [] as [name: string, answers: readonly Resolved[]][],
    last: (name: string) => ipsOf(rig.heard.findLast(([one]) => one === name)?.[1]),
    resolver: null as unknown as Resolver,
    /** Lets time pass, and all that falls due happen in order. */
    async pass(ms: number) {
      const until = now + ms
      for (;;) {
        await settled()
        const next = [...timers].sort((one, two) => one.at - two.at)[0]
        if (next === undefined || next.at > until) break
        timers.delete(next)
        now = next.at
        next.call()
      }
      now = until
    },
  }
  const ask = async (type: string, name: string) => {
    rig.asked.push(`${type} ${name}`)
    await rig.gate
    if (rig.broken) throw Object.assign(new Error('no'), { code: 'ESERVFAIL' })
  }
  const absent = () => Object.assign(new Error('none'), { code: 'ENOTFOUND' })
  const lookups: Lookups = {
    async a(name) {
      await ask('A', name)
      const found = rig.a.get(name)
      if (found === undefined) throw absent()
      return found.ips.map((address) => ({ address, ttl: found.ttl }))
    },
    async aaaa(name) {
      await ask('AAAA', name)
      throw absent()
    },
    async srv(name) {
      await ask('SRV', name)
      return rig.srv.get(name) ?? Promise.reject(absent())
    },
    hosts: async () => rig.hosts,
    resolvConf: async () => rig.conf,
  }
  const later = (ms: number, call: () => void) => {
    const timer = { at: now + ms, call }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const onChange = (name: string, answers: readonly Resolved[]) => void rig.heard.push([name, answers])
  rig.resolver = new Resolver({
    settings: { ...RESOLVER_DEFAULTS, ...settings },
    lookups,
    now: () => now,
    later,
    onChange,
  })
  return rig
}

/** All promises that can be kept without time passing are kept. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function ipsOf(answers: readonly Resolved[] | undefined): string[] {
  return (answers ?? []).map(({ ip }) => ip)
}
