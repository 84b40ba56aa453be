/** Whom acl lets pass, by which groups, what the target is told, and what it says to whom it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { emptyConfig } from '../../config/kong/load/assemble.ts'
import { Consumers } from '../../config/plan/compile-consumers.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Identities } from '../../contract/identity/identities.ts'
import { DONE, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { addField, listFields } from '../../http1/fields.ts'
import { setAuthenticatedGroups } from '../../identity/authenticated-groups.ts'
import acl from './acl.ts'

const identities = makeIdentities({
  acls: [
    { consumer: 'id-of-jo', group: 'admins' },
    { consumer: 'id-of-jo', group: 'staff' },
    { consumer: 'id-of-guest', group: 'guests' },
  ],
})
const CANNOT = '403 You cannot consume this service'
const UNKNOWN = '401 '

for (const [what, config, who, outcome] of [
  ['a member of an allowed group', { allow: ['staff', 'x'] }, 'jo', 'passes'],
  ['a member of another group', { allow: ['x'] }, 'jo', CANNOT],
  ['one without groups, where some are allowed', { allow: ['x'] }, 'ed', CANNOT],
  ['a member of a denied group', { deny: ['x', 'admins'] }, 'jo', CANNOT],
  ['a member of no denied group', { deny: ['x'] }, 'jo', 'passes'],
  ['one without groups, where some are denied', { deny: ['x'] }, 'ed', 'passes'],
  ['a group of the same name in another case', { allow: ['Staff'] }, 'jo', CANNOT],
  ['the anonymous consumer in an allowed group', { allow: ['guests'] }, 'guest', 'passes'],
  ['the anonymous consumer without groups', { allow: ['guests'] }, 'stranger', UNKNOWN],
  ['an empty list beside a full one', { allow: ['staff'], deny: [] }, 'jo', 'passes'],
] as const) {
  test(`${what} comes to: ${outcome}`, () => {
    assert.equal(outcomeOf(ask(config as never, who)), outcome)
  })
}

test('who has shown no credential is asked for one; who has shown one that is nobody’s is not', () => {
  assert.equal(outcomeOf(ask({ allow: ['staff'] }, 'nobody')), UNKNOWN)
  assert.equal(outcomeOf(ask({ deny: ['staff'] }, 'nobody')), UNKNOWN)
  const known = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  known.credentialId = 'a-token'
  assert.equal(outcomeOf(open({ allow: ['staff'] }).run(known)), CANNOT)
  assert.equal(known.fault, faults.FORBIDDEN)
})

test('the target is told the groups in the order of the file, and a client’s own say is taken out', () => {
  const lines = 'X-Consumer-Groups: root\nx_consumer_groups: root\nX-Authenticated-Groups: root\n'
  const x = ask({ allow: ['staff'] }, 'jo', lines)
  assert.deepEqual(told(x), [['X-Consumer-Groups', 'admins, staff']])
  assert.deepEqual(told(ask({ allow: ['staff'], hide_groups_header: true }, 'jo', lines)), [])
  assert.deepEqual(told(ask({ deny: ['x'] }, 'ed', lines)), [['X-Consumer-Groups', '']], 'as Kong')
})

test('groups that the authentication plugin vouches for count for who is no consumer', () => {
  const { run } = open({ allow: ['staff'] })
  const vouched = (groups: string[]) => {
    const x = exchangeOf('GET / HTTP/1.1\nHost: a\nX-Consumer-Groups: root\n')
    setAuthenticatedGroups(x, groups)
    return run(x)
  }
  assert.deepEqual(told(vouched(['x', 'staff'])), [['X-Authenticated-Groups', 'x, staff']])
  assert.equal(outcomeOf(vouched(['x'])), CANNOT)
  assert.equal(outcomeOf(vouched([])), CANNOT)
})

test('a consumer’s own groups come first, unless the vouched ones are always to be used', () => {
  const vouched = (config: object, credentialId: string) => {
    const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
    x.consumer = identities.consumer('jo')
    x.credentialId = credentialId
    setAuthenticatedGroups(x, ['vouched'])
    return outcomeOf(open(config).run(x))
  }
  const always = { always_use_authenticated_groups: true }
  assert.equal(vouched({ allow: ['staff'] }, 'c'), 'passes')
  assert.equal(vouched({ allow: ['staff'], ...always }, 'c'), CANNOT)
  assert.equal(vouched({ allow: ['vouched'], ...always }, 'c'), 'passes')
  assert.equal(vouched({ allow: ['vouched'] }, ''), 'passes', 'the anonymous consumer’s give way')
  assert.equal(outcomeOf(ask({ allow: ['staff'], ...always }, 'jo')), 'passes', 'where none are vouched for')
})

test('consumer groups count where they are to', () => {
  const config = emptyConfig()
  const made = { tags: null, created_at: 1, updated_at: 1 }
  config.consumers.push({ ...made, id: 'id-of-jo', username: 'jo', custom_id: null })
  config.others['acls'] = [{ ...made, id: 'a', consumer: 'id-of-jo', group: 'staff' }]
  config.others['consumer_groups'] = [{ ...made, id: 'g', name: 'gold' }]
  config.others['consumer_group_consumers'] = [
    { ...made, id: 'm', consumer: 'id-of-jo', consumer_group: 'g' },
  ]
  const known = new Consumers(config, (count) => Buffer.alloc(count))
  const both = open({ allow: ['gold'], include_consumer_groups: true }, known)
  const x = both.run(arrival(known, 'jo'))
  assert.deepEqual(told(x), [['X-Consumer-Groups', 'staff, gold']])
  assert.equal(outcomeOf(open({ allow: ['gold'] }, known).run(arrival(known, 'jo'))), CANNOT)
})

test('the second request of a consumer is judged as the first, each by its own configuration', () => {
  const [one, other] = [open({ allow: ['staff'] }), open({ deny: ['staff'] })]
  for (let i = 0; i < 3; i++) {
    assert.equal(outcomeOf(one.run(arrival(identities, 'jo'))), 'passes')
    assert.equal(outcomeOf(other.run(arrival(identities, 'jo'))), CANNOT)
  }
})

test('whatever the groups, allow passes members and deny passes the rest, and no name breaks a head', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, unit: 'binary' }), { maxLength: 5 })
  fc.assert(
    fc.property(
      names,
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
      (own, listed) => {
        const known = makeIdentities({ acls: own.map((group) => ({ consumer: 'id-of-jo', group })) })
        const isMember = own.some((group) => listed.includes(group))
        for (const [field, passes] of [
          ['allow', isMember],
          ['deny', !isMember],
        ] as const) {
          const x = open({ [field]: listed }, known).run(arrival(known, 'jo'))
          assert.equal(x.fault === faults.NONE, passes)
          if (passes) assert.match(told(x)[0]?.[1] ?? '', /^[\t\x20-\x7e\x80-\xff]*$/)
        }
      },
    ),
  )
})

const EXACTLY = "exactly one of these fields must be non-empty: 'allow', 'deny'"
for (const [config, path, message] of [
  [{}, '@entity', EXACTLY],
  [{ allow: [], deny: [] }, '@entity', EXACTLY],
  [{ allow: ['a'], deny: ['b'] }, '@entity', EXACTLY],
  [{ allow: 'a' }, 'allow', 'expected an array'],
  [{ allow: [1] }, 'allow.0', 'expected a string'],
  [{ whitelist: ['a'] }, 'whitelist', 'unknown field'],
  [{ allow: ['a'], hide_groups_header: 'no' }, 'hide_groups_header', 'expected a boolean'],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused: ${message}`, () => {
    const { findings } = validate(acl.schema, config as unknown as Value)
    const said = findings.map((finding) => `${finding.path.join('.')}: ${finding.message}`)
    assert.ok(said.includes(`${path}: ${message}`), said.join('\n'))
  })
}

// the rig

function open(config: object, known: Identities = identities) {
  const { value, findings } = validate(acl.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const handler = acl.build(value as never, makeHost({ identities: known }), scope)
  return {
    run(x: Exchange): Exchange {
      const verdict = handler.onRequest?.(x)
      assert.equal(verdict, x.fault === faults.NONE ? NEXT : DONE)
      return x
    },
  }
}

function arrival(known: Identities, who: string, lines = ''): Exchange {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${lines}`)
  addField(x.request, 'X-Consumer-Username', who)
  x.consumer = known.consumer(who === 'stranger' ? 'ed' : who)
  x.credentialId = ['nobody', 'guest', 'stranger'].includes(who) ? '' : 'a-credential'
  return x
}

function ask(config: object, who: string, lines = ''): Exchange {
  return open(config).run(arrival(identities, who, lines))
}

function outcomeOf(x: Exchange): string {
  return x.fault === faults.NONE ? 'passes' : `${x.faultStatus || x.fault.status} ${x.faultText}`
}

function told(x: Exchange): [name: string, value: string][] {
  return listFields(x.request).filter(([name]) => /groups$/i.test(name))
}
