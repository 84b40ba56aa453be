/** Addresses in bytes read as the other engine shows them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressReader, addressText } from './uws-address.ts'

test('addresses read as the other engine shows them', () => {
  assert.equal(addressText(Uint8Array.of(127, 0, 0, 1)), '127.0.0.1')
  assert.equal(addressText(v6(0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x0005)), '10.0.0.5')
  assert.equal(addressText(v6(0, 0, 0, 0, 0, 0, 0, 1)), '::1')
  assert.equal(addressText(v6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1)), '2001:db8::1:0:0:1')
  assert.equal(addressText(v6(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1)), '2001:db8:0:1:1:1:1:1')
  assert.equal(addressText(v6(1, 0, 0, 0, 0, 0, 0, 0)), '1::')
  assert.equal(addressText(new Uint8Array(0)), 'unix:')
})

test('the address that was kept is not taken for another', () => {
  const reader = new AddressReader()
  for (const last of [1, 1, 2, 1])
    assert.equal(reader.read(Uint8Array.of(10, 0, 0, last).buffer), `10.0.0.${last}`)
  assert.equal(reader.read(new ArrayBuffer(0)), 'unix:')
})

function v6(...groups: number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}
