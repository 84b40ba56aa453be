/** Hosts, addresses and ranges, in all the forms a file may hold. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fullIpv6,
  hostRule,
  ipOrCidrRule,
  isIpv4,
  normalTarget,
  parseHostPort,
  sniRule,
  wildcardHostRule,
} from './hosts.ts'

test('a host is a name or an address, with or without a port', () => {
  assert.deepEqual(parseHostPort('a.b:80'), { type: 'name', host: 'a.b', port: 80 })
  assert.deepEqual(parseHostPort('10.0.0.1'), { type: 'ipv4', host: '10.0.0.1', port: null })
  assert.deepEqual(parseHostPort('[::1]:8443'), {
    type: 'ipv6',
    host: '0000:0000:0000:0000:0000:0000:0000:0001',
    port: 8443,
  })
  for (const text of [
    '',
    ':80',
    'a:b',
    'a:70000',
    'a b',
    '-a',
    'a-',
    'a..b',
    '256.0.0.1',
    '1.2.3',
    '[::1',
    '[a]',
    'a/b',
    'a:80:80',
  ])
    assert.equal(parseHostPort(text), null, text)
})

test('an IPv6 address has one full form', () => {
  assert.equal(fullIpv6('::'), '0000:0000:0000:0000:0000:0000:0000:0000')
  assert.equal(fullIpv6('FE80::1:2'), 'fe80:0000:0000:0000:0000:0000:0001:0002')
  assert.equal(fullIpv6('::ffff:10.0.0.1'), '0000:0000:0000:0000:0000:ffff:0a00:0001')
  for (const text of [
    '1',
    ':1',
    '1:2:3:4:5:6:7',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::g',
    '::12345',
    '::1.2.3.256',
    '1:2:3:4:5:6:7::8:9',
  ])
    assert.equal(fullIpv6(text), null, text)
})

test('an IPv4 address has four numbers up to 255', () => {
  assert.deepEqual(['0.0.0.0', '255.255.255.255', '256.1.1.1', '1.1.1', 'a.b.c.d'].map(isIpv4), [
    true,
    true,
    false,
    false,
    false,
  ])
})

test("a service's host has no port", () => {
  assert.equal(hostRule('a.internal'), null)
  assert.equal(hostRule('a.internal:80'), 'must not have a port')
  assert.equal(hostRule('a b'), 'invalid value: a b')
})

test("a route's host may have one wildcard, as its first or last label", () => {
  for (const text of ['a.b', '*.a.b', 'a.*', '*.a:80', 'a.*:80'])
    assert.equal(wildcardHostRule(text), null, text)
  assert.match(wildcardHostRule('*.a.*') ?? '', /at most one/)
  for (const text of ['*', 'a.*.b', '*a.b', 'a.b*'])
    assert.match(wildcardHostRule(text) ?? '', /leftmost or rightmost/, text)
  for (const text of ['*.a b', 'a.b:x', '*.a:99999'])
    assert.match(wildcardHostRule(text) ?? '', /invalid hostname/, text)
})

test('a server name is neither an address nor has it a port', () => {
  assert.deepEqual(['*.a.b', 'a:80', '10.0.0.1', '::1'].map(sniRule), [
    null,
    'must not have a port',
    'must not be an IP',
    'must not have a port',
  ]) // prettier-ignore
})

test('a range of addresses has no more bits than they have', () => {
  for (const text of ['10.0.0.1', '10.0.0.0/8', '::1', 'fe80::/10', '::/128'])
    assert.equal(ipOrCidrRule(text), null, text)
  for (const text of ['10.0.0.0/33', '::/129', 'a', '10.0.0.0/', '10.0.0.0/8/8'])
    assert.notEqual(ipOrCidrRule(text), null, text)
})

test('a target without a port listens on 8000', () => {
  assert.deepEqual(['a', 'a:1', '10.0.0.1'].map(normalTarget), ['a:8000', 'a:1', '10.0.0.1:8000'])
})
