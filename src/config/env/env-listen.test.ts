/** Addresses as Kong's users write them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Wrong } from './env-kinds.ts'
import { addressText, cidr, isIpv6, listenList, nameServer, streamList } from './env-listen.ts'

test("Kong's own default is read with all its flags", () => {
  const [plain, secure] = read(
    '0.0.0.0:8000 reuseport backlog=16384, [::]:8443 http2 ssl reuseport backlog=100',
  )
  assert.deepEqual(plain, {
    host: '0.0.0.0',
    port: 8000,
    path: '',
    ssl: false,
    http2: false,
    proxyProtocol: false,
    reuseport: true,
    backlog: 16_384,
    fd: -1,
  })
  assert.deepEqual([secure?.host, secure?.ssl, secure?.http2, secure?.backlog], ['::', true, true, 100])
})

test('unix sockets, PROXY protocol, localhost and off are understood', () => {
  assert.equal(read('unix:/run/a.sock proxy_protocol')[0]?.path, '/run/a.sock')
  assert.equal(read('unix:/run/a.sock proxy_protocol')[0]?.proxyProtocol, true)
  assert.equal(read('localhost:80 deferred bind so_keepalive=on')[0]?.host, '127.0.0.1')
  assert.deepEqual(read('off'), [])
})

test('what is no address is refused with the part that is wrong', () => {
  for (const [given, message] of [
    ['8000', /'8000' is not IP:PORT/],
    ['1.2.3.4:99999', /port 99999 is above 65535/],
    ['1.2.3.256:80', /'1\.2\.3\.256' is not an IP address/],
    ['[::g]:80', /not/],
    ['unix:relative', /absolute path/],
    ['0.0.0.0:80 sll', /'sll' in .* is not a flag/],
    [`unix:/${'x'.repeat(107)}`, /at most 107 bytes/],
  ] as const) {
    const answer = listenList.read(given)
    assert.ok(answer instanceof Wrong, given)
    assert.match(answer.message, message)
  }
})

test('IPv6 is told from what only looks like it', () => {
  for (const good of ['::', '::1', 'fe80::1', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1::8'])
    assert.ok(isIpv6(good), good)
  for (const bad of [
    '',
    ':',
    '1:2',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::12345',
    '1.2.3.4',
    '::1.2.3',
    '1:2:3:4:5:6:7:8::',
  ]) {
    assert.ok(!isIpv6(bad), bad)
  }
})

test('trusted addresses and name servers are checked when they are read', () => {
  for (const good of ['10.0.0.0/8', '::/0', 'unix:', '192.168.1.1']) assert.equal(cidr.read(good), good)
  for (const bad of ['10.0.0.0/33', 'x', '::/129', '1.2.3.4/8/8', '1.2.3.4/'])
    assert.ok(cidr.read(bad) instanceof Wrong, bad)
  for (const good of ['10.0.0.2', '10.0.0.2:5353', '[::1]:53', '::1'])
    assert.equal(nameServer.read(good), good)
  for (const bad of ['dns.local', '10.0.0.2:99999', '[x]:53'])
    assert.ok(nameServer.read(bad) instanceof Wrong, bad)
})

test('an address is shown as it was written', () => {
  for (const text of ['1.2.3.4:80', '[::1]:443', 'unix:/run/a.sock'])
    assert.equal(addressText(read(text)[0]!), text)
})

function read(given: string) {
  const answer = listenList.read(given)
  assert.ok(!(answer instanceof Wrong), given)
  return answer
}

test('addresses of streams have Kong’s flags but for those that mean nothing there, and say what they are', () => {
  const addresses = streamList.read(
    '0.0.0.0:5432 reuseport backlog=7, [::]:9443 ssl proxy_protocol so_keepalive=on',
  )
  assert.ok(!(addresses instanceof Wrong))
  const [plain, secure] = addresses
  assert.deepEqual(
    [plain?.port, plain?.reuseport, plain?.backlog, plain?.ssl, plain?.isStream],
    [5432, true, 7, false, true],
  )
  assert.deepEqual([secure?.ssl, secure?.proxyProtocol, secure?.isStream], [true, true, true])
  assert.deepEqual(streamList.read('off'), [])
  for (const [given, message] of [
    ['0.0.0.0:53 udp', /'udp' in '0\.0\.0\.0:53 udp': streams of UDP are not served/],
    ['0.0.0.0:443 ssl http2', /'http2' in .* is not a flag of a stream's address/],
    ['0.0.0.0:443 sll', /'sll' in .* is not a flag/],
  ] as const) {
    const answer = streamList.read(given)
    assert.ok(answer instanceof Wrong, given)
    assert.match(answer.message, message)
  }
})
