/** stage — one scenario's origin and gateways, all running at once, each on its cores. */
import { isSecure, type Scenario } from '../load/scenario.ts'
import { type Cores, shareCores } from '../measure/cores.ts'
import { ownFolder } from '../measure/ending.ts'
import { GC_FLAGS, GcTrace } from '../measure/gc-trace.ts'
import { Child, freePort } from '../measure/run-child.ts'
import { writeCertificate } from '../peers/certificate.ts'
import { originFor } from '../peers/origin.ts'
import type { Launch, Peer } from '../peers/peer.ts'
import type { Missing } from '../report/result.ts'

export interface Subject {
  readonly name: string
  readonly version: string
  readonly port: number
  readonly child: Child
  readonly cores: readonly number[]
  /** Null for what does not run on V8. */
  readonly gc: GcTrace | null
}

export interface StageSettings {
  readonly cores: Cores
  readonly workers: number
}

export class Stage {
  readonly subjects: Subject[] = []
  readonly missing: Missing[] = []
  /** Of those that are missing: they are installed, and did not start. */
  readonly failed: Missing[] = []
  readonly #scenario: Scenario
  readonly #settings: StageSettings
  readonly #folder = ownFolder('sluice-bench-')
  /** The origin, and what peers need beside them. */
  readonly #others: Child[] = []
  #originPort = 0

  constructor(scenario: Scenario, settings: StageSettings) {
    this.#scenario = scenario
    this.#settings = settings
  }

  /** Peers that cannot take part are in `missing`, with why. */
  static async open(scenario: Scenario, peers: readonly Peer[], settings: StageSettings): Promise<Stage> {
    const stage = new Stage(scenario, settings)
    try {
      if (isSecure(scenario)) await writeCertificate(stage.#folder.path)
      await stage.#openOrigin()
      for (const peer of peers) await stage.#add(peer)
      return stage
    } catch (cause) {
      await stage.close()
      throw cause
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.subjects.map(({ child }) => child.stop()))
    await Promise.all(this.#others.map((child) => child.stop()))
    this.#folder.remove()
  }

  async #openOrigin(): Promise<void> {
    this.#originPort = await freePort()
    const place = { directory: this.#folder.path, port: this.#originPort, originPort: 0, workers: 1 }
    await this.#open(originFor(this.#scenario).launch(place, this.#scenario), this.#originPort)
  }

  async #open(program: Launch, port: number): Promise<void> {
    const child = new Child({ ...program, cores: this.#settings.cores.origin })
    this.#others.push(child)
    await child.accepting(port)
  }

  async #add(peer: Peer): Promise<void> {
    const version = await peer.version()
    const why = version === null ? `not installed: ${peer.install}` : peer.cannot(this.#scenario)
    if (version === null || why !== '') return void this.#leaveOut(peer, why)
    try {
      this.subjects.push(await this.#start(peer, version))
    } catch (cause) {
      this.failed.push(this.#leaveOut(peer, cause instanceof Error ? cause.message : String(cause)))
    }
  }

  #leaveOut(peer: Peer, why: string): Missing {
    const missing = { peer: peer.name, scenario: this.#scenario.name, why }
    this.missing.push(missing)
    return missing
  }

  async #start(peer: Peer, version: string): Promise<Subject> {
    const workers = peer.workers ?? this.#settings.workers
    const cores = shareCores(workers).gateway
    const [port, besidePort] = [await freePort(), await freePort()]
    const place = { directory: this.#folder.path, port, originPort: this.#originPort, workers, besidePort }
    if (peer.beside !== undefined) await this.#open(peer.beside(place), besidePort)
    const { command, env } = peer.launch(place, this.#scenario)
    const gc = peer.isNode ? new GcTrace() : null
    const child = new Child({
      // Behind the name of the program: a flag of V8, which counts for all threads of the process.
      command: gc === null ? command : [command[0]!, ...GC_FLAGS, ...command.slice(1)],
      env,
      cores,
      ...(gc === null ? {} : { onOutput: (text: string) => gc.feed(text) }),
    })
    try {
      await child.accepting(port)
    } catch (cause) {
      await child.stop()
      throw cause
    }
    return { name: peer.name, version, port, child, cores, gc }
  }
}
