/** The answer that all origins give. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerBody } from './answer.ts'

test('an answer is JSON of exactly the size that was asked for', () => {
  for (const bytes of [1, 21, 22, 23, 60, 1100, 3000, 1 << 20]) {
    const body = answerBody(bytes)
    assert.equal(Buffer.byteLength(body), bytes)
    JSON.parse(body)
  }
})
