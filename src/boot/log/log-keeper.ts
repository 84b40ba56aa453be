/**
 * log-keeper — the primary's side of the log thread: starts it when there is something to ship, replaces it when it
 * dies, and keeps its figures.
 *
 * A thread that dies is replaced after a pause that doubles, as a worker is; what is in the rings meanwhile is read by
 * the replacement, and what sinks of the dead one had waiting is lost, and counted. Traffic does not notice.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Environment } from '../../config/env/env.ts'
import { makeLogBell } from '../../state/logs/log-bell.ts'
import { makeLogRing } from '../../state/logs/log-ring.ts'
import { readTrusted } from '../plane/trusted.ts'
import { nextPause } from '../workers/worker-set.ts'
import type { FromLog, LogBuffers, LogStart, NumberedOpening, SinkFigures, ToLog } from './log-messages.ts'
import type { OperatorLog } from './operator-log.ts'
import { addFigures, withWaitingLost } from './sum-figures.ts'

const RING_BYTES_MIN = 64 * 1024
const HEALTHY_MS = 60_000
/** Behind the grace that the thread was given: it may be busy. */
const LATE_MS = 500

export interface LogKeeperOptions {
  readonly environment: Environment
  readonly nodeId: string
  readonly version: string
  readonly log: OperatorLog
  /** The configuration in force, packed. */
  readonly config: () => Uint8Array
}

export class LogKeeper {
  readonly buffers: LogBuffers
  readonly #options: LogKeeperOptions
  /** Read once: a thread that is replaced must not fail for a file that has gone. */
  readonly #trusted: readonly string[]
  /** What workers have open, by worker and number. */
  readonly #opened = new Map<string, NumberedOpening>()
  #thread: Worker | null = null
  #isNeeded = false
  #isEnding = false
  #startedMs = 0
  #pauseMs = 0
  #retry: NodeJS.Timeout | null = null
  /** Of threads that are gone, and of the one at work. */
  #before: readonly SinkFigures[] = []
  #now: readonly SinkFigures[] = []
  #onExit: () => void = () => {}

  constructor(options: LogKeeperOptions) {
    const { workers, logRingBytes, trustedCertificates } = options.environment
    this.#options = options
    this.#trusted = readTrusted(trustedCertificates)
    this.buffers = {
      rings: Array.from({ length: workers }, () => makeLogRing(Math.max(logRingBytes, RING_BYTES_MIN))),
      bell: makeLogBell(),
    }
  }

  get figures(): readonly SinkFigures[] {
    return addFigures(this.#before, this.#now)
  }

  /** There is something to ship: called again and again. */
  readonly need = (): void => {
    if (this.#isNeeded) return
    this.#isNeeded = true
    this.#start()
  }

  publish(config: Uint8Array): void {
    this.#tell({ type: 'config', config })
  }

  reopen(): void {
    this.#tell({ type: 'reopen' })
  }

  /** When all workers are gone: ships what they left, and resolves when that is done or `graceMs` are over. */
  async close(graceMs: number): Promise<void> {
    this.#isEnding = true
    if (!this.#isNeeded) return
    if (this.#retry !== null) clearTimeout(this.#retry)
    if (this.#thread === null) this.#start()
    const thread = this.#thread!
    await new Promise<void>((resolve) => {
      this.#onExit = resolve
      this.#tell({ type: 'end', graceMs })
      setTimeout(() => void thread.terminate(), graceMs + LATE_MS).unref()
    })
    const lost = this.figures.flatMap(({ label, lost }) =>
      Object.entries(lost).map((each) => [label, ...each]),
    )
    if (lost.length > 0) this.#options.log.write('warn', 'log records were lost since the start', { lost })
  }

  #tell(message: ToLog): void {
    this.#thread?.postMessage(message)
  }

  #start(): void {
    const { environment, nodeId, version, config } = this.#options
    this.#startedMs = performance.now()
    const start: LogStart = {
      ...this.buffers,
      nodeId,
      version,
      trusted: this.#trusted,
      accessPlace: environment.proxyAccessLog,
      streamAccessPlace: environment.streamAccessLog,
      opened: [...this.#opened.values()],
      config: config(),
    }
    const file = new URL(`./log-thread${extname(import.meta.url)}`, import.meta.url)
    const thread = new Worker(file, { workerData: start, name: 'log' })
    this.#thread = thread
    thread.on('message', (message: FromLog) => this.#heard(message))
    thread.on('error', (cause: Error) => {
      const error = cause?.stack ?? String(cause)
      this.#options.log.write('crit', 'the log thread died of an error nobody caught', { error })
    })
    thread.on('exit', () => this.#exited())
  }

  #heard(message: FromLog): void {
    if (message.type === 'log') this.#options.log.write(message.level, message.message, message.fields)
    else if (message.type === 'figures') this.#now = message.figures
    else if (message.type === 'closed') this.#opened.delete(`${message.worker} ${message.number}`)
    else {
      const { opening } = message
      this.#opened.set(`${opening.worker} ${opening.number}`, opening)
    }
  }

  #exited(): void {
    this.#thread = null
    this.#before = addFigures(this.#before, withWaitingLost(this.#now, 'log thread ended'))
    this.#now = []
    this.#onExit()
    if (this.#isEnding) return
    this.#pauseMs = nextPause(this.#pauseMs, performance.now() - this.#startedMs >= HEALTHY_MS)
    this.#options.log.write('error', 'the log thread ended and is replaced', { pauseMs: this.#pauseMs })
    this.#retry = setTimeout(() => {
      this.#retry = null
      this.#start()
    }, this.#pauseMs)
  }
}
