/** Many networks at once, against ipaddr.js, and the texts of addresses against what Node takes for one. */
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { CidrSet, parseAddress } from '../cidr.ts'

/** Few different bits, so that networks nest, touch and repeat. */
const octet = fc.constantFrom(0, 1, 2, 3, 127, 128, 254, 255)
const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'))
const group = fc.constantFrom('0', '1', '7fff', '8000', 'ffff')
const v6 = fc.array(group, { minLength: 7, maxLength: 7 }).map((parts) => `2001:${parts.join(':')}`)
const network = fc.oneof(
  fc.tuple(v4, fc.nat(32)).map(([address, size]) => `${address}/${size}`),
  fc.tuple(v6, fc.nat(128)).map(([address, size]) => `${address}/${size}`),
)

test('an address is in a set when it is in one of the networks, however they overlap', () => {
  fc.assert(
    fc.property(
      fc.array(network, { maxLength: 30 }),
      fc.array(fc.oneof(v4, v6), { minLength: 1 }),
      (networks, addresses) => {
        const set = new CidrSet(networks)
        for (const address of addresses) {
          const wanted = networks.some((each) => matches(address, each))
          assert.equal(set.has(address), wanted, `${address} in ${networks.join(' ')}`)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('the first and the last address of a network are in it, their neighbours are not', () => {
  const set = new CidrSet(['10.0.0.0/30', '10.0.0.8/29', '255.255.255.255', '0.0.0.0', 'fe80::/126'])
  const inside = ['10.0.0.0', '10.0.0.3', '10.0.0.8', '10.0.0.15', '255.255.255.255', '0.0.0.0']
  for (const address of [...inside, 'fe80::', 'fe80::3']) assert.equal(set.has(address), true, address)
  const outside = ['9.255.255.255', '10.0.0.4', '10.0.0.7', '10.0.0.16', '255.255.255.254', '0.0.0.1']
  for (const address of [...outside, 'fe80::4', 'fe7f::', '::'])
    assert.equal(set.has(address), false, address)
})

test('what Node takes for an address is one, and nothing else is', () => {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(':', '::', '.', '0', '1', 'f', 'ffff', '255', '10', 'FFFF') },
    { weight: 1, arbitrary: fc.constantFrom('256', '00', 'g', '-', ' ', '10000', '1.2.3.4') },
  )
  const near = fc.oneof(
    fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join('')),
    v4,
    v6,
    fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(':')),
    fc.tuple(fc.array(group, { maxLength: 6 }), fc.array(group, { maxLength: 6 })).map(double),
    fc.tuple(fc.array(group, { maxLength: 7 }), v4).map(([groups, last]) => [...groups, last].join(':')),
    fc.tuple(fc.array(group, { maxLength: 6 }), v4).map(([groups, last]) => double([groups, [last]])),
  )
  fc.assert(
    fc.property(near, (text) => {
      const bytes = parseAddress(text)
      assert.equal(bytes !== null, isIP(text) !== 0, text)
      // ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4.
      if (bytes === null || /^::[\d.]+$/.test(text)) return
      const parsed = ipaddr.parse(text)
      const wide = parsed.kind() === 'ipv4' ? (parsed as ipaddr.IPv4).toIPv4MappedAddress() : parsed
      assert.deepEqual([...bytes], wide.toByteArray())
    }),
    { numRuns: 5000 },
  )
})

function double([front, back]: readonly [readonly string[], readonly string[]]): string {
  return `${front.join(':')}::${back.join(':')}`
}

/** ipaddr.js compares only what is of one kind, as we do but for mapped addresses, which are not made here. */
function matches(address: string, cidr: string): boolean {
  const [parsed, [of, size]] = [ipaddr.parse(address), ipaddr.parseCIDR(cidr)]
  return parsed.kind() === of.kind() && parsed.match(of, size)
}
