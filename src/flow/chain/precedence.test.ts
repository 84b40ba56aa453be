/** Which configuration of a plugin applies: Kong's twelve rows, one winner, no merge. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Consumer } from '../../contract/plan.ts'
import { Bindings } from './bindings.ts'
import { ChainBuilder } from './build-chain.ts'
import { type Binding, handlerFor, rowOf, type Scope } from './precedence.ts'

const ROUTE = 'route-1'
const SERVICE = 'service-1'
const JO = 'jo'

const GOLD = 'gold'
/** The groups of each consumer, in the order of their precedence. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  jo: [GOLD, 'staff'],
  ann: ['staff'],
  nobody: [],
}

/** Most specific first, as the manual says it: [name, route?, service?, who?]. */
const ROWS = [
  ['route + service + consumer', true, true, JO],
  ['route + service + group', true, true, GOLD],
  ['route + consumer', true, false, JO],
  ['service + consumer', false, true, JO],
  ['route + group', true, false, GOLD],
  ['service + group', false, true, GOLD],
  ['route + service', true, true, null],
  ['consumer', false, false, JO],
  ['group', false, false, GOLD],
  ['route', true, false, null],
  ['service', false, true, null],
  ['global', false, false, null],
] as const

for (let row = 0; row < ROWS.length; row++) {
  test(`row ${row + 1}: a configuration for ${ROWS[row]![0]} wins over all below it`, () => {
    const present = ROWS.slice(row).map(bindingOf)
    assert.equal(rowOf(present[0]!), row + 1)
    assert.equal(winner(present, JO), present[0])
    assert.equal(winner(present.toReversed(), JO), present[0], 'whatever order they are written in')
  })
}

test('consumers of the same groups share what their groups amount to', () => {
  const bindings = gather(
    ROWS.slice(1)
      .map(bindingOf)
      .filter((binding) => binding.consumerId === null),
  )
  assert.equal(bindings.ofConsumer('a', [GOLD]), bindings.ofConsumer('b', [GOLD]))
  assert.equal(bindings.ofConsumer('c', ['staff']), null)
})

test('a consumer with something of its own shares what its groups have for other plugins', () => {
  const own = { ...bindingOf(ROWS[7]), plugin: 'another' }
  const bindings = gather([own, bindingOf(ROWS[8])])
  const jo = bindings.ofConsumer(JO, [GOLD])
  const shared = bindings.ofConsumer('ann', [GOLD])?.get(bindingOf(ROWS[8]).plugin)
  assert.ok(shared !== undefined)
  assert.equal(jo?.get(bindingOf(ROWS[8]).plugin), shared)
  assert.equal(jo?.get('another')?.alone, own.handler)
})

test('what one consumer has beside its group changes nothing for the others of the group', () => {
  const ofGroup = bindingOf(ROWS[8])
  const bindings = gather([bindingOf(ROWS[7]), bindingOf(ROWS[3]), ofGroup])
  bindings.ofConsumer(JO, [GOLD])
  const { plugin } = ofGroup
  const other = bindings.ofConsumer('ann', [GOLD])?.get(plugin)
  assert.equal(other?.alone, ofGroup.handler)
  assert.equal(other?.byService.size, 0)
})

test('of two groups with a configuration at the same place the first counts', () => {
  const staff = { ...bindingOf(ROWS[8]), groupId: 'staff', handler: {} }
  const gold = bindingOf(ROWS[8])
  assert.equal(winner([staff, gold], JO), gold)
  assert.equal(winner([staff, gold], 'ann'), staff)
})

test('a stranger is served by the best configuration that names no consumer', () => {
  assert.equal(winner(ROWS.map(bindingOf), null)?.origin, 'route + service')
})

test('a plugin that only another consumer has does not run', () => {
  const present = ROWS.filter(([, , , who]) => who !== null).map(bindingOf)
  assert.equal(winner(present, 'ann'), undefined)
})

test('configurations for another route, service or both never apply', () => {
  const elsewhere = [
    { ...bindingOf(ROWS[9]), routeId: 'route-2' },
    { ...bindingOf(ROWS[10]), serviceId: 'service-2' },
    { ...bindingOf(ROWS[2]), routeId: 'route-2' },
    { ...bindingOf(ROWS[3]), serviceId: 'service-2' },
    { ...bindingOf(ROWS[4]), routeId: 'route-2' },
    { ...bindingOf(ROWS[5]), serviceId: 'service-2' },
  ]
  assert.equal(winner(elsewhere, JO), undefined)
})

