/** Envoy's words for when to retry, as the flow asks them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RetryPolicyRecord } from '../model.ts'
import { compileRetryPolicy } from './compile-retry-policy.ts'

function policyOf(retry_on: string[], more: Partial<RetryPolicyRecord> = {}) {
  const record: RetryPolicyRecord = {
    retry_on,
    retriable_status_codes: [],
    retry_non_idempotent: false,
    per_try_timeout: null,
    back_off: { base_interval: 25, max_interval: 250 },
    ...more,
  }
  return compileRetryPolicy(record)!
}

function failuresOf(retry_on: string): boolean[] {
  const { onConnectFailure, onReset, onTimeout } = policyOf([retry_on])
  return [onConnectFailure, onReset, onTimeout]
}

test('a service without a policy has none: the rules are Kong’s', () => {
  assert.equal(compileRetryPolicy(null), null)
})

test('5xx and gateway-error mean every failure to get an answer too', () => {
  assert.deepEqual(failuresOf('5xx'), [true, true, true])
  assert.deepEqual(failuresOf('gateway-error'), [true, true, true])
})

test('each of the other words for failures means one', () => {
  assert.deepEqual(failuresOf('connect-failure'), [true, false, false])
  assert.deepEqual(failuresOf('reset'), [false, true, false])
  assert.deepEqual(failuresOf('timeout'), [false, false, true])
  assert.deepEqual(failuresOf('retriable-4xx'), [false, false, false])
  assert.deepEqual(failuresOf('retriable-status-codes'), [false, false, false])
})

test('answers are named once each, in order', () => {
  assert.deepEqual(policyOf(['connect-failure', 'reset', 'timeout']).statuses, [])
  assert.deepEqual(policyOf(['gateway-error']).statuses, [502, 503, 504])
  assert.deepEqual(policyOf(['retriable-4xx']).statuses, [409])
  const all = policyOf(['5xx', 'gateway-error', 'retriable-4xx', 'retriable-status-codes'], {
    retriable_status_codes: [503, 429, 425],
  }).statuses
  assert.deepEqual(all.slice(0, 4), [409, 425, 429, 500])
  assert.deepEqual([all.length, all.at(-1)], [103, 599])
})

test('listed codes count only where retry_on says so', () => {
  assert.deepEqual(policyOf(['reset'], { retriable_status_codes: [429] }).statuses, [])
})

test('times are the record’s, and no time for a try is none', () => {
  const policy = policyOf(['5xx'], { per_try_timeout: 300, retry_non_idempotent: true })
  const { nonIdempotent, perTryTimeoutMs, backOffBaseMs, backOffMaxMs } = policy
  assert.deepEqual([nonIdempotent, perTryTimeoutMs, backOffBaseMs, backOffMaxMs], [true, 300, 25, 250])
  assert.equal(policyOf([]).perTryTimeoutMs, 0)
})
