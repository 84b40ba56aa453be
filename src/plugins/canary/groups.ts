/** groups — whether a consumer is in one of the groups, of acl or of consumer groups. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Consumer } from '../../contract/plan.ts'
import type { Host } from '../../contract/plugin.ts'

export class Groups {
  readonly #names: ReadonlySet<string>
  /** Those whom acls put into one of them. */
  readonly #members: ReadonlySet<Consumer>

  constructor(names: readonly string[], host: Host) {
    this.#names = new Set(names)
    const acls = host.identities.credentials('acls')
    const members = acls.filter((acl) => this.#names.has(String(acl.read('group'))))
    this.#members = new Set(members.map(({ consumer }) => consumer))
  }

  has(x: Exchange): boolean {
    const consumer = x.consumer
    if (consumer === null) return false
    if (this.#members.has(consumer)) return true
    const groups = consumer.groups
    for (let i = 0; i < groups.length; i++) if (this.#names.has(groups[i]!)) return true
    return false
  }
}
