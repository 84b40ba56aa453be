/** Which names a configuration needs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../../config/model.ts'
import { namesOf } from './names-of.ts'

test('hosts of services, targets and plugins are listed once, without upstreams and addresses', () => {
  const names = namesOf(
    configOf(
      ['API.test', 'up.internal', '10.0.0.1', '::1', '[::1]', 'shared.test'],
      ['Up.Internal'],
      ['a.test:80', 'shared.test:81', '10.0.0.2:80', '[2001:db8::1]:80'],
      [
        { upstream_host: 'Canary.test' },
        { upstream_host: 'up.internal' },
        { upstream_host: null },
        { host: 'b.test' },
      ],
    ),
  )
  assert.deepEqual(names, ['api.test', 'shared.test', 'canary.test', 'a.test'])
})

/** Only what namesOf reads; the rest of a configuration has no part in it. */
function configOf(hosts: string[], upstreams: string[], targets: string[], plugins: object[]): Config {
  const config = {
    services: hosts.map((host) => ({ host })),
    upstreams: upstreams.map((name) => ({ name })),
    targets: targets.map((target) => ({ target })),
    plugins: plugins.map((config) => ({ config })),
  }
  return config as unknown as Config
}