test('whatever is configured, the chain agrees with picking the lowest row by hand', () => {
  const scopes = ['route-1', 'route-2'].flatMap((routeId) =>
    ['service-1', 'service-2'].flatMap((serviceId) =>
      ['jo', 'ann', GOLD, 'staff'].flatMap((who) =>
        ROWS.map(([, route, service, someone]) => ({
          routeId: route ? routeId : null,
          serviceId: service ? serviceId : null,
          ...(someone === null ? NOBODY : whoever(who)),
        })),
      ),
    ),
  )
  // compile leaves out what binds a route together with another service than its own; here both are route-1's.
  const possible = scopes.filter((scope) => scope.routeId === null || scope.serviceId !== 'service-2')
  const unique: Scope[] = [...new Map(possible.map((scope) => [JSON.stringify(scope), scope])).values()]
  const who = fc.constantFrom(null, 'jo', 'ann', 'nobody')
  fc.assert(
    fc.property(fc.subarray(unique), who, (chosen, consumerId) => {
      const bindings = chosen.map((scope) => makeBinding(JSON.stringify(scope), scope))
      const expected = bindings
        .filter((binding) => binding.routeId === null || binding.routeId === ROUTE)
        .filter((binding) => binding.serviceId === null || binding.serviceId === SERVICE)
        .filter((binding) => binding.consumerId === null || binding.consumerId === consumerId)
        .filter((binding) => binding.groupId === null || groupsOf(consumerId).includes(binding.groupId))
        .sort((left, right) => rowOf(left) - rowOf(right) || byGroup(consumerId, left, right))[0]
      assert.equal(winner(bindings, consumerId)?.origin, expected?.origin)
    }),
  )
})

test('routes without a configuration of their own have those of their own service', () => {
  const ofService = (id: string) => makeBinding(id, { routeId: null, serviceId: id, ...NOBODY })
  const builder = new ChainBuilder(gather([bindingOf(ROWS[11]), ofService('a'), ofService('b')]))
  const origins = ['a', 'b', 'c', ''].map((serviceId) => builder.build('r', serviceId).links[0]?.origin)
  assert.deepEqual(origins, ['a', 'b', 'global', 'global'])
})

test('a chain is fixed exactly when no consumer could change its handlers', () => {
  const [, , , serviceAndConsumer, , , routeAndService, consumer, , , , everywhere] = ROWS.map(bindingOf)
  assert.equal(chainOf([everywhere!]).fixed, true)
  assert.equal(chainOf([everywhere!, consumer!]).fixed, false)
  assert.equal(
    chainOf([routeAndService!, consumer!]).fixed,
    true,
    'route + service outranks a consumer alone',
  )
  assert.equal(chainOf([routeAndService!, serviceAndConsumer!]).fixed, false, 'but not one of its service')
  assert.equal(chainOf([{ ...consumer!, routeId: 'route-2' }]).fixed, true, 'of no concern to this route')
})

// the rig

const NOBODY = { consumerId: null, groupId: null }

function whoever(who: string): Pick<Scope, 'consumerId' | 'groupId'> {
  return who in GROUPS ? { consumerId: who, groupId: null } : { consumerId: null, groupId: who }
}

function groupsOf(consumerId: string | null): readonly string[] {
  return GROUPS[consumerId ?? ''] ?? []
}

function byGroup(consumerId: string | null, left: Scope, right: Scope): number {
  const groups = groupsOf(consumerId)
  return groups.indexOf(left.groupId ?? '') - groups.indexOf(right.groupId ?? '')
}

function bindingOf([origin, route, service, who]: (typeof ROWS)[number]): Binding {
  return makeBinding(origin, {
    routeId: route ? ROUTE : null,
    serviceId: service ? SERVICE : null,
    ...(who === null ? NOBODY : whoever(who)),
  })
}

function makeBinding(origin: string, scope: Scope): Binding {
  return { plugin: 'cors', priority: 2000, ...scope, handler: {}, origin }
}

function chainOf(present: readonly Binding[]) {
  return new ChainBuilder(gather(present)).build(ROUTE, SERVICE)
}

function gather(present: readonly Binding[]): Bindings {
  const bindings = new Bindings()
  for (const binding of present) bindings.add(binding)
  return bindings
}

/** Who serves `consumerId` on route-1 of service-1. */
function winner(present: readonly Binding[], consumerId: string | null): Binding | undefined {
  const bindings = gather(present)
  const chain = new ChainBuilder(bindings).build(ROUTE, SERVICE)
  assert.ok(chain.links.length <= 1, 'one plugin, one link')
  const link = chain.links[0]
  if (link === undefined) return undefined
  const handler = handlerFor(link, chain, consumerId === null ? null : makeConsumer(consumerId, bindings))
  if (chain.fixed) assert.equal(handler, link.handler, 'a fixed chain is the same for everybody')
  return present.find((binding) => binding.handler === handler)
}

function makeConsumer(id: string, bindings: Bindings): Consumer {
  const overrides = bindings.ofConsumer(id, groupsOf(id))
  return { id, username: id, customId: null, tags: [], groups: groupsOf(id), overrides }
}
