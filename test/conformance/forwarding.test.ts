/**
 * What a target is sent: Kong's forwarded fields, the hop-by-hop rules of RFC 9110 §7.6.1, and every other byte
 * as it came.
 */
import assert from 'node:assert/strict'
import { eachEngine } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'
import { get } from '../kit/raw-client.ts'

function routes(port: number): string {
  const target = { host: '127.0.0.1', port }
  return kongYml({
    services: [
      { name: 'plain', ...target, routes: [{ name: 'all', paths: ['/'], strip_path: false }] },
      { name: 'strip', ...target, path: '/base', routes: [{ name: 'strip', paths: ['/strip'] }] },
      {
        name: 'keep',
        ...target,
        routes: [{ name: 'keep', paths: ['/keep'], strip_path: false, preserve_host: true }],
      },
      {
        name: 'named',
        host: 'named-upstream',
        routes: [{ name: 'named', paths: ['/named'], strip_path: false }],
      },
    ],
    upstreams: [
      { name: 'named-upstream', host_header: 'inside.test', targets: [{ target: `127.0.0.1:${port}` }] },
    ],
  })
}

function lines(message: Message): string[] {
  return message.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase()
}

eachEngine('forwarding', { config: routes }, (check) => {
  check('a plain request reaches the target with exactly these fields', async (rig) => {
    await rig.ask('GET /a?b=c HTTP/1.1\r\nHost: api.test:8080\r\nAccept: x/y\r\n\r\n')
    const id = rig.target.last.get('x-kong-request-id') ?? ''
    assert.match(id, /^[0-9a-f]{32}$/)
    const via = rig.target.last.get('via') ?? ''
    assert.match(via, /^1\.1 [a-z]+\/[0-9.]+$/)
    assert.equal(rig.target.last.firstLine, 'GET /a?b=c HTTP/1.1')
    assert.deepEqual(lines(rig.target.last), [
      'accept: x/y',
      'connection: keep-alive',
      `host: 127.0.0.1:${rig.target.port}`,
      `via: ${via}`,
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-host: api.test',
      'x-forwarded-path: /a',
      'x-forwarded-port: 8080',
      'x-forwarded-proto: http',
      `x-kong-request-id: ${id}`,
      'x-real-ip: 127.0.0.1',
    ])
  })

  check('a Host without port is forwarded with the port the client knocked at', async (rig) => {
    await rig.ask(get('/'))
    assert.equal(rig.target.last.get('x-forwarded-host'), 'gateway.test')
    assert.match(rig.target.last.get('x-forwarded-port') ?? '', new RegExp(`^(80|${rig.gateway.port})$`))
  })

  check('the request id is the same for target and client, and a client cannot set it', async (rig) => {
    const answer = await rig.ask(get('/', 'X-Kong-Request-Id: mine'))
    const id = rig.target.last.all('x-kong-request-id')
    assert.equal(id.length, 1)
    assert.notEqual(id[0], 'mine')
    assert.equal(answer.get('x-kong-request-id'), id[0])
  })

  check(
    'forwarded fields of a peer that is not trusted are replaced, X-Forwarded-For is added to',
    async (rig) => {
      const forged = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Port: 1']
      const more = ['X-Forwarded-Path: /evil', 'X-Forwarded-Prefix: /evil', 'X-Real-IP: 6.6.6.6']
      await rig.ask(get('/p?q', ...forged, ...more, 'X-Forwarded-For: 6.6.6.6'))
      const { last } = rig.target
      assert.equal(last.get('x-forwarded-proto'), 'http')
      assert.equal(last.get('x-forwarded-host'), 'gateway.test')
      assert.doesNotMatch(last.get('x-forwarded-port') ?? '', /^1$/)
      assert.equal(last.get('x-forwarded-path'), '/p')
      assert.equal(last.get('x-forwarded-prefix'), undefined)
      assert.equal(last.get('x-real-ip'), '127.0.0.1')
      assert.equal(last.get('x-forwarded-for'), '6.6.6.6, 127.0.0.1')
    },
  )

  check('several X-Forwarded-For fields become one list in their order', async (rig) => {
    await rig.ask(get('/', 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2, 3.3.3.3'))
    assert.equal(rig.target.last.get('x-forwarded-for'), '1.1.1.1, 2.2.2.2, 3.3.3.3, 127.0.0.1')
  })

  check('a stripped prefix is told in X-Forwarded-Prefix, the raw path in X-Forwarded-Path', async (rig) => {
    await rig.ask(get('/strip/x%20y/../z?q=/strip'))
    assert.equal(rig.target.last.target, '/base/z?q=/strip')
    assert.equal(rig.target.last.get('x-forwarded-prefix'), '/strip')
    assert.equal(rig.target.last.get('x-forwarded-path'), '/strip/x%20y/../z')
  })

  check('preserve_host sends the client’s Host with its port', async (rig) => {
    await rig.ask('GET /keep HTTP/1.1\r\nHost: Api.Test:8080\r\n\r\n')
    assert.deepEqual(
      rig.target.last.all('host').map((host) => host.toLowerCase()),
      ['api.test:8080'],
    )
  })

  check('host_header of an upstream is what its targets are called', async (rig) => {
    assert.equal((await rig.ask(get('/named'))).status, 200)
    assert.match(rig.target.last.get('host') ?? '', /^inside\.test(:\d+)?$/)
  })

  check('fields that concern one hop only go no further', async (rig) => {
    const hop = [
      'Connection: X-Hop, keep-alive, X-Second',
      'X-Hop: 1',
      'X-Second: 2',
      'Keep-Alive: timeout=5',
    ]
    const more = ['Proxy-Connection: keep-alive', 'Proxy: http://evil.test', 'Upgrade: h2c', 'TE: gzip']
    await rig.ask(get('/', ...hop, ...more, 'X-End: 3'))
    for (const name of ['x-hop', 'x-second', 'keep-alive', 'proxy-connection', 'proxy', 'upgrade', 'te'])
      assert.equal(rig.target.last.get(name), undefined, name)
    assert.equal(rig.target.last.get('connection'), 'keep-alive')
    assert.equal(rig.target.last.get('x-end'), '3')
  })

  check('"TE: trailers" is the one TE that goes on', async (rig) => {
    await rig.ask(get('/', 'TE: trailers, deflate;q=0.5'))
    assert.equal(rig.target.last.get('te'), 'trailers')
  })

  check('fields meant for the end go on in their order, with their values untouched', async (rig) => {
    const end = [
      'User-Agent: Me/1.0 (x; Y)',
      'Cookie: a=1; b="2"',
      'X-Twice: 1',
      'X-Between: A\tb',
      'X-Twice: 2',
      'Proxy-Authorization: Basic eA==',
      'X-Empty: ',
      'X-Latin: a\xe9\xffb',
    ]
    await rig.ask(get('/', ...end))
    const names = new Set(end.map(nameOf))
    const got = rig.target.last.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    assert.deepEqual(
      got.filter((line) => names.has(nameOf(line))),
      end.map((line) => nameOf(line) + line.slice(line.indexOf(':'))),
    )
  })

  for (const value of ['Jos\xc3\xa9', '\xe9t\xe9', '\xff'])
    check(`the value ${JSON.stringify(value)} goes on with its ends`, async (rig) => {
      await rig.ask(get('/', `X-Latin: ${value}`))
      assert.equal(rig.target.last.get('x-latin'), value)
    })

  check('names go on in the case they came in', async (rig) => {
    await rig.ask(get('/', 'uSER-agent: 1', 'X-ONE: 2'))
    assert.match(rig.target.last.head, /\r\nuSER-agent: 1\r\n/)
    assert.match(rig.target.last.head, /\r\nX-ONE: 2\r\n/)
  })

  for (const name of ['X_Under', "!#$%&'*+-.^_`|~9"])
    check(`${name} is a name like any other`, async (rig) => {
      await rig.ask(get('/', `${name}: 1`))
      assert.equal(rig.target.last.get(name.toLowerCase()), '1')
    })

  check('Via is added to, and tells the client’s version', async (rig) => {
    await rig.ask('GET / HTTP/1.0\r\nHost: a\r\nVia: 1.1 first\r\n\r\n')
    assert.match(rig.target.last.get('via') ?? '', /^1\.1 first, 1\.0 [a-z]+\/[0-9.]+$/)
  })

  check('the target is always spoken to in HTTP/1.1 and its connection kept', async (rig) => {
    await rig.ask('GET / HTTP/1.0\r\n\r\n')
    assert.equal(rig.target.last.firstLine, 'GET / HTTP/1.1')
    assert.equal(rig.target.last.get('connection'), 'keep-alive')
    assert.equal(rig.target.last.all('host').length, 1)
  })

  const queries = ['?', '??', '?a/b?c//..', '?%41%2f', '?a=1&a=2', '?a|b"c<d>']
  for (const query of queries)
    check(`the query ${JSON.stringify(query)} goes on as it came`, async (rig) => {
      assert.equal((await rig.ask(get(`/q${query}`))).status, 200)
      assert.equal(rig.target.last.target, `/q${query}`)
    })
})

const trusting = { SLUICE_TRUSTED_IPS: '127.0.0.0/8', SLUICE_REAL_IP_HEADER: 'X-Forwarded-For' }

eachEngine('forwarding behind a trusted proxy', { config: routes, env: trusting }, (check) => {
  check('its forwarded fields are kept', async (rig) => {
    const said = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: front.test', 'X-Forwarded-Port: 443']
    await rig.ask(get('/strip/p', ...said, 'X-Forwarded-Path: /front', 'X-Forwarded-Prefix: /pre'))
    const { last } = rig.target
    assert.equal(last.get('x-forwarded-proto'), 'https')
    assert.equal(last.get('x-forwarded-host'), 'front.test')
    assert.equal(last.get('x-forwarded-port'), '443')
    assert.equal(last.get('x-forwarded-path'), '/front')
    assert.equal(last.get('x-forwarded-prefix'), '/pre')
  })

  check('the client is the last address of X-Forwarded-For, however many there are', async (rig) => {
    await rig.ask(get('/', 'X-Forwarded-For: 198.51.100.1, 127.0.0.9'))
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.9')
    assert.equal(rig.target.last.get('x-forwarded-for'), '198.51.100.1, 127.0.0.9, 127.0.0.1')
  })

  check('what is no address in X-Forwarded-For leaves the peer as the client', async (rig) => {
    await rig.ask(get('/', 'X-Forwarded-For: unknown'))
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.1')
  })

  check('without X-Forwarded-For the peer is the client', async (rig) => {
    await rig.ask(get('/'))
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.1')
  })
})

const recursive = { ...trusting, SLUICE_REAL_IP_RECURSIVE: 'on' }

eachEngine('forwarding with real_ip_recursive', { config: routes, env: recursive }, (check) => {
  check('the client is the last address that is not trusted', async (rig) => {
    await rig.ask(get('/', 'X-Forwarded-For: 203.0.113.5, 198.51.100.1, 127.0.0.9'))
    assert.equal(rig.target.last.get('x-real-ip'), '198.51.100.1')
  })

  check('when all are trusted the first of them is the client', async (rig) => {
    await rig.ask(get('/', 'X-Forwarded-For: 127.0.0.3, 127.0.0.9'))
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.3')
  })
})

const realIp = { SLUICE_TRUSTED_IPS: '0.0.0.0/0,::/0' }

eachEngine('forwarding with X-Real-IP', { config: routes, env: realIp }, (check) => {
  check('X-Real-IP of a trusted peer names the client', async (rig) => {
    await rig.ask(get('/', 'X-Real-IP: 203.0.113.5'))
    assert.equal(rig.target.last.get('x-real-ip'), '203.0.113.5')
    assert.equal(rig.target.last.all('x-real-ip').length, 1)
  })
})

const hostile = { env: { SLUICE_TRUSTED_IPS: '10.0.0.0/8', SLUICE_REAL_IP_HEADER: 'X-Forwarded-For' } }

eachEngine('forwarding with a peer outside trusted_ips', { config: routes, ...hostile }, (check) => {
  check('it can neither name a client nor claim a scheme', async (rig) => {
    await rig.ask(get('/', 'X-Forwarded-For: 203.0.113.5', 'X-Forwarded-Proto: https', 'X-Real-IP: 1.2.3.4'))
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.1')
    assert.equal(rig.target.last.get('x-forwarded-proto'), 'http')
  })
})
