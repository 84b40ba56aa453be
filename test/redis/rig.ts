/** rig — a worker's door to a real Redis, and questions that are answered by promises. */
import { Clock } from '../../src/base/clock.ts'
import { Turn } from '../../src/base/turn.ts'
import {
  ADD,
  Check,
  type CheckKind,
  FIXED,
  Push,
  type QUEUE,
  type RATE,
  type RedisFailure,
  type RedisLink,
  type RedisSettings,
  SLIDING,
} from '../../src/contract/machine/redis.ts'
import { RedisDoor } from '../../src/redis/redis-door.ts'

export type Outcome = 'ok' | 'no' | RedisFailure | 'down'

export class Ask extends Check {
  readonly answered: Promise<Outcome>
  #answer: (outcome: Outcome) => void = () => {}

  constructor(kind: CheckKind, name: string, cost: number) {
    super()
    this.ask(kind, name, cost)
    this.answered = new Promise((resolve) => {
      this.#answer = resolve
    })
  }

  onChecked(failure: RedisFailure | null): void {
    this.#answer(failure ?? (this.refusedBy < 0 && this.waitMs <= 0 ? 'ok' : 'no'))
  }

  /** Hands it to the link; what it may not even wait for is 'down'. */
  by(link: RedisLink): Promise<Outcome> {
    return link.check(this) ? this.answered : Promise.resolve('down')
  }
}

export interface Window {
  readonly cap: number
  readonly period: string
}

const HOUR_MS = 3_600_000

/** One window of an hour with this cap, or the windows given. */
export function fixed(name: string, windows: number | readonly Window[], cost = 1): Ask {
  const ask = new Ask(FIXED, name, cost)
  const list = typeof windows === 'number' ? [{ cap: windows, period: 'hour' }] : windows
  for (const { cap, period } of list) ask.window(`${name}:0:${period}`, cap, HOUR_MS)
  return ask
}

export function add(name: string, cost: number): Ask {
  const ask = new Ask(ADD, name, cost)
  ask.window(`${name}:0:hour`, 0, HOUR_MS)
  return ask
}

export function sliding(name: string, cap: number, windowMs: number, cost = 1): Ask {
  const ask = new Ask(SLIDING, name, cost)
  ask.window(name, cap, 0)
  ask.windowMs = windowMs
  return ask
}

export function bucket(kind: typeof RATE | typeof QUEUE, name: string, gapMs: number, burst: number): Ask {
  const ask = new Ask(kind, name, 1)
  ask.window(name, 0, 0)
  ask.gapMs = gapMs
  ask.burst = burst
  return ask
}

export class Pushing extends Push {
  readonly pushed: Promise<RedisFailure | null>
  #answer: (failure: RedisFailure | null) => void = () => {}

  constructor() {
    super()
    this.pushed = new Promise((resolve) => {
      this.#answer = resolve
    })
  }

  onPushed(failure: RedisFailure | null): void {
    this.#answer(failure)
  }
}

export interface Machine {
  readonly door: RedisDoor
  readonly lines: string[]
}

export function machine(options: { lingerMs?: number; trusted?: readonly string[] } = {}): Machine {
  const now = () => performance.now()
  const turn = new Turn(new Clock(now, Date.now), setImmediate)
  const lines: string[] = []
  const log = (level: string, message: string) => lines.push(`${level} ${message}`)
  const tools = { turn, now, log, onProblem: () => {}, trusted: options.trusted ?? [] }
  const door = new RedisDoor(tools, options.lingerMs)
  return { door, lines }
}

export function settings(port: number, more: Partial<RedisSettings> = {}): RedisSettings {
  const plain = { host: '127.0.0.1', port, timeout: 2000, database: 0, ssl: false, ssl_verify: false }
  return { ...plain, ...more }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
