/** other-thread — a second thread that does its work again and again while a case is timed in the first. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parentPort, Worker, workerData } from 'node:worker_threads'

/** Runs between two looks at the gate. */
const CHUNK = 1000
/** Words of the gate: what is asked for (one of the three below), and whether the thread runs. */
const WANTED = 0
const RUNNING = 1
const REST = 0
const RUN = 1
const LEAVE = 2
/** A thread that has not turned by then has died of an error, or hangs. */
const TURN_MS = 30_000

interface Order<Ask> {
  readonly ask: Ask
  readonly gate: Int32Array
}

export class OtherThread {
  readonly #worker: Worker
  readonly #gate: Int32Array

  /** `url` is of a file that calls `serve` when it is not the main thread's. */
  static async open<Ask>(url: string, ask: Ask): Promise<OtherThread> {
    const gate = new Int32Array(new SharedArrayBuffer(8))
    const order: Order<Ask> = { ask, gate }
    const worker = new Worker(fileURLToPath(url), { workerData: order })
    await once(worker, 'message')
    return new OtherThread(worker, gate)
  }

  private constructor(worker: Worker, gate: Int32Array) {
    this.#worker = worker
    this.#gate = gate
  }

  /** It runs when this returns. */
  begin(): void {
    this.#set(RUN)
  }

  /** It rests when this returns. */
  end(): void {
    this.#set(REST)
  }

  async close(): Promise<void> {
    if (this.#worker.threadId < 0) return // it died
    // Not terminated: a thread that is just about to wait would not notice.
    const left = once(this.#worker, 'exit')
    Atomics.store(this.#gate, WANTED, LEAVE)
    Atomics.notify(this.#gate, WANTED)
    await left
  }

  #set(wanted: 0 | 1): void {
    Atomics.store(this.#gate, WANTED, wanted)
    Atomics.notify(this.#gate, WANTED)
    while (Atomics.load(this.#gate, RUNNING) !== wanted)
      if (Atomics.wait(this.#gate, RUNNING, 1 - wanted, TURN_MS) === 'timed-out')
        throw new Error('the second thread does not answer')
  }
}

/** The thread's whole life. */
export function serve<Ask>(make: (ask: Ask) => (times: number) => unknown): void {
  const { ask, gate } = workerData as Order<Ask> // what `open` handed over
  const run = make(ask)
  parentPort!.postMessage('ready')
  for (;;) {
    Atomics.wait(gate, WANTED, REST)
    if (Atomics.load(gate, WANTED) === LEAVE) return
    say(gate, 1)
    while (Atomics.load(gate, WANTED) === RUN) run(CHUNK)
    say(gate, 0)
  }
}

function say(gate: Int32Array, running: 0 | 1): void {
  Atomics.store(gate, RUNNING, running)
  Atomics.notify(gate, RUNNING)
}
