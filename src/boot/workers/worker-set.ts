/**
 * worker-set — the primary's side of the workers: starts them, replaces those that die, hands configurations to all.
 *
 * A worker that dies is replaced after a pause that doubles from 100 ms to 10 s and starts over once a replacement has
 * lived a minute; the others notice nothing. A replacement starts with the configuration that is current then.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { faults, GatewayError } from '../../base/faults.ts'
import type { Environment } from '../../config/env/env.ts'
import type { TlsDefaults } from '../../config/plan/compile-tls.ts'
import type { ListenAddress } from '../../contract/listener.ts'
import { Counters, RESTARTS } from '../../state/counters.ts'
import type { LogBuffers } from '../log/log-messages.ts'
import type { OperatorLog } from '../log/operator-log.ts'
import type { SharedBuffers } from '../plane/shared-memory.ts'
import type { StateAnswer, StateAsk } from '../state/state-messages.ts'
import type { FromWorker, NameEntries, ToWorker, WorkerStart } from './messages.ts'

const PAUSE_FIRST_MS = 100
const PAUSE_MAX_MS = 10_000
const HEALTHY_MS = 60_000
/** A worker that has not answered by then is busy or stuck; the reload is over for the others. */
const ACKNOWLEDGE_MS = 10_000

export interface WorkerSetOptions {
  readonly environment: Environment
  readonly nodeId: string
  readonly version: string
  readonly shared: SharedBuffers
  readonly logs: LogBuffers
  /** A worker has something for the log thread, for the first time. */
  readonly needLogs: () => void
  /** A worker is gone: what it held of the shared memory is to be given back. */
  readonly forget: (workerId: number) => void
  readonly log: OperatorLog
  readonly addresses: () => Promise<readonly ListenAddress[]>
  readonly names: () => NameEntries
  readonly state: (ask: StateAsk) => Promise<StateAnswer>
  /** Null where no address has `ssl`. */
  tls(): TlsDefaults | null
}

export type WorkerState = 'starting' | 'ready' | 'draining' | 'dead'

interface Member {
  readonly id: number
  thread: Worker | null
  state: WorkerState
  epoch: number
  restarts: number
  startedMs: number
  pauseMs: number
  retry: NodeJS.Timeout | null
}

export interface MemberView {
  readonly id: number
  readonly state: WorkerState
  readonly epoch: number
  readonly restarts: number
}

/** Called with each message of a worker, and with null when it has died; true ends the interest. */
type Waiter = (member: Member, message: FromWorker | null) => boolean

export class WorkerSet {
  readonly #options: WorkerSetOptions
  readonly #members: Member[]
  readonly #waiters = new Set<Waiter>()
  #current: { epoch: number; config: Uint8Array } = { epoch: 0, config: new Uint8Array(0) }
  #isStarted = false
  #isEnding = false

  constructor(options: WorkerSetOptions) {
    this.#options = options
    this.#members = Array.from({ length: options.environment.workers }, (_, i) => newMember(i + 1))
  }

  get members(): readonly MemberView[] {
    return this.#members.map(({ id, state, epoch, restarts }) => ({ id, state, epoch, restarts }))
  }

  /** Starts all workers at once and resolves when all listen. Rejects with the first one's reason. */
  async start(epoch: number, config: Uint8Array): Promise<void> {
    this.#current = { epoch, config }
    const ready = new Promise<void>((resolve, reject) => {
      this.#waiters.add((_, message) => {
        if (message?.type === 'failed') reject(new GatewayError(faults[message.code], message.detail))
        else if (message === null)
          reject(new GatewayError(faults.INTERNAL, 'a worker ended while it started'))
        else if (this.#members.some((member) => member.state !== 'ready')) return false
        else resolve()
        return true
      })
    })
    await Promise.all(this.#members.map((member) => this.#spawn(member)))
    await ready
    this.#isStarted = true
  }

  /** Hands a configuration to every worker; answers what those say that could not take it. */
  publish(epoch: number, config: Uint8Array): Promise<string[]> {
    this.#current = { epoch, config }
    const asked = this.#members.filter((member) => member.state === 'ready')
    const answers = Promise.all(asked.map((member) => this.#acknowledged(member, epoch)))
    this.#tell(asked, this.#loading())
    return answers.then((said) => said.filter((refusal) => refusal !== ''))
  }

  publishNames(entries: NameEntries): void {
    this.#tell(this.#members, { type: 'names', entries })
  }

  /** Ticket keys have changed; certificates come with the configuration. */
  publishTls(): void {
    const tls = this.#options.tls()
    if (tls !== null) this.#tell(this.#members, { type: 'tls', tls })
  }

  /** Lets exchanges finish, at most `limitMs`; then ends what is left. True when none had to be cut. */
  async drain(limitMs: number): Promise<boolean> {
    this.#end('draining')
    this.#tell(this.#members, { type: 'drain' })
    const isDone = await this.#gone(limitMs)
    if (!isDone) await this.close()
    return isDone
  }

  /** Ends all workers now. They end themselves: an engine with native handles does not survive terminate(). */
  async close(): Promise<void> {
    this.#end('draining')
    this.#tell(this.#members, { type: 'close' })
    await this.#gone(1000)
  }

  #end(state: WorkerState): void {
    this.#isEnding = true
    for (const member of this.#members) {
      if (member.retry !== null) clearTimeout(member.retry)
      if (member.thread !== null) member.state = state
    }
  }

  /** Ends a thread that is stuck, from outside. */
  cut(workerId: number): void {
    void this.#members.find((member) => member.id === workerId)?.thread?.terminate()
  }

  #loading(): ToWorker {
    return { type: 'load', ...this.#current, tls: this.#options.tls() }
  }

  #tell(members: readonly Member[], message: ToWorker): void {
    for (const member of members) member.thread?.postMessage(message)
  }

