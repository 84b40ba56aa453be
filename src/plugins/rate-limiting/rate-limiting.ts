/**
 * rate-limiting — at most so many requests a second, minute, hour, day, month or year from one client.
 *
 * Kong's plugin, counted exactly: on one machine over all its workers, with Redis over all machines.
 */
import type { Exchange } from '../../contract/exchange.ts'
import {
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type PluginScope,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import { dropTheirFields } from '../../limits/rate-fields.ts'
import { redisSettingsOf, usesRedis } from '../../limits/redis-schema.ts'
import { Gate, type Limiter } from './gate.ts'
import { LocalWindows } from './local-windows.ts'
import { algorithmOf, LocalPace } from './pace.ts'
import { RedisPace } from './redis-pace.ts'
import { RedisWindows } from './redis-windows.ts'
import { type Config, schema } from './schema.ts'
import { SyncedWindows } from './synced-windows.ts'

export default definePlugin({
  name: 'rate-limiting',
  summary: 'Limits how many requests a client may make in a period.',
  priority: 910, // behind authentication, so that a known client is counted as itself
  schema,
  build: (config, host, scope) => {
    const gate = new Gate(config, host, scope)
    const limiter = openLimiter(gate, config, host, scope)
    return gate.cost.isLate ? new LateRateLimiting(gate, limiter) : new RateLimiting(limiter)
  },
})

function openLimiter(gate: Gate, config: Config, host: Host, scope: PluginScope): Limiter {
  const isWindows = config.algorithm === 'fixed-window'
  if (!usesRedis({ ...config }))
    return isWindows ? new LocalWindows(gate) : new LocalPace(gate, algorithmOf(config))
  const link = host.redis.open(redisSettingsOf(config))
  if (!isWindows) return new RedisPace(gate, link, scope, algorithmOf(config))
  if (config.sync_rate > 0) return new SyncedWindows(gate, link, scope, config.sync_rate * 1000)
  return new RedisWindows(gate, link, scope)
}

class RateLimiting implements Handler {
  protected readonly limiter: Limiter

  constructor(limiter: Limiter) {
    this.limiter = limiter
  }

  onRequest(x: Exchange): Verdict {
    return this.limiter.ask(x)
  }

  onResponse(x: Exchange): void {
    if (x.proxied) dropTheirFields(x.response)
  }

  close(): void {
    this.limiter.close()
  }
}

/** Where the answer names its cost: one is taken before, the rest when the head is here. */
class LateRateLimiting extends RateLimiting {
  readonly #gate: Gate

  constructor(gate: Gate, limiter: Limiter) {
    super(limiter)
    this.#gate = gate
  }

  override onRequest(x: Exchange): Verdict {
    const verdict = super.onRequest(x)
    if (verdict === WAIT || (verdict === NEXT && !this.#gate.hasPretended(x))) this.#gate.remember(x)
    return verdict
  }

  override onResponse(x: Exchange): void {
    super.onResponse(x)
    if (!x.proxied) return
    const rest = this.#gate.cost.ofAnswer(x) - 1
    if (rest > 0) this.limiter.charge(x, rest)
  }
}
