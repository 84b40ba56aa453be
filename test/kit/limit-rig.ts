/** limit-rig — one limiting plugin with clocks, timers, a log and shared memory of the test's own. */
import assert from 'node:assert/strict'
import { NO_REDIS } from '../../src/boot/plane/absent/no-redis.ts'
import { pathText } from '../../src/config/problems.ts'
import { validate } from '../../src/config/validate.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { RedisOpener } from '../../src/contract/machine/redis.ts'
import type { Shared } from '../../src/contract/machine/shared-memory.ts'
import type { Consumer, Route } from '../../src/contract/plan.ts'
import {
  type AnyPlugin,
  type Handler,
  NEXT,
  type PluginScope,
  type Verdict,
} from '../../src/contract/plugin.ts'
import type { Value } from '../../src/contract/schema.ts'
import { listFields } from '../../src/http1/fields.ts'
import { exchangeOf } from './balancer-rig.ts'
import { makeHost, makeShared } from './plugin-host.ts'

export const CONSUMER: Consumer = {
  id: 'c0ffee00-0000-4000-8000-000000000001',
  username: 'jo',
  customId: null,
  tags: [],
  groups: [],
  overrides: null,
}

/** Midnight, at the beginning of a month and of a minute. */
const START_MS = Date.UTC(2027, 2, 1)
const CLOCK_MS = 5_000_000

export interface Asked {
  readonly consumer?: Consumer
  readonly credentialId?: string
  readonly clientAddress?: string
  readonly path?: string
  /** Lines that end with '\n'. */
  readonly head?: string
  readonly service?: string
}

export interface LimitRigOptions {
  readonly scope?: Partial<PluginScope>
  readonly shared?: Shared
  readonly redis?: RedisOpener
}

type Definition = Pick<AnyPlugin, 'schema'> & { readonly build: unknown }

export class LimitRig {
  readonly handler: Handler
  readonly shared: Shared
  readonly log: string[] = []
  /** Indexes of state/counters.ts, one a count. */
  readonly counted: number[] = []
  readonly waits: number[] = []
  readonly resumed: Exchange[] = []
  wallMs = START_MS
  /** How long ago this thread read its clock. */
  turnAgeMs = 0
  #nowMs = CLOCK_MS
  readonly #timers: (() => void)[] = []

  constructor(plugin: Definition, config: object, options: LimitRigOptions) {
    this.shared = options.shared ?? makeShared()
    const { value, findings } = validate(plugin.schema, config as Value)
    assert.deepEqual(findings, [])
    const host = makeHost({
      shared: this.shared,
      redis: options.redis ?? NO_REDIS,
      wall: () => this.wallMs,
      now: () => this.#nowMs - this.turnAgeMs,
      nowAnew: () => this.#nowMs,
      later: (ms, callback) => {
        this.waits.push(ms)
        this.#timers.push(callback)
        return () => {}
      },
      count: (counter) => {
        this.counted.push(counter)
      },
      log: (_level, message) => this.log.push(message),
    })
    const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
    // Its config passed its own schema two lines above.
    const build = plugin.build as AnyPlugin['build']
    this.handler = build(value as never, host, { ...scope, ...options.scope })
  }

  static open(plugin: Definition, config: object, options: LimitRigOptions = {}): LimitRig {
    return new LimitRig(plugin, config, options)
  }

  pass(ms: number): void {
    this.#nowMs += ms
    this.wallMs += ms
  }

  wake(): void {
    for (const timer of this.#timers.splice(0)) timer()
  }

  ask(expected: Verdict = NEXT, asked: Asked = {}): Exchange {
    const x = exchangeOf(`GET ${asked.path ?? '/'} HTTP/1.1\nHost: a\n${asked.head ?? ''}`)
    x.pathBytes = Buffer.from(asked.path ?? '/')
    x.pathStart = 0
    x.pathEnd = x.pathBytes.length
    x.clientAddress = asked.clientAddress ?? '192.0.2.1'
    x.consumer = asked.consumer ?? null
    x.credentialId = asked.credentialId ?? ''
    x.route = { service: { id: asked.service ?? 's' } } as Route // what the plugins read of it
    x.flow = { resume: (resumed) => this.resumed.push(resumed), finish: () => {} }
    assert.equal(this.handler.onRequest?.(x), expected)
    return x
  }
}

/** The lines of the answer's head. */
export function fieldsOf(x: Exchange): string[] {
  return listFields(x.response).map(([name, value]) => `${name}: ${value}`)
}

/** What is wrong with a configuration. */
export function check(plugin: Definition, config: object): string[] {
  const { findings } = validate(plugin.schema, config as Value)
  return findings.map(({ path, message }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`))
}
