/**
 * primary — the thread that carries no traffic: takes the ports, starts the workers, reloads, and ends it all in order.
 *
 * The order of a start: settings → plugins → configuration → pid file → ports → names → workers. Everything that can be
 * refused is refused before the first worker exists.
 */
import { randomUUID } from 'node:crypto'
import { faults, GatewayError } from '../base/faults.ts'
import type { Environment } from '../config/env/env.ts'
import { addressText } from '../config/env/env-listen.ts'
import type { EnvironmentReading } from '../config/env/env-read.ts'
import type { Config } from '../config/model.ts'
import type { Shared } from '../contract/machine/shared-memory.ts'
import { type Checked, type Outcome, Reloader } from '../control/reload.ts'
import { StatusServer } from '../control/status/status-server.ts'
import type { StatusView } from '../control/status/status-view.ts'
import { stampOf, watchFile } from '../control/watch.ts'
import { NameTable } from '../flow/balancer/name-table.ts'
import { Counters, RELOADS, RELOADS_REFUSED } from '../state/counters.ts'
import { SeriesReader } from '../state/series/series-reader.ts'
import { SeriesTable } from '../state/series/series-table.ts'
import { checkFiles } from './check-files.ts'
import { Sockets } from './listen/sockets.ts'
import { checkLogPlaces } from './log/check-log-places.ts'
import { LogKeeper } from './log/log-keeper.ts'
import type { OperatorLog } from './log/operator-log.ts'
import { readVersion } from './machine.ts'
import { packConfig } from './pack-config.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { forgetWorker, makeSharedBuffers, openShared, type SharedBuffers } from './plane/shared-memory.ts'
import { type ConfigSource, checkSource } from './sources/config-source.ts'
import { HealthSource } from './sources/health-source.ts'
import { NameSource } from './sources/name-source.ts'
import { PluginShelf } from './sources/plugin-shelf.ts'
import { TrafficSource } from './sources/traffic-source.ts'
import { StateHost } from './state/state-host.ts'
import { TlsSource } from './tls/tls-source.ts'
import { unservedStreams } from './unserved-streams.ts'
import { watchWorkers } from './workers/stuck-workers.ts'
import { tellVitalSigns } from './workers/vital-signs.ts'
import { WorkerSet } from './workers/worker-set.ts'

/** What exchanges have for ending where the process cannot stay. */
const LEAVE_MS = 3000
/** What the log thread has at least for shipping what workers left. */
const LAST_LOGS_MS = 500

export interface GatewayOptions {
  readonly reading: EnvironmentReading
  readonly source: ConfigSource
  readonly log: OperatorLog
}

export class Gateway {
  readonly #environment: Environment
  readonly #log: OperatorLog
  readonly #sockets: Sockets
  readonly #tls: TlsSource
  readonly #workers: WorkerSet
  readonly #logs: LogKeeper
  readonly #reloader: Reloader
  readonly #names: NameSource
  readonly #health: HealthSource
  readonly #state: StateHost
  readonly #buffers: SharedBuffers
  readonly #unwatchWorkers: () => void
  readonly #endVitalSigns: () => void
  readonly #shared: Shared
  readonly #series: SeriesReader
  readonly #traffic: TrafficSource
  readonly #nodeId: string
  readonly #version: string
  /** The configuration in force, as threads are handed it. */
  #packed: Uint8Array = new Uint8Array(0)
  #status: StatusServer | null = null
  #unwatch: (() => void) | null = null
  #isDraining = false

  /** Resolves when every worker listens. Rejects with GatewayError, and then holds nothing. */
  static async open(options: GatewayOptions): Promise<Gateway> {
    const { reading, source, log } = options
    const { environment } = reading
    checkFiles(reading, log)
    checkLogPlaces(environment)
    const shelf = await PluginShelf.open(environment.pluginsDir)
    const stamp = environment.watch && source.file !== '' ? stampOf(source.file) : ''
    const config = await firstConfig(source, shelf, log)
    writePidFile(environment.prefix, environment.statusListen.map(addressText)[0] ?? '')
    let sockets: Sockets | null = null
    const state = new StateHost(environment, log.write.bind(log))
    try {
      await state.openFor(config, shelf.plugins)
      const tls = await TlsSource.open(environment)
      sockets = await openSockets(environment)
      const gateway = new Gateway(options, { sockets, shelf, config, tls, state })
      await gateway.#start(source, stamp)
      return gateway
    } catch (cause) {
      sockets?.close()
      await state.close()
      removePidFile(environment.prefix)
      throw cause
    }
  }

