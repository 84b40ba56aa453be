/** auth-rig — one authentication plugin, with consumers and credentials of the test's own. */
import assert from 'node:assert/strict'
import { emptyConfig } from '../../src/config/kong/load/assemble.ts'
import { Consumers } from '../../src/config/plan/compile-consumers.ts'
import { validate } from '../../src/config/validate.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Identities } from '../../src/contract/identity/identities.ts'
import type { Offload } from '../../src/contract/machine/offload.ts'
import type { AnyPlugin, Handler, Verdict } from '../../src/contract/plugin.ts'
import type { Value } from '../../src/contract/schema.ts'
import { listFields } from '../../src/http1/fields.ts'
import { exchangeOf } from './balancer-rig.ts'
import { makeHost } from './plugin-host.ts'

type Fields = { readonly [field: string]: Value }

const MADE = { tags: null, created_at: 1000, updated_at: 1000 }

/** jo has a custom id, ed none; both have ids of their names. Credentials by Kong's plural, each with its consumer. */
export function makeIdentities(credentials: Readonly<Record<string, readonly Fields[]>>): Identities {
  const config = emptyConfig()
  config.consumers.push({ ...MADE, id: 'id-of-jo', username: 'jo', custom_id: '42' })
  config.consumers.push({ ...MADE, id: 'id-of-ed', username: 'ed', custom_id: null })
  config.consumers.push({ ...MADE, id: 'id-of-guest', username: 'guest', custom_id: null })
  for (const [kind, list] of Object.entries(credentials))
    config.others[kind] = list.map((fields, i) => ({ ...MADE, id: `${kind}-${i}`, ...fields }))
  return new Consumers(config, (count) => Buffer.alloc(count, 7))
}

export interface AuthRigOptions {
  readonly identities: Identities
  readonly wallMs?: number
  readonly offload?: Offload
}

type Definition = Pick<AnyPlugin, 'schema'> & { readonly build: unknown }

export class AuthRig {
  readonly handler: Handler
  /** All that the plugin logged, with its fields. */
  readonly log: string[] = []
  wallMs: number

  constructor(plugin: Definition, config: Fields, options: AuthRigOptions) {
    const { value, findings } = validate(plugin.schema, config as Value)
    assert.deepEqual(findings, [])
    this.wallMs = options.wallMs ?? 0
    const host = makeHost({
      identities: options.identities,
      wall: () => this.wallMs,
      ...(options.offload === undefined ? {} : { offload: options.offload }),
      log: (...said) => this.log.push(JSON.stringify(said)),
    })
    const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
    // Its config passed its own schema above.
    const build = plugin.build as AnyPlugin['build']
    this.handler = build(value as never, host, scope)
  }

  /** A request with this head (LF for CRLF) and body. */
  ask(text: string, body: string | Buffer | null = null): { x: Exchange; verdict: Verdict | undefined } {
    const x = exchangeOf(text)
    if (body !== null) x.requestBody = Buffer.from(body)
    return { x, verdict: this.handler.onRequest?.(x) }
  }
}

/** What the target is told of who asks. */
export function identityOf(x: Exchange): Record<string, string> {
  const told = listFields(x.request).filter(([name]) => /^x[-_](?:consumer|credential|anonymous)/i.test(name))
  return Object.fromEntries(told)
}

/** The request line as it goes on. */
export function targetOf(x: Exchange): string {
  return x.request.bytes.latin1Slice(x.request.targetStart, x.request.targetEnd)
}
