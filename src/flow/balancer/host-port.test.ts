/** Hosts, ports and addresses as people write them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorityOf, isIp, splitHostPort } from './host-port.ts'

test('a target is a name or an address, with or without port', () => {
  assert.deepEqual(splitHostPort('a.test:81', 8000), { host: 'a.test', port: 81 })
  assert.deepEqual(splitHostPort('a.test', 8000), { host: 'a.test', port: 8000 })
  assert.deepEqual(splitHostPort('[::1]:81', 8000), { host: '::1', port: 81 })
  assert.deepEqual(splitHostPort('[::1]', 8000), { host: '::1', port: 8000 })
  assert.deepEqual(splitHostPort('2001:db8::1', 8000), { host: '2001:db8::1', port: 8000 })
})

test('addresses are told from names', () => {
  for (const ip of ['10.0.0.1', '::1', '2001:db8::1']) assert.equal(isIp(ip), true, ip)
  for (const name of ['a.test', '10.0.0.1.nip.io', 'localhost', '1.2.3'])
    assert.equal(isIp(name), false, name)
})

test('an IPv6 address is bracketed once', () => {
  assert.equal(authorityOf('::1', 80, 'http'), '[::1]')
  assert.equal(authorityOf('[::1]', 81, 'http'), '[::1]:81')
})