  async #spawn(member: Member): Promise<void> {
    const { environment, shared, nodeId, version } = this.#options
    member.state = 'starting'
    member.startedMs = performance.now()
    const addresses = await this.#options.addresses()
    if (this.#isEnding) return
    const { epoch, config } = this.#current
    const names = this.#options.names()
    const own = { workerId: member.id, nodeId, version, addresses, names, tls: this.#options.tls() }
    const { rings, bell } = this.#options.logs
    const logs = { ring: rings[member.id - 1]!, bell }
    const levels = this.#options.log.levels.buffer
    const start: WorkerStart = { ...own, environment, shared, logs, levels, epoch, config }
    const file = new URL(`../worker${extname(import.meta.url)}`, import.meta.url)
    const thread = new Worker(file, { workerData: start, name: `worker ${member.id}` })
    member.thread = thread
    member.epoch = epoch
    thread.on('message', (message: FromWorker) => {
      if (message.type === 'state') this.#askState(thread, message.id, message.ask)
      else this.#heard(member, message)
    })
    thread.on('error', (cause: Error) => this.#crashed(member, cause?.stack ?? String(cause)))
    thread.on('exit', () => this.#exited(member))
  }

  #heard(member: Member, message: FromWorker): void {
    if (message.type === 'log') {
      this.#options.log.write(message.level, message.message, { worker: member.id, ...message.fields })
      return
    }
    if (message.type === 'dying') this.#crashed(member, message.error)
    if (message.type === 'logs') this.#options.needLogs()
    if (message.type === 'ready') this.#becameReady(member)
    if (message.type === 'loaded') member.epoch = message.epoch
    if (message.type === 'failed' && this.#isStarted) {
      this.#options.log.write('error', 'a worker could not start', { worker: member.id, why: message.detail })
    }
    this.#notify(member, message)
  }

  /** The answer goes to the thread that asked, and not to one that has taken its place. */
  #askState(thread: Worker, id: number, ask: StateAsk): void {
    void this.#options.state(ask).then((answer) => {
      const message: ToWorker = { type: 'state', id, answer }
      thread.postMessage(message)
    })
  }

  #becameReady(member: Member): void {
    if (member.state === 'starting') member.state = 'ready'
    // The configuration may have changed while it started.
    if (member.epoch !== this.#current.epoch) this.#tell([member], this.#loading())
  }

  #notify(member: Member, message: FromWorker | null): void {
    for (const waiter of this.#waiters) if (waiter(member, message)) this.#waiters.delete(waiter)
  }

  #crashed(member: Member, error: string): void {
    this.#options.log.write('crit', 'a worker died of an error nobody caught', { worker: member.id, error })
  }

  #exited(member: Member): void {
    member.thread = null
    member.state = 'dead'
    new Counters(this.#options.shared.counters, member.id).forget()
    this.#options.forget(member.id)
    this.#notify(member, null)
    if (this.#isStarted && !this.#isEnding) this.#replaceLater(member)
  }

  #replaceLater(member: Member): void {
    const hasLived = performance.now() - member.startedMs >= HEALTHY_MS
    const pauseMs = nextPause(member.pauseMs, hasLived)
    member.pauseMs = pauseMs
    member.restarts++
    new Counters(this.#options.shared.counters, 0).add(RESTARTS, 1)
    this.#options.log.write('error', 'a worker ended and is replaced', { worker: member.id, pauseMs })
    member.retry = setTimeout(() => {
      member.retry = null
      this.#spawn(member).catch((cause: unknown) => {
        this.#options.log.write('error', 'a worker could not be replaced', {
          worker: member.id,
          why: String(cause),
        })
        this.#exited(member)
      })
    }, pauseMs)
  }

  /** '' when the worker has taken the epoch, or has died: its replacement starts with it. */
  #acknowledged(member: Member, epoch: number): Promise<string> {
    return new Promise((resolve) => {
      const waiter: Waiter = (who, message) => {
        if (who !== member) return false
        const isAnswer = message?.type === 'loaded' || message?.type === 'refused'
        if (message !== null && !(isAnswer && message.epoch === epoch)) return false
        clearTimeout(late)
        resolve(message?.type === 'refused' ? message.message : '')
        return true
      }
      const late = setTimeout(() => {
        this.#waiters.delete(waiter)
        this.#options.log.write('warn', 'a worker has not acknowledged a configuration', {
          worker: member.id,
          epoch,
        })
        resolve('')
      }, ACKNOWLEDGE_MS)
      this.#waiters.add(waiter)
    })
  }

  /** True when all threads are gone within `limitMs`. */
  #gone(limitMs: number): Promise<boolean> {
    const isGone = () => this.#members.every((member) => member.thread === null)
    if (isGone()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiter: Waiter = () => {
        if (!isGone()) return false
        clearTimeout(late)
        resolve(true)
        return true
      }
      const late = setTimeout(() => {
        this.#waiters.delete(waiter)
        resolve(false)
      }, limitMs)
      this.#waiters.add(waiter)
    })
  }
}

function newMember(id: number): Member {
  return { id, thread: null, state: 'starting', epoch: 0, restarts: 0, startedMs: 0, pauseMs: 0, retry: null }
}

/** The pause before the next replacement, from the one before it. */
export function nextPause(lastMs: number, hasLived: boolean): number {
  return hasLived || lastMs === 0 ? PAUSE_FIRST_MS : Math.min(lastMs * 2, PAUSE_MAX_MS)
}
