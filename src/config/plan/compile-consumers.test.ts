/** What plugins are given of consumers is all that they keep of a configuration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { emptyConfig } from '../kong/load/assemble.ts'
import type { OtherEntity } from '../model.ts'
import { Consumers } from './compile-consumers.ts'

test('who keeps the consumers keeps their credentials, and nothing else of the configuration', async () => {
  const { consumers, refs } = make()
  await collectGarbage()
  assert.deepEqual(
    refs.map((ref) => ref.deref()),
    refs.map(() => undefined),
  )
  assert.equal(consumers.credentials('keyauth_credentials')[0]?.read('key'), 's3cret')
})

test('a consumer is found by one field alone where it has to be', () => {
  const config = emptyConfig()
  config.consumers.push({ ...entity('id-of-jo'), username: 'jo', custom_id: '42' })
  config.consumers.push({ ...entity('id-of-42'), username: '42', custom_id: null })
  const consumers = new Consumers(config, (count) => Buffer.alloc(count))
  const found = (field: 'username' | 'custom_id', value: string) => consumers.consumerBy(field, value)?.id
  assert.deepEqual(
    [found('username', 'jo'), found('username', '42'), found('custom_id', '42'), found('custom_id', 'jo')],
    ['id-of-jo', 'id-of-42', 'id-of-jo', undefined],
  )
  assert.equal(found('username', 'id-of-jo'), undefined)
})

// the rig

function make() {
  const config = emptyConfig()
  config.consumers.push({ ...entity('jo'), username: 'jo', custom_id: null })
  config.others['keyauth_credentials'] = [{ ...entity('k'), consumer: 'jo', key: 's3cret' }]
  config.others['vaults'] = [entity('v')]
  const refs = [config, config.others, config.others['vaults']].map((each) => new WeakRef<object>(each))
  return { consumers: new Consumers(config, (count) => Buffer.alloc(count)), refs }
}

function entity(id: string): OtherEntity {
  return { id, tags: null, created_at: 1, updated_at: 1 }
}

/** In a later turn: until then a WeakRef that was just made holds its object. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
