/** What is remembered of an id is what would be made of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fingerprint } from '../base/fingerprint.ts'
import { KnownPrints } from './known-prints.ts'

test('a remembered fingerprint is the one that would be made, also when there are more ids than are kept', () => {
  const known = new KnownPrints(1, 2)
  const found = new Fingerprint()
  const made = new Fingerprint()
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 5000; i++) {
      for (const text of [`id ${i}`, `id ${i}`, `id ${i >> 1}`]) {
        known.find(found, text)
        made.setText(1, 2, text)
        assert.deepEqual([found.a, found.b], [made.a, made.b], text)
      }
    }
})
