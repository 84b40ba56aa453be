/** Stream routes that nobody can reach are told of, once for all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyConfig } from '../config/kong/load/assemble.ts'
import type { Config, RouteEntity } from '../config/model.ts'
import { unservedStreams } from './unserved-streams.ts'

function configOf(...routes: [name: string, protocol: string][]): Config {
  const all = routes.map(([name, protocol]) => ({ id: `id-${name}`, name, protocols: [protocol] }))
  return { ...emptyConfig(), routes: all as unknown as RouteEntity[] } // what is not looked at is left out
}

test('a stream route is told of where no address takes streams, by its name and with how many others', () => {
  assert.match(
    unservedStreams(configOf(['web', 'http'], ['db', 'tcp']), []),
    /route 'db': STREAM_LISTEN is off/,
  )
  assert.match(unservedStreams(configOf(['db', 'tls'], ['mq', 'tls_passthrough']), []), /'db' and 1 more:/)
})

test('nothing is told where there are none, or where an address takes them', () => {
  assert.equal(unservedStreams(configOf(['web', 'http'], ['calls', 'grpc']), []), '')
  assert.equal(unservedStreams(configOf(['db', 'tcp']), ['127.0.0.1:9000']), '')
})
