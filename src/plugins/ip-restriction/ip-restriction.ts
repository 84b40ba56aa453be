/**
 * ip-restriction — lets pass, or keeps away, clients by their addresses.
 *
 * HOT     `onRequest` and `onStream` run once a request and once a connection. No allocation but for a refusal's text.
 */
import { CidrSet } from '../../base/cidr.ts'
import { faults } from '../../base/faults.ts'
import { refuse } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, definePlugin, type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s, type Value } from '../../contract/schema.ts'
import type { StreamFacts } from '../../contract/stream.ts'
import { networkRule } from './network-rule.ts'

const network = s.string({ custom: networkRule })

const schema = s.record(
  {
    allow: s.array(network, { says: 'Addresses and networks (CIDR) that may pass, and nobody else.' }),
    deny: s.array(network, {
      says: 'Addresses and networks (CIDR) that may not pass. Looked at before `allow`.',
    }),
    status: s.integer({ between: [100, 599], says: 'The status of a refusal. Absent: 403.' }),
    message: s.string({ says: 'The text of a refusal. Absent: `IP address not allowed: ` and the address.' }),
  },
  { entity_checks: [{ name: 'allow or deny', fields: ['allow', 'deny'], check: atLeastOne }] },
)

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'ip-restriction',
  summary: 'Lets requests pass, or refuses them, by the address they come from.',
  priority: 990, // after authentication, as in Kong
  schema,
  protocols: ['http', 'https', 'grpc', 'grpcs', 'tcp', 'tls'],
  build: (config) => new IpRestriction(config),
})

class IpRestriction implements Handler {
  readonly #allow: CidrSet
  readonly #deny: CidrSet
  readonly #status: number
  /** '' for Kong's, which names the address. */
  readonly #message: string

  constructor(config: Config) {
    this.#allow = new CidrSet(config.allow ?? [])
    this.#deny = new CidrSet(config.deny ?? [])
    this.#status = config.status ?? faults.FORBIDDEN.status
    this.#message = config.message ?? ''
  }

  onRequest(x: Exchange): Verdict {
    const address = x.clientAddress
    if (this.#passes(address)) return NEXT
    refuse(x, faults.FORBIDDEN, this.#status, this.#textFor(address))
    return DONE
  }

  onStream(facts: StreamFacts): Verdict {
    return this.#passes(facts.clientAddress) ? NEXT : DONE
  }

  #passes(address: string): boolean {
    if (address === 'unix:' || this.#deny.has(address)) return false
    return this.#allow.isEmpty || this.#allow.has(address)
  }

  #textFor(address: string): string {
    if (address === 'unix:')
      return 'Cannot identify the client IP address, unix domain sockets are not supported.'
    return this.#message === '' ? 'IP address not allowed: '.concat(address) : this.#message
  }
}

function atLeastOne(config: Readonly<Record<string, Value>>): string | null {
  return isFilled(config['allow']) || isFilled(config['deny'])
    ? null
    : "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"
}

function isFilled(value: Value | undefined): boolean {
  return Array.isArray(value) && value.length > 0
}
