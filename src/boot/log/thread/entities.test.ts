/** What the log thread shows of entities: references and never secrets, and those of the configuration before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../../../config/model.ts'
import { Entities } from './entities.ts'

const ID = 'c4c2fd0e-1f7c-4d8e-9a52-7d4d1a2b3c4d'

/** Of a configuration, what is looked at here. */
function configOf(own: object): Config {
  return { routes: [], services: [], consumers: [], ...own } as unknown as Config
}

test('what came from a vault is shown as its reference, and a part of a list hides all of it', () => {
  const entities = new Entities()
  const service = { id: ID, name: 'orders', host: 'SECRET', tags: ['a', 'SECRET'], path: null }
  const references = { [ID]: { host: '{vault://env/host}', 'tags[1]': '{vault://env/tag}' } }
  entities.take(configOf({ services: [service], references }))
  assert.deepEqual(entities.find('service', ID), {
    id: ID,
    name: 'orders',
    host: '{vault://env/host}',
    tags: '{vault://env/tag}',
  })
})

test('other entities are shown as objects with their id, and fields that Kong does not have are not', () => {
  const entities = new Entities()
  const route = { id: ID, service: 's', retry_policy: {}, http2: true }
  entities.take(configOf({ routes: [route] }))
  assert.deepEqual(entities.find('route', ID), { id: ID, service: { id: 's' } })
})

test('a record of the configuration before finds its entities, one before that does not', () => {
  const entities = new Entities()
  entities.take(configOf({ consumers: [{ id: ID, username: 'ann' }] }))
  entities.take(configOf({}))
  assert.deepEqual(entities.find('consumer', ID), { id: ID, username: 'ann' })
  entities.take(configOf({}))
  assert.equal(entities.find('consumer', ID), null)
})
