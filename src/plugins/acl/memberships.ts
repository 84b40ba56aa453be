/** Which groups each consumer of a configuration is in: made once, for all acl plugins of its plan. */
import type { Identities } from '../../contract/identity/identities.ts'
import type { Consumer } from '../../contract/plan.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { CONSUMER_GROUPS, makeGroupsField } from './group-fields.ts'

export interface Membership {
  readonly groups: readonly string[]
  /** What the target is told of them. */
  readonly field: AddedField
}

export class Memberships {
  readonly #acls: ReadonlyMap<Consumer, readonly string[]>
  readonly #withConsumerGroups: boolean
  readonly #made = new Map<Consumer, Membership>()

  constructor(acls: ReadonlyMap<Consumer, readonly string[]>, withConsumerGroups: boolean) {
    this.#acls = acls
    this.#withConsumerGroups = withConsumerGroups
  }

  of(consumer: Consumer): Membership {
    let membership = this.#made.get(consumer)
    if (membership === undefined) {
      const own = this.#acls.get(consumer) ?? []
      const groups = this.#withConsumerGroups ? [...new Set([...own, ...consumer.groups])] : own
      membership = { groups, field: makeGroupsField(CONSUMER_GROUPS, groups) }
      this.#made.set(consumer, membership)
    }
    return membership
  }
}

interface Both {
  readonly alone: Memberships
  readonly withConsumerGroups: Memberships
}

const known = new WeakMap<Identities, Both>()

export function membershipsOf(identities: Identities, withConsumerGroups: boolean): Memberships {
  let both = known.get(identities)
  if (both === undefined) {
    const acls = aclsOf(identities)
    both = { alone: new Memberships(acls, false), withConsumerGroups: new Memberships(acls, true) }
    known.set(identities, both)
  }
  return withConsumerGroups ? both.withConsumerGroups : both.alone
}

function aclsOf(identities: Identities): Map<Consumer, string[]> {
  const groups = new Map<Consumer, string[]>()
  for (const credential of identities.credentials('acls')) {
    const group = String(credential.read('group'))
    const held = groups.get(credential.consumer)
    if (held === undefined) groups.set(credential.consumer, [group])
    else held.push(group)
  }
  return groups
}