  private constructor(options: GatewayOptions, parts: Parts) {
    const { log, source } = options
    const { environment } = options.reading
    this.#environment = environment
    this.#log = log
    this.#sockets = parts.sockets
    this.#state = parts.state
    this.#tls = parts.tls
    this.#nodeId = randomUUID()
    this.#version = readVersion()
    this.#buffers = makeSharedBuffers(environment)
    this.#shared = openShared(this.#buffers, 0)
    this.#series = new SeriesReader(this.#buffers.series, environment.workers + 1)
    this.#traffic = new TrafficSource(this.#buffers.routes)
    const names = new NameTable()
    this.#names = new NameSource(environment, (entries) => {
      for (const [name, answers] of entries) names.update(name, answers)
      this.#workers.publishNames(entries)
    })
    this.#health = new HealthSource({
      environment,
      nodeId: this.#nodeId,
      shared: this.#shared,
      names,
      log: log.write.bind(log),
    })
    this.#logs = this.#openLogs()
    this.#workers = this.#openWorkers()
    this.#tls.renewTickets(() => this.#workers.publishTls())
    const own = new SeriesTable(this.#buffers.series, environment.workers + 1, 0)
    this.#endVitalSigns = tellVitalSigns(own, 'primary')
    this.#unwatchWorkers = watchWorkers({
      beats: this.#buffers.beats,
      limitMs: environment.workerStuckMs,
      plugins: parts.shelf.plugins,
      log,
      ready: () => this.#workers.members.filter(({ state }) => state === 'ready').map(({ id }) => id),
      end: (id) => (environment.engine === 'uws' ? void this.#leave() : this.#workers.cut(id)),
    })
    const doors = {
      read: () => this.#check(source, parts.shelf),
      publish: (config: Config, epoch: number) => this.#publish(config, epoch),
      log: log.write.bind(log),
    }
    this.#reloader = new Reloader(doors, parts.config)
  }

  #openLogs(): LogKeeper {
    return new LogKeeper({
      environment: this.#environment,
      nodeId: this.#nodeId,
      version: this.#version,
      log: this.#log,
      config: () => this.#packed,
    })
  }

  #openWorkers(): WorkerSet {
    return new WorkerSet({
      logs: this.#logs.buffers,
      needLogs: this.#logs.need,
      environment: this.#environment,
      nodeId: this.#nodeId,
      version: this.#version,
      shared: this.#buffers,
      forget: (workerId) => {
        forgetWorker(this.#shared, workerId)
        this.#series.forget(workerId)
      },
      log: this.#log,
      addresses: () => this.#sockets.forWorker(),
      names: () => this.#names.entries(),
      state: (ask) => this.#state.answer(ask),
      tls: () => this.#tls.current,
    })
  }

  get addresses(): readonly string[] {
    return this.#sockets.addresses.filter((each) => each.isStream !== true).map(addressText)
  }

  get streamAddresses(): readonly string[] {
    return this.#sockets.addresses.filter((each) => each.isStream === true).map(addressText)
  }

  get statusAddresses(): readonly string[] {
    return this.#status?.addresses.map(addressText) ?? []
  }

  async reload(reason: string, onlyIfChanged = false): Promise<Outcome> {
    const outcome = await this.#reloader.request(reason, onlyIfChanged)
    const own = new Counters(this.#buffers.counters, 0)
    own.set(RELOADS, this.#reloader.taken)
    own.set(RELOADS_REFUSED, this.#reloader.refused)
    return outcome
  }

  /** Opens all log files anew by their names. */
  reopenLogs(): void {
    this.#log.reopen()
    this.#logs.reopen()
  }

  /** Finishes exchanges within DRAIN_MS, then ends. */
  async stop(): Promise<void> {
    const startedMs = performance.now()
    this.#isDraining = true
    this.#unwatch?.()
    this.#sockets.close()
    const isWhole = await this.#workers.drain(this.#environment.drainMs)
    if (!isWhole) this.#log.write('warn', 'exchanges were cut: they outlasted DRAIN_MS', {})
    const leftMs = this.#environment.drainMs - (performance.now() - startedMs)
    await this.#logs.close(Math.max(leftMs, LAST_LOGS_MS))
    await this.#end()
  }

  /** Ends without waiting for exchanges. */
  async abort(): Promise<void> {
    this.#isDraining = true
    this.#sockets.close()
    await this.#workers.close()
    await this.#logs.close(LAST_LOGS_MS)
    await this.#end()
  }

  /** A worker of uws that is stuck cannot be ended without the process: the others finish what they have, quickly. */
  async #leave(): Promise<void> {
    this.#log.write('crit', 'the engine uws cannot replace a worker that is stuck: the gateway ends', {})
    this.#isDraining = true
    this.#unwatch?.()
    this.#sockets.close()
    await this.#workers.drain(Math.min(this.#environment.drainMs, LEAVE_MS))
    await this.#logs.close(LAST_LOGS_MS)
    await this.#end()
    // An exit would wait for the thread that is stuck, or abort in it.
    process.kill(process.pid, 'SIGKILL')
  }

  async #start(source: ConfigSource, stamp: string): Promise<void> {
    const { statusListen, watch } = this.#environment
    try {
      await this.#names.follow(this.#reloader.config)
      const view = () => this.#view()
      const drain = () => {
        this.#isDraining = true
      }
      const health = (nameOrId: string, ofBalancer: boolean) => this.#health.show(nameOrId, ofBalancer)
      const watching = this.#health.follow(this.#reloader.config)
      this.#packed = packConfig(this.#reloader.config)
      const starting = this.#workers.start(this.#reloader.epoch, this.#packed)
      const working = Promise.all([starting, watching])
      const { levels } = this.#log
      const showing = StatusServer.open({ addresses: statusListen, view, drain, health, levels })
      const [, status] = await bothSettled(working, showing)
      this.#status = status
      this.#tellUnserved(this.#reloader.config)
      if (this.#environment.proxyAccessLog !== '') this.#logs.need()
      if (watch && source.file !== '') this.#watch(source.file, stamp)
    } catch (cause) {
      await this.#workers.close()
      this.#health.close()
      this.#names.close()
      throw cause
    }
  }

  /** Compiles as well, so that what a plugin's build refuses reaches no worker. */
  async #check(source: ConfigSource, shelf: PluginShelf): Promise<Checked> {
    const checked = await checkSource(source, shelf)
    if (checked.config === null) return checked
    const { plugins } = shelf
    const { makeTrialTools, trialTlsDefaults, tryCertificates, tryCompile } = await import(
      './sources/trial.ts'
    )
    tryCompile(checked.config, makeTrialTools(this.#environment, plugins))
    const tls = await this.#tls.readAgain()
    tryCertificates(checked.config, plugins, tls ?? trialTlsDefaults(this.#environment))
    this.#tls.take(tls)
    await this.#state.openFor(checked.config, plugins)
    return checked
  }

  async #publish(config: Config, epoch: number): Promise<readonly string[]> {
    await this.#names.follow(config)
    const packed = packConfig(config)
    // Before the workers, whose records name what is new in it.
    this.#logs.publish(packed)
    const refusals = await this.#workers.publish(epoch, packed)
    if (refusals.length > 0) {
      this.#logs.publish(this.#packed)
      return refusals
    }
    this.#packed = packed
    await this.#health.follow(config)
    this.#tellUnserved(config)
    return refusals
  }

  #tellUnserved(config: Config): void {
    const unserved = unservedStreams(config, this.#environment.streamListen)
    if (unserved !== '') this.#log.write('warn', unserved, {})
  }

  #watch(file: string, stamp: string): void {
    this.#unwatch = watchFile({
      file,
      stamp,
      changed: () => void this.reload('the file changed', true),
      failed: (cause) => this.#log.write('error', 'the file is not watched any more', { why: cause.message }),
    })
  }

  #view(): StatusView {
    return {
      version: this.#version,
      engine: this.#environment.engine,
      pid: process.pid,
      nodeId: this.#nodeId,
      counters: this.#buffers.counters,
      workers: this.#workers.members,
      hash: this.#reloader.config.hash,
      epoch: this.#reloader.epoch,
      reloads: { taken: this.#reloader.taken, refused: this.#reloader.refused },
      draining: this.#isDraining,
      upstreams: this.#health.upstreams,
      shared: this.#shared,
      series: this.#series,
      traffic: this.#traffic.traffic,
      logs: this.#logs.figures,
    }
  }

  async #end(): Promise<void> {
    this.#unwatchWorkers()
    this.#endVitalSigns()
    this.#traffic.close()
    this.#tls.close()
    this.#health.close()
    this.#names.close()
    this.#status?.close()
    await this.#state.close()
    removePidFile(this.#environment.prefix)
    await this.#log.close()
  }
}

interface Parts {
  readonly sockets: Sockets
  readonly shelf: PluginShelf
  readonly config: Config
  readonly state: StateHost
  readonly tls: TlsSource
}

function openSockets(environment: Environment): Promise<Sockets> {
  return Sockets.open({
    addresses: [...environment.proxyListen, ...environment.streamListen],
    engine: environment.engine,
    workers: environment.workers,
    prefix: environment.prefix,
  })
}

async function firstConfig(source: ConfigSource, shelf: PluginShelf, log: OperatorLog): Promise<Config> {
  const { config, errors, warnings } = await checkSource(source, shelf)
  for (const warning of warnings) log.write('warn', warning)
  for (const error of errors) log.write('error', error)
  if (config === null)
    throw new GatewayError(faults.CONFIG_INVALID, `${source.name}: ${errors.length} errors`)
  return config
}

/** Waits for both even if one fails, so that what the other opened can be closed. */
async function bothSettled<A>(
  working: Promise<A>,
  showing: Promise<StatusServer>,
): Promise<[A, StatusServer]> {
  const [first, second] = await Promise.allSettled([working, showing])
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value]
  if (second.status === 'fulfilled') second.value.close()
  throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason
}
