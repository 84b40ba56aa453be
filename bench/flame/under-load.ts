/** under-load — one gateway with a scenario's origin behind it, and the load of the scenario whenever it is wanted. */
import { rmSync } from 'node:fs'
import { closedLoadOf } from '../closed-loop/closed-load.ts'
import { runClosedLoad } from '../closed-loop/run-closed-load.ts'
import type { Scenario } from '../load/scenario.ts'
import { type Cores, shareCores } from '../measure/cores.ts'
import { onEnding, ownFolder } from '../measure/ending.ts'
import { Child, freePort } from '../measure/run-child.ts'
import { originFor } from '../peers/origin.ts'
import type { Peer } from '../peers/peer.ts'

export interface UnderLoadSettings {
  readonly workers: number
  /** Of the gateway's Node. */
  readonly nodeFlags: readonly string[]
}

export interface Driven {
  readonly requests: number
  readonly seconds: number
}

export class UnderLoad {
  readonly #scenario: Scenario
  readonly #folder = ownFolder('sluice-flame-')
  readonly #forget: () => void
  readonly #cores: Cores
  #origin: Child | null = null
  #gateway: Child | null = null
  #port = 0

  static async open(scenario: Scenario, peer: Peer, settings: UnderLoadSettings): Promise<UnderLoad> {
    const opened = new UnderLoad(scenario, settings.workers)
    try {
      await opened.#start(peer, settings)
      return opened
    } catch (cause) {
      await opened.close()
      throw cause
    }
  }

  private constructor(scenario: Scenario, workers: number) {
    this.#scenario = scenario
    this.#cores = shareCores(workers)
    this.#forget = onEnding(() => this.#removeMap())
  }

  get pid(): number {
    return this.#gateway?.pid ?? 0
  }

  /** As many requests as it takes, for so long. */
  async drive(seconds: number): Promise<Driven> {
    const load = closedLoadOf(this.#scenario, this.#port, seconds)
    const result = await runClosedLoad(load, this.#cores.load)
    if (result.errors > 0) throw new Error(`${result.errors} requests failed`)
    return result
  }

  async close(): Promise<void> {
    await this.#gateway?.stop()
    await this.#origin?.stop()
    this.#removeMap()
    this.#forget()
    this.#folder.remove()
  }

  /** V8's list of compiled functions, which it writes there for perf where it is asked to. */
  #removeMap(): void {
    if (this.pid > 0) rmSync(`/tmp/perf-${this.pid}.map`, { force: true })
  }

  async #start(peer: Peer, { workers, nodeFlags }: UnderLoadSettings): Promise<void> {
    const directory = this.#folder.path
    const originPort = await freePort()
    const origin = originFor(this.#scenario)
    const place = { directory, port: originPort, originPort: 0, workers: 1 }
    this.#origin = new Child({ ...origin.launch(place, this.#scenario), cores: this.#cores.origin })
    await this.#origin.accepting(originPort)
    this.#port = await freePort()
    const { command, env } = peer.launch({ directory, port: this.#port, originPort, workers }, this.#scenario)
    const options = [process.env['NODE_OPTIONS'] ?? '', ...nodeFlags].join(' ').trim()
    const cores = this.#cores.gateway
    this.#gateway = new Child({ command, cores, env: { ...env, NODE_OPTIONS: options } })
    await this.#gateway.accepting(this.#port)
  }
}
