/** A configuration that is shown has its secrets hidden, wherever in it they stand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { s } from '../../../contract/schema.ts'
import { withoutSecrets } from './without-secrets.ts'

const secret = s.string({ encrypted: true })

test('no secret is shown, in a record, a list or a map; all else is', () => {
  const schema = s.record({
    host: s.string(),
    key: secret,
    vaulted: s.string({ referenceable: true }),
    redis: s.record({ port: s.integer(), password: secret, username: s.string() }),
    nodes: s.array(s.record({ name: s.string(), password: secret })),
    keys: s.array(secret),
    headers: s.map(s.string(), secret),
    absent: secret,
  })
  const config = {
    host: 'a',
    key: 'S1',
    vaulted: 'S2',
    redis: { port: 1, password: 'S3', username: null },
    nodes: [{ name: 'n', password: 'S4' }],
    keys: ['S5'],
    headers: { a: 'S6' },
    absent: null,
  }
  assert.deepEqual(withoutSecrets(config, schema), {
    host: 'a',
    key: '<hidden>',
    vaulted: '<hidden>',
    redis: { port: 1, password: '<hidden>', username: null },
    nodes: [{ name: 'n', password: '<hidden>' }],
    keys: ['<hidden>'],
    headers: { a: '<hidden>' },
  })
})
