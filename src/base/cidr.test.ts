/** Sets of networks against a plain count in bits; what is no address is never in any. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CidrSet, parseAddress } from './cidr.ts'

const v4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
const v6 = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
const show4 = (parts: readonly number[]): string => parts.join('.')
const show6 = (groups: readonly number[]): string => groups.map((group) => group.toString(16)).join(':')
const bits4 = (parts: readonly number[]): string =>
  parts.map((part) => part.toString(2).padStart(8, '0')).join('')
const bits6 = (groups: readonly number[]): string =>
  groups.map((part) => part.toString(2).padStart(16, '0')).join('')

test('an IPv4 address is in a network when the leading bits are the same', () => {
  fc.assert(
    fc.property(v4, v4, fc.nat(32), fc.nat(32), (network, other, size, same) => {
      const bits = bits4(network).slice(0, same) + bits4(other).slice(same)
      const address = show4(bits.match(/.{8}/g)!.map((part) => Number.parseInt(part, 2)))
      const wanted = bits.slice(0, size) === bits4(network).slice(0, size)
      const set = new CidrSet([`${show4(network)}/${size}`])
      assert.equal(set.has(address), wanted)
      assert.equal(set.has(`::ffff:${address}`), wanted)
    }),
  )
})

test('so is an IPv6 address', () => {
  fc.assert(
    fc.property(v6, v6, fc.nat(128), fc.nat(128), (network, other, size, same) => {
      fc.pre(!bits6(network).startsWith('0'.repeat(32)))
      const bits = bits6(network).slice(0, same) + bits6(other).slice(same)
      fc.pre(!bits.startsWith('0'.repeat(32)))
      const address = show6(bits.match(/.{16}/g)!.map((part) => Number.parseInt(part, 2)))
      const wanted = bits.slice(0, size) === bits6(network).slice(0, size)
      assert.equal(new CidrSet([`${show6(network)}/${size}`]).has(address), wanted)
    }),
  )
})

test('trusting every IPv6 address trusts no IPv4 address, and the reverse', () => {
  const [all4, all6] = [new CidrSet(['0.0.0.0/0']), new CidrSet(['::/0'])]
  assert.deepEqual([all4.has('1.2.3.4'), all4.has('2001::1')], [true, false])
  assert.deepEqual(
    [all6.has('1.2.3.4'), all6.has('::ffff:1.2.3.4'), all6.has('2001::1')],
    [false, false, true],
  )
  assert.equal(new CidrSet(['::ffff:0:0/96']).has('1.2.3.4'), true)
})

test('an address alone is a network of one', () => {
  const set = new CidrSet(['10.0.0.1', '2001:db8::1'])
  assert.deepEqual(
    ['10.0.0.1', '10.0.0.2', '2001:db8:0::1', '2001:db8::2'].map((text) => set.has(text)),
    [true, false, true, false],
  )
})

test('a unix socket is in the set only by its name', () => {
  assert.equal(new CidrSet(['unix:']).has('unix:'), true)
  assert.equal(new CidrSet(['0.0.0.0/0', '::/0']).has('unix:'), false)
  assert.deepEqual(
    [new CidrSet([]).isEmpty, new CidrSet(['unix:']).isEmpty, new CidrSet(['::1']).isEmpty],
    [true, false, false],
  )
})

test('what is no address is in no set, and no network', () => {
  const odd = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.-4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
  ]
  odd.push(
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '1.2.3.4::',
    '1.2.3.4::1',
    '::1.2.3',
    '1:2:3:4:5:6:7::8',
    'localhost',
  )
  const all = new CidrSet(['0.0.0.0/0', '::/0'])
  for (const text of odd) {
    assert.equal(all.has(text), false, text)
    assert.throws(() => new CidrSet([text]), RangeError, text)
  }
  for (const text of ['1.2.3.4/33', '::/129', '1.2.3.4/', '1.2.3.4/-1', '1.2.3.4/8/9', '1.2.3.4/a', '::/1e1'])
    assert.throws(() => new CidrSet([text]), RangeError, text)
})

test('every way to write an IPv6 address means the same', () => {
  const same = ['2001:db8::a00:1', '2001:DB8:0:0:0:0:A00:1', '2001:db8::10.0.0.1', '2001:db8::a00:1%eth0']
  assert.equal(new Set(same.map((text) => String(parseAddress(text)))).size, 1)
  assert.equal(String(parseAddress('::')), String(new Uint8Array(16)))
})
