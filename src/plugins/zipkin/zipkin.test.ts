/** What zipkin's configuration may be, and what one worker does with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildLog, complaints, openSink } from '../../../test/kit/sink-rig.ts'
import { validate } from '../../config/validate.ts'
import type { Value } from '../../contract/schema.ts'
import { type PropagationConfig, readPropagation } from '../../tracing/propagation/propagation-schema.ts'
import { shipZipkin } from './ship-zipkin.ts'
import zipkin from './zipkin.ts'

test('a configuration without anything is valid, and asks for nothing but propagation', () => {
  assert.deepEqual(complaints(zipkin, {}), [])
  assert.deepEqual(complaints(zipkin, { connect_timeout: 0, send_timeout: 0, read_timeout: 0 }), [])
  assert.equal(buildLog(zipkin, {}).name, undefined)
})

test('refusals are in Kong’s words', () => {
  const reserved =
    'must not be one of: error, http.method, http.path, http.status_code, kong.balancer.state, kong.balancer.try, ' +
    'kong.consumer, kong.credential, kong.node.id, kong.route, kong.service, lc, peer.hostname'
  assert.deepEqual(complaints(zipkin, { static_tags: [{ name: 'lc', value: 'x' }] }), [
    `static_tags.0.name: ${reserved}`,
  ])
  assert.deepEqual(complaints(zipkin, { sample_ratio: 1.5 }), [
    'sample_ratio: value should be between 0 and 1',
  ])
  assert.deepEqual(complaints(zipkin, { http_endpoint: 'zipkin:9411' }).length, 1)
  assert.deepEqual(complaints(zipkin, { traceid_byte_count: 12 }).length, 1)
  assert.deepEqual(complaints(zipkin, { propagation: { extract: ['b3-single'] } }).length, 1)
})

test('older fields are mapped as in Kong, and the operator is told', () => {
  assert.deepEqual(propagationOf({}), { extract: 8, clear: [], inject: ['preserve'], defaultFormat: 'b3' })
  assert.deepEqual(propagationOf({ propagation: { default_format: 'w3c' } }).defaultFormat, 'w3c')
  assert.deepEqual(propagationOf({ header_type: 'ignore', default_header_type: 'w3c' }), {
    extract: 0,
    clear: [],
    inject: ['w3c'],
    defaultFormat: 'w3c',
  })
  assert.deepEqual(propagationOf({ header_type: 'jaeger' }).inject, ['preserve', 'jaeger'])
  assert.deepEqual(propagationOf({ header_type: 'jaeger', propagation: { inject: ['w3c'] } }), {
    extract: 0,
    clear: [],
    inject: ['w3c'],
    defaultFormat: 'b3',
  })
  const { lines } = buildLog(zipkin, { header_type: 'b3', default_header_type: 'w3c' })
  assert.deepEqual(lines, [
    'warn zipkin: config.header_type is deprecated, please use config.propagation instead',
    'warn zipkin: config.default_header_type is deprecated, please use config.propagation.default_format instead',
  ])
})

test('a receiver that is not there costs its spans, and they are counted', async (t) => {
  const nobody = { http_endpoint: 'http://127.0.0.1:9/', queue: { max_retry_time: -1, max_batch_size: 2 } }
  const rig = openSink(t, zipkin, shipZipkin, nobody)
  const trace = {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    tryId: '3'.repeat(16),
    parentId: '',
    steps: [],
  }
  rig.write(4, { trace })
  await rig.settled(4)
  assert.deepEqual(rig.lost, { 'retries over': 4 })
})

function propagationOf(config: { [key: string]: Value }) {
  const { value, findings } = validate(zipkin.schema, config)
  assert.deepEqual(findings, [])
  // It passed its schema one line above.
  const settings = readPropagation(value as unknown as PropagationConfig)
  return { ...settings, extract: settings.extract.length }
}
