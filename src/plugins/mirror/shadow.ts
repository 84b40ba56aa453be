/**
 * shadow — sends copies to the targets of one balancer, one after the other, so many at once and no more.
 *
 * WHAT    The connections are the plugin's own: what the targets of the service are sent never waits for them, and how
 *         the copies fare is not told to health checks and circuits. Targets that these have taken out get none.
 *
 * LIMITS  `concurrency` under way, `queue_size` waiting; a copy that does not end in its time is given up.
 */
import type { Pool } from 'undici'
import type { Balancer } from '../../contract/plan.ts'
import type { Host } from '../../contract/plugin.ts'
import type { Target } from '../../contract/target.ts'
import { MIRROR_DROPPED, MIRRORED } from '../../state/counters.ts'
import type { Copy } from './copy.ts'
import type { Config } from './schema.ts'

/** Bytes of an answer that are read and thrown away, so that the connection can be used again. */
const ANSWER_MAX = 1024 * 1024

export class Shadow {
  readonly #balancer: Balancer
  readonly #config: Config
  readonly #host: Host
  readonly #waiting: Copy[]
  readonly #pools: Map<Target, Pool>
  #underWay: number
  #next: number
  #isClosed: boolean

  constructor(balancer: Balancer, config: Config, host: Host) {
    this.#balancer = balancer
    this.#config = config
    this.#host = host
    this.#waiting = []
    this.#pools = new Map()
    this.#underWay = 0
    this.#next = 0
    this.#isClosed = false
  }

  get hasRoom(): boolean {
    const { concurrency, queue_size } = this.#config
    return !this.#isClosed && (this.#underWay < concurrency || this.#waiting.length < queue_size)
  }

  send(copy: Copy): void {
    if (this.#underWay >= this.#config.concurrency) this.#waiting.push(copy)
    else this.#start(copy)
  }

  close(): void {
    this.#isClosed = true
    for (let i = this.#waiting.length; i > 0; i--) this.#host.count(MIRROR_DROPPED)
    this.#waiting.length = 0
    // Nobody waits for what they still had under way.
    for (const pool of this.#pools.values()) pool.destroy().catch(() => {})
    this.#pools.clear()
  }

  #start(copy: Copy): void {
    this.#underWay++
    this.#ask(copy).then(
      () => this.#over(MIRRORED, ''),
      (error: unknown) => this.#over(MIRROR_DROPPED, error instanceof Error ? error.message : String(error)),
    )
  }

  #over(counter: number, problem: string): void {
    this.#underWay--
    this.#host.count(counter)
    if (problem !== '' && !this.#isClosed)
      this.#host.log('debug', 'mirror: a copy came to nothing', { problem })
    const next = this.#waiting.shift()
    if (next !== undefined) this.#start(next)
  }

  async #ask(copy: Copy): Promise<void> {
    const target = this.#pick()
    const given = new AbortController()
    const callOff = this.#host.later(this.#config.timeout, () => given.abort(new Error('it took too long')))
    try {
      const pool = await this.#poolOf(target)
      const { method, path, body } = copy
      const headers = ['Host', copy.host === '' ? hostOf(target) : copy.host, ...copy.headers]
      // A string for the method: undici's type names the usual ones only.
      const request = { method: method as 'GET', path, headers, body, signal: given.signal }
      const answer = await pool.request(request)
      await answer.body.dump({ limit: ANSWER_MAX, signal: given.signal })
    } finally {
      callOff()
    }
  }

  /** Each in turn, without those that are out. */
  #pick(): Target {
    const { targets } = this.#balancer
    for (let tries = 0; tries < targets.length; tries++) {
      this.#next = (this.#next + 1) % targets.length
      const target = targets[this.#next]!
      if (target.weight > 0 && (!target.state.isOut || target.ignoresHealth)) return target
    }
    throw new Error('no target is usable')
  }

  async #poolOf(target: Target): Promise<Pool> {
    let pool = this.#pools.get(target)
    if (pool !== undefined) return pool
    // Loaded with the first copy, and not with every gateway.
    const { Pool } = await import('undici')
    if (this.#isClosed) throw new Error('the plan has ended')
    pool = this.#pools.get(target) ?? new Pool(originOf(target), { ...optionsOf(target), ...this.#limits() })
    this.#pools.set(target, pool)
    this.#forgetGone()
    return pool
  }

  #limits() {
    const { concurrency, timeout } = this.#config
    return { connections: concurrency, pipelining: 1, headersTimeout: timeout, bodyTimeout: timeout }
  }

  /** Those of targets that the names behind the balancer no longer have. */
  #forgetGone(): void {
    for (const [target, pool] of this.#pools) {
      if (this.#balancer.targets.includes(target)) continue
      this.#pools.delete(target)
      pool.close().catch(() => {}) // it ends by itself, or with the plan
    }
  }
}

function hostOf(target: Target): string {
  const line = Buffer.from(target.hostField).toString('latin1')
  return line.slice('Host: '.length).trimEnd()
}

function originOf({ address }: Target): string {
  const host = address.ip.includes(':') ? `[${address.ip}]` : address.ip
  const place = address.ip.startsWith(UNIX) ? 'socket' : `${host}:${address.port}`
  return `${address.tls === null ? 'http' : 'https'}://${place}`
}

const UNIX = 'unix:'

function optionsOf({ address: { ip, tls } }: Target) {
  const socketPath = ip.startsWith(UNIX) ? { socketPath: ip.slice(UNIX.length) } : {}
  if (tls === null) return { connect: socketPath }
  const { verify, trusted, servername, certificate } = tls
  return {
    connect: {
      ...socketPath,
      rejectUnauthorized: verify,
      ...(servername === '' ? {} : { servername }),
      ...(trusted === null ? {} : { ca: trusted }),
      ...(certificate === null ? {} : { cert: certificate.cert, key: certificate.key }),
    },
  }
}
