/** What rate-limiting promises to clients and operators, on one machine. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CONSUMER, check, fieldsOf, LimitRig } from '../../../test/kit/limit-rig.ts'
import { faults } from '../../base/faults.ts'
import { DONE, NEXT, WAIT } from '../../contract/plugin.ts'
import {
  ADMITTED,
  LIMITS_ALONE,
  LIMITS_DRY,
  RATE_LIMITING,
  REFUSED,
  UNDECIDED,
} from '../../state/counters.ts'
import rateLimiting from './rate-limiting.ts'

const plugin = (config: Parameters<typeof LimitRig.open>[1], options = {}) =>
  LimitRig.open(rateLimiting, config, options)

test('the first request of a limit of 6 a minute is told of 5 more', () => {
  const rig = plugin({ minute: 6 })
  const x = rig.ask()
  assert.deepEqual(fieldsOf(x), [
    'X-RateLimit-Limit-Minute: 6',
    'X-RateLimit-Remaining-Minute: 5',
    'RateLimit-Limit: 6',
    'RateLimit-Remaining: 5',
    'RateLimit-Reset: 60',
  ])
})

test('the request beyond the limit is refused and told when the window ends', () => {
  const rig = plugin({ minute: 2 })
  rig.wallMs += 18_400
  rig.ask()
  rig.ask()
  const x = rig.ask(DONE)
  assert.deepEqual(
    [x.fault, x.faultStatus, x.faultText],
    [faults.LIMIT_EXCEEDED, 429, 'API rate limit exceeded'],
  )
  assert.deepEqual(fieldsOf(x), [
    'X-RateLimit-Limit-Minute: 2',
    'X-RateLimit-Remaining-Minute: 0',
    'RateLimit-Limit: 2',
    'RateLimit-Remaining: 0',
    'RateLimit-Reset: 42',
    'Retry-After: 42',
  ])
  assert.equal(x.detail, 'limit of 2 a minute, by ip')
})

test('the limit is whole again when the minute of the clock turns, not a minute later', () => {
  const rig = plugin({ minute: 1 })
  rig.pass(59_000)
  rig.ask()
  rig.ask(DONE)
  rig.pass(1000)
  rig.ask()
})

test('of several periods the one with least left speaks for all, of two the longer', () => {
  const rig = plugin({ second: 3, hour: 3, day: 10 })
  assert.deepEqual(fieldsOf(rig.ask()).slice(-3), [
    'RateLimit-Limit: 3',
    'RateLimit-Remaining: 2',
    'RateLimit-Reset: 3600',
  ])
})

test('a refusal by one period takes nothing from the others', () => {
  const rig = plugin({ second: 1, minute: 10 })
  rig.ask()
  const refused = fieldsOf(rig.ask(DONE))
  assert.ok(refused.includes('X-RateLimit-Remaining-Second: 0'))
  assert.ok(refused.includes('X-RateLimit-Remaining-Minute: 9'))
  assert.ok(refused.includes('RateLimit-Reset: 1'))
  rig.pass(1000)
  assert.ok(fieldsOf(rig.ask()).includes('X-RateLimit-Remaining-Minute: 8'))
})

test('a limit may be a fraction, and admits while anything is left', () => {
  const rig = plugin({ minute: 1.5 })
  assert.ok(fieldsOf(rig.ask()).includes('X-RateLimit-Remaining-Minute: 0.5'))
  assert.ok(fieldsOf(rig.ask()).includes('X-RateLimit-Remaining-Minute: 0'))
  rig.ask(DONE)
})

test('two workers over one table share one limit', () => {
  const one = plugin({ minute: 1 })
  const two = plugin({ minute: 1 }, { shared: one.shared })
  one.ask()
  two.ask(DONE)
})

test('hidden, no header tells of the limit, but a refusal says when to come again', () => {
  for (const hidden of [{ hide_client_headers: true }, { headers: 'none' }])
    for (const algorithm of ['fixed-window', 'sliding-window', 'token-bucket', 'leaky-bucket']) {
      const rig = plugin({ minute: 1, algorithm, ...hidden })
      assert.deepEqual(fieldsOf(rig.ask()), [])
      assert.deepEqual(fieldsOf(rig.ask(DONE)), ['Retry-After: 60'], algorithm)
    }
})

test('the refusal has the status and the words that are configured', () => {
  const rig = plugin({ minute: 1, error_code: 503, error_message: 'slow down' })
  rig.ask()
  const x = rig.ask(DONE)
  assert.deepEqual([x.faultStatus, x.faultText], [503, 'slow down'])
})

test('of a field that a target sets too the client gets ours alone', () => {
  const rig = plugin({ minute: 6 })
  const x = rig.ask()
  const head = Buffer.from(
    'HTTP/1.1 200 OK\r\nratelimit-limit: 9\r\nX-RateLimit-Limit-Day: 7\r\nX-Rare: 1\r\n\r\n',
  )
  x.response.feed(head, 0, head.length)
  x.proxied = true
  rig.handler.onResponse?.(x)
  assert.deepEqual(fieldsOf(x).slice(0, 3), [
    'X-RateLimit-Limit-Day: 7',
    'X-Rare: 1',
    'X-RateLimit-Limit-Minute: 6',
  ])
})

describe('who is counted', () => {
  test('a consumer, else its credential, else the address', () => {
    const rig = plugin({ minute: 1 })
    const consumer = { consumer: CONSUMER, credentialId: 'key' }
    rig.ask(NEXT, consumer)
    rig.ask(DONE, { ...consumer, clientAddress: '192.0.2.9' })
    rig.ask(NEXT, { credentialId: 'key' })
    rig.ask(DONE, { credentialId: 'key', clientAddress: '192.0.2.9' })
    rig.ask(NEXT)
    rig.ask(DONE)
    rig.ask(NEXT, { clientAddress: '192.0.2.9' })
  })

  test('credential, ip and service by themselves', () => {
    for (const [by, other] of [
      ['credential', { credentialId: 'two' }],
      ['ip', { clientAddress: '192.0.2.9' }],
      ['service', { service: 'two' }],
    ] as const) {
      const rig = plugin({ minute: 1, limit_by: by })
      const first = { credentialId: 'one', clientAddress: '192.0.2.1', service: 'one' }
      rig.ask(NEXT, first)
      rig.ask(DONE, first)
      rig.ask(NEXT, { ...first, ...other })
    }
  })

  test('a header’s value, and the address where it is missing', () => {
    const rig = plugin({ minute: 1, limit_by: 'header', header_name: 'X-Tenant' })
    rig.ask(NEXT, { head: 'x-tenant: a\n' })
    rig.ask(DONE, { head: 'X-TENANT: a\n', clientAddress: '192.0.2.9' })
    rig.ask(NEXT, { head: 'X-Tenant: b\n' })
    rig.ask(NEXT)
    rig.ask(DONE)
  })

  test('a path for all clients, and the address on other paths', () => {
    const rig = plugin({ minute: 1, limit_by: 'path', path: '/a' })
    rig.ask(NEXT, { path: '/a' })
    rig.ask(DONE, { path: '/a', clientAddress: '192.0.2.9' })
    rig.ask(NEXT, { path: '/ab' })
    rig.ask(DONE, { path: '/b' })
  })

  test('a header’s value is nobody else’s key: neither a consumer’s nor an address’s', () => {
    const rig = plugin({ minute: 1, limit_by: 'header', header_name: 'X-Tenant' })
    rig.ask(NEXT, { head: 'X-Tenant: 192.0.2.1\n' })
    rig.ask(NEXT, { clientAddress: '192.0.2.1' })
  })

  test('plugins of one scope share a count, of two scopes none', () => {
    const one = plugin({ minute: 1 }, { scope: { routeId: 'r' } })
    one.ask()
    plugin({ minute: 1 }, { scope: { routeId: 'r' }, shared: one.shared }).ask(DONE)
    plugin({ minute: 1 }, { scope: { serviceId: 'r' }, shared: one.shared }).ask()
  })
})

describe('tiers', () => {
  const tiers = [
    { consumer_group: 'gold', minute: 3 },
    { consumer_group: 'silver', minute: 2 },
  ]

  test('the first of the list that the consumer is in replaces the limits', () => {
    const rig = plugin({ hour: 1, tiers })
    const x = rig.ask(NEXT, { consumer: { ...CONSUMER, groups: ['silver', 'gold'] } })
    assert.deepEqual(fieldsOf(x).slice(0, 2), [
      'X-RateLimit-Limit-Minute: 3',
      'X-RateLimit-Remaining-Minute: 2',
    ])
  })

  test('who is in none has the plugin’s own', () => {
    const rig = plugin({ hour: 1, tiers })
    rig.ask(NEXT, { consumer: { ...CONSUMER, groups: ['bronze'] } })
    assert.equal(rig.ask(DONE, { consumer: CONSUMER }).detail, 'limit of 1 a hour, by consumer')
  })
})

test('a wait of a year is told in full', () => {
  for (const algorithm of ['sliding-window', 'token-bucket', 'leaky-bucket']) {
    const rig = plugin({ year: 1, algorithm })
    rig.ask()
    assert.ok(fieldsOf(rig.ask(DONE)).includes('Retry-After: 31536000'), algorithm)
  }
})

test('members of two tiers behind one address don’t pay with each other’s tokens', () => {
  for (const algorithm of ['token-bucket', 'sliding-window', 'leaky-bucket']) {
    const tiers = [{ consumer_group: 'gold', second: 100 }]
    const rig = plugin({ minute: 1, limit_by: 'ip', algorithm, tiers })
    const gold = { consumer: { ...CONSUMER, groups: ['gold'] } }
    rig.ask()
    rig.ask(NEXT, gold)
    rig.ask(DONE)
    assert.equal(rig.ask(DONE).detail, 'limit of 1 a minute, by ip')
  }
})

describe('cost', () => {
  test('a fixed cost counts so much, and what does not fit is refused', () => {
    const rig = plugin({ minute: 5, cost: { value: 2 } })
    rig.ask()
    rig.ask()
    const x = rig.ask(DONE)
    assert.ok(fieldsOf(x).includes('X-RateLimit-Remaining-Minute: 1'))
    assert.ok(fieldsOf(x).includes('Retry-After: 60'))
  })

  test('where several periods have no room for it, the longest says when to come back', () => {
    const rig = plugin({ minute: 4, hour: 5, cost: { value: 3 } })
    rig.ask()
    assert.ok(fieldsOf(rig.ask(DONE)).includes('Retry-After: 3600'))
  })

  test('a request’s header names it, up to the most it may', () => {
    const rig = plugin({ minute: 100, cost: { by: 'header', name: 'X-Cost', max: 10, default: 3 } })
    const left = (head: string) => fieldsOf(rig.ask(NEXT, { head }))[1]
    assert.equal(left('X-Cost: 5\n'), 'X-RateLimit-Remaining-Minute: 95')
    assert.equal(left('X-Cost: 5000\n'), 'X-RateLimit-Remaining-Minute: 85')
    assert.equal(left('X-Cost: much\n'), 'X-RateLimit-Remaining-Minute: 82')
    assert.equal(left('X-Cost: 0\n'), 'X-RateLimit-Remaining-Minute: 81')
    assert.equal(left('X-Cost: -4\n'), 'X-RateLimit-Remaining-Minute: 78')
  })

  test('an answer names it: one is taken before, the rest afterwards, and the header goes no further', () => {
    const rig = plugin({ minute: 10, cost: { by: 'response_header', name: 'X-Cost' } })
    const x = rig.ask()
    const head = Buffer.from('HTTP/1.1 200 OK\r\nX-Cost: 7\r\n\r\n')
    x.response.feed(head, 0, head.length)
    x.proxied = true
    rig.handler.onResponse?.(x)
    assert.ok(!fieldsOf(x).some((line) => line.startsWith('X-Cost')))
    assert.ok(fieldsOf(rig.ask()).includes('X-RateLimit-Remaining-Minute: 2'))
  })
})

describe('algorithms', () => {
  test('a sliding window does not open a second time at the turn of the minute', () => {
    const rig = plugin({ minute: 2, algorithm: 'sliding-window' })
    rig.pass(59_000)
    rig.ask()
    rig.ask()
    rig.pass(1500)
    const x = rig.ask(DONE)
    const wait = Number(fieldsOf(x).at(-1)?.split(': ')[1])
    assert.ok(wait > 50 && wait <= 68, `it may come back in ${wait} s`)
    rig.pass(wait * 1000)
    rig.ask()
  })

  test('a token bucket takes a burst at once, then one each gap', () => {
    const rig = plugin({ second: 10, burst: 3, algorithm: 'token-bucket' })
    assert.deepEqual(fieldsOf(rig.ask()), [
      'X-RateLimit-Limit-Second: 10',
      'X-RateLimit-Remaining-Second: 2',
      'RateLimit-Limit: 3',
      'RateLimit-Remaining: 2',
      'RateLimit-Reset: 1',
    ])
    rig.ask()
    rig.ask()
    rig.ask(DONE)
    rig.pass(100)
    rig.ask()
    rig.ask(DONE)
  })

  for (const algorithm of ['token-bucket', 'leaky-bucket'])
    test(`a ${algorithm} refuses nobody because another thread read its clock a moment later`, () => {
      const burst = algorithm === 'token-bucket' ? 2 : 1
      const rig = plugin({ second: 10, burst, algorithm })
      rig.ask()
      rig.turnAgeMs = 3
      rig.ask(algorithm === 'token-bucket' ? NEXT : WAIT)
      assert.equal(rig.ask(DONE).fault, faults.LIMIT_EXCEEDED)
    })

  test('a leaky bucket lets one go on each gap, has the others wait, and refuses who finds no place', () => {
    const rig = plugin({ second: 10, burst: 2, algorithm: 'leaky-bucket' })
    rig.ask()
    const [second, third] = [rig.ask(WAIT), rig.ask(WAIT)]
    rig.ask(DONE)
    assert.deepEqual(rig.waits, [100, 200])
    rig.wake()
    assert.deepEqual(rig.resumed, [second, third])
  })
})

describe('the IETF’s draft headers', () => {
  test('one period is the default policy', () => {
    const rig = plugin({ minute: 100, headers: 'draft' })
    assert.deepEqual(fieldsOf(rig.ask()), [
      'RateLimit-Policy: "default";q=100;w=60',
      'RateLimit: "default";r=99;t=60',
    ])
  })

  test('several have their names, and the nearest limit is told of', () => {
    const rig = plugin({ second: 5, hour: 7, headers: 'both' })
    assert.deepEqual(fieldsOf(rig.ask()).slice(-2), [
      'RateLimit-Policy: "second";q=5;w=1, "hour";q=7;w=3600',
      'RateLimit: "second";r=4;t=1',
    ])
  })
})

test('what a dry run would refuse is not charged for its answer either', () => {
  const rig = plugin({ minute: 1, dry_run: true, cost: { by: 'response_header', name: 'X-Cost' } })
  assert.equal(rig.ask().notes?.has('rate-limiting charged'), true)
  assert.equal(rig.ask(NEXT).notes?.has('rate-limiting charged'), false)
})

const admitted = RATE_LIMITING + ADMITTED

test('a dry run refuses nobody, shows nothing, and says in log and notes whom it would have refused', () => {
  const rig = plugin({ minute: 1, dry_run: true })
  rig.ask()
  const x = rig.ask(NEXT)
  assert.deepEqual(fieldsOf(x), [])
  assert.equal(x.notes?.get('rate-limiting'), 'limit of 1 a minute, by ip')
  rig.ask(NEXT)
  assert.deepEqual(rig.log, ['rate-limiting (dry run) would refuse: limit of 1 a minute, by ip'])
  rig.pass(1000)
  rig.ask(NEXT)
  assert.equal(rig.log.length, 2)
  assert.deepEqual(rig.counted, [admitted, LIMITS_DRY, admitted, LIMITS_DRY, admitted, LIMITS_DRY, admitted])
})

test('each request that Redis should have decided and did not is counted, and limited all the same', () => {
  const rig = plugin({ minute: 1, policy: 'redis', redis: { host: 'away' } })
  rig.ask()
  rig.ask(DONE)
  assert.deepEqual(rig.counted, [LIMITS_ALONE, admitted, RATE_LIMITING + REFUSED])
  const strict = plugin({ minute: 1, policy: 'redis', redis: { host: 'away' }, fault_tolerant: false })
  assert.equal(strict.ask(DONE).status, 500)
  assert.deepEqual(strict.counted, [LIMITS_ALONE, RATE_LIMITING + UNDECIDED])
})

describe('the configuration', () => {
  const refusals: readonly [name: string, config: object, ...expected: string[]][] = [
    [
      'some limit is needed',
      {},
      "@entity: at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'",
    ],
    [
      'a longer period cannot have the lower limit',
      { minute: 20, hour: 10 },
      'The limit for hour(10.0) cannot be lower than the limit for minute(20.0)',
    ],
    ['a limit is above 0', { minute: 0 }, 'minute: value must be greater than 0'],
    [
      'limit_by header needs a name',
      { minute: 1, limit_by: 'header' },
      'header_name: required field missing',
      "@entity: failed conditional validation given value of field 'config.limit_by'",
    ],
    [
      'limit_by path needs a path',
      { minute: 1, limit_by: 'path' },
      'path: required field missing',
      "@entity: failed conditional validation given value of field 'config.limit_by'",
    ],
    [
      'policy redis needs a host',
      { minute: 1, policy: 'redis' },
      'redis.host: required field missing',
      "@entity: failed conditional validation given value of field 'config.policy'",
    ],
    [
      'policy cluster needs a database that is not here',
      { minute: 1, policy: 'cluster' },
      "@entity: policy 'cluster' counts in Kong's database, which is not here: use 'redis' and say in 'redis' where it is, or 'local'",
    ],
    [
      'sync_rate is for redis',
      { minute: 1, sync_rate: 1 },
      'sync_rate can only be used with the redis policy',
    ],
    [
      'sync_rate has a least value',
      { minute: 1, policy: 'redis', redis: { host: 'h' }, sync_rate: 0.01 },
      'sync_rate must be greater than 0.02, or -1 to disable',
    ],
    [
      'limit_by is one of a list',
      { minute: 1, limit_by: 'x' },
      'limit_by: expected one of: consumer, credential, ip, service, header, path',
    ],
    [
      'an algorithm without windows has one period',
      { minute: 1, hour: 2, algorithm: 'sliding-window' },
      '@entity: exactly one of these fields must be set with the algorithm sliding-window: second, minute, hour, day, month, year',
    ],
    [
      'burst is for buckets',
      { minute: 1, burst: 2 },
      '@entity: burst can only be used with the algorithms token-bucket and leaky-bucket',
    ],
    [
      'a cost that no request could pay',
      { minute: 5, cost: { value: 6 } },
      '@entity: cost.value is above 5, so that no request could ever pass',
    ],
    [
      'nobody waits for ever',
      { hour: 1, burst: 5, algorithm: 'leaky-bucket' },
      '@entity: the last of a burst of 5 would wait longer than 600 seconds',
    ],
    [
      'a tier has a limit too',
      { minute: 1, tiers: [{ consumer_group: 'a' }] },
      "tiers[0].@entity: at least one of these fields must be non-empty: 'second', 'minute', 'hour', 'day', 'month', 'year'",
    ],
  ]
  for (const [name, config, ...expected] of refusals)
    test(`${name}`, () => assert.deepEqual(check(rateLimiting, config), expected))

  test('Kong’s own examples pass, older flat fields and cluster with a redis block too', () => {
    const host = { host: '127.0.0.1' }
    for (const config of [
      { second: 5, hour: 10_000, policy: 'local' },
      { minute: 5, policy: 'redis', redis: { ...host, port: 6379, password: '', database: 0 } },
      { minute: 5, policy: 'redis', redis_host: '127.0.0.1', redis_port: 6380 },
      { minute: 5, policy: 'cluster', redis: host },
      { minute: 5, policy: 'redis', redis: host, sync_rate: 0.02 },
    ])
      assert.deepEqual(check(rateLimiting, config), [])
  })
})
