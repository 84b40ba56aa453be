/**
 * acl — lets pass, or keeps away, those who are in certain groups.
 *
 * HOT     `onRequest` runs once a request. A consumer is judged once a configuration: from then on it costs one
 *         look-up and one look over the fields. Groups that another plugin vouches for are looked at each time.
 */
import { faults } from '../../base/faults.ts'
import { refuse } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Consumer } from '../../contract/plan.ts'
import { DONE, definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { authenticatedGroups } from '../../identity/authenticated-groups.ts'
import { AUTHENTICATED_GROUPS, dropGroups, makeGroupsField } from './group-fields.ts'
import { type Membership, type Memberships, membershipsOf } from './memberships.ts'

const schema = s.record(
  {
    allow: s.array(s.string(), { says: 'Groups that may pass, and nobody else.' }),
    deny: s.array(s.string(), { says: 'Groups that may not pass; everybody else may.' }),
    hide_groups_header: s.boolean({
      required: true,
      default: false,
      says: 'Does not tell the target which groups the consumer is in.',
    }),
    always_use_authenticated_groups: s.boolean({
      required: true,
      default: false,
      says: 'Goes by the groups that the authentication plugin vouches for, where it does, also for consumers.',
    }),
    include_consumer_groups: s.boolean({
      required: true,
      default: false,
      says: 'Counts the consumer groups that a consumer is in beside its acls.',
    }),
  },
  {
    entity_checks: [
      {
        name: 'allow or deny',
        fields: ['allow', 'deny'],
        check: onlyOne,
      },
    ],
  },
)

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'acl',
  summary: 'Lets requests pass, or refuses them, by the groups of who asks.',
  priority: 950, // after authentication
  schema,
  build: (config, host) => new Acl(config, host),
})

/** What is decided of one consumer. */
interface Decision {
  readonly passes: boolean
  readonly membership: Membership
}

class Acl implements Handler {
  readonly #listed: ReadonlySet<string>
  readonly #isDeny: boolean
  readonly #hides: boolean
  readonly #prefersAuthenticated: boolean
  readonly #memberships: Memberships
  /** By consumer, as each comes to ask: at most as many as there are. */
  readonly #decisions: Map<Consumer, Decision>

  constructor(config: Config, host: Host) {
    this.#isDeny = isFilled(config.deny)
    this.#listed = new Set(this.#isDeny ? config.deny : config.allow)
    this.#hides = config.hide_groups_header
    this.#prefersAuthenticated = config.always_use_authenticated_groups
    this.#memberships = membershipsOf(host.identities, config.include_consumer_groups)
    this.#decisions = new Map()
  }

  onRequest(x: Exchange): Verdict {
    const consumer = x.consumer
    if (consumer === null || x.credentialId === '' || this.#prefersAuthenticated) {
      const groups = authenticatedGroups(x)
      if (groups !== null) return this.#judge(x, groups)
      if (consumer === null) return refuseUngrouped(x)
    }
    let decision = this.#decisions.get(consumer)
    if (decision === undefined) decision = this.#makeDecision(consumer)
    const membership = decision.membership
    if (!decision.passes) return membership.groups.length === 0 ? refuseUngrouped(x) : refuseGrouped(x)
    dropGroups(x.request)
    if (!this.#hides) x.request.added.push(membership.field)
    return NEXT
  }

  #makeDecision(consumer: Consumer): Decision {
    const membership = this.#memberships.of(consumer)
    const decision = { passes: this.#passes(membership.groups), membership }
    this.#decisions.set(consumer, decision)
    return decision
  }

  #judge(x: Exchange, groups: readonly string[]): Verdict {
    if (!this.#passes(groups)) return refuseGrouped(x)
    dropGroups(x.request)
    if (!this.#hides) x.request.added.push(makeGroupsField(AUTHENTICATED_GROUPS, groups))
    return NEXT
  }

  #passes(groups: readonly string[]): boolean {
    for (let i = 0; i < groups.length; i++) if (this.#listed.has(groups[i]!)) return !this.#isDeny
    return this.#isDeny
  }
}

/** Whoever has shown a credential is known, and asking again would not help. */
function refuseUngrouped(x: Exchange): Verdict {
  if (x.credentialId !== '') return refuseGrouped(x)
  x.fault = faults.UNAUTHORIZED
  return DONE
}

function refuseGrouped(x: Exchange): Verdict {
  refuse(x, faults.FORBIDDEN, faults.FORBIDDEN.status, 'You cannot consume this service')
  return DONE
}

function onlyOne(config: Readonly<Record<string, Value>>): string | null {
  return isFilled(config['allow']) === isFilled(config['deny'])
    ? "exactly one of these fields must be non-empty: 'allow', 'deny'"
    : null
}

function isFilled(value: Value | undefined): value is Value[] {
  return Array.isArray(value) && value.length > 0
}
