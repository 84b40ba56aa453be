/**
 * task-pool — a worker's door to threads for costly work: one piscina, whatever plugin asks.
 *
 * The thread, and piscina itself, are not there before the first task is, and the thread is gone again when nothing
 * was asked of it for IDLE_MS. One thread is enough: there is a worker for each core, and each has its own.
 *
 * LIMITS  TASKS_MAX under way, the one at work included; more are refused at once.
 */
import { basename, extname } from 'node:path'
import type { Piscina } from 'piscina'
import type { Offload, Task } from '../../../contract/machine/offload.ts'

export const TASKS_MAX = 16
const IDLE_MS = 30_000

/** A piscina, as far as it is needed here. */
export interface Threads {
  run(input: unknown, options: { readonly filename: string; readonly name: string }): Promise<unknown>
  destroy(): Promise<void>
}

export class TaskPool implements Offload {
  readonly #open: () => Promise<Threads>
  #threads: Promise<Threads> | null
  #underWay: number
  #isClosed: boolean

  constructor(open: () => Promise<Threads> = openThreads) {
    this.#open = open
    this.#threads = null
    this.#underWay = 0
    this.#isClosed = false
  }

  get underWay(): number {
    return this.#underWay
  }

  task<Input, Output>(from: string, name: string): Task<Input, Output> {
    const options = {
      filename: new URL(`./${name}${extname(basename(from))}`, from).href,
      name: camelCase(name),
    }
    return {
      run: (input, done) => {
        if (this.#isClosed || this.#underWay >= TASKS_MAX) return false
        this.#underWay++
        void this.#run(input, options).then(
          (output) => {
            this.#underWay--
            done(output as Output, '') // what the task's file says it answers
          },
          (cause: unknown) => {
            this.#underWay--
            if (!this.#isClosed) done(null, cause instanceof Error ? cause.message : String(cause))
          },
        )
        return true
      },
    }
  }

  async #run(input: unknown, options: { filename: string; name: string }): Promise<unknown> {
    this.#threads ??= this.#open()
    const threads = await this.#threads
    return threads.run(input, options)
  }

  /** At the end of the worker: at once, and what is under way is not answered. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#threads?.then((threads) => threads.destroy()).catch(() => {}) // nobody is left to be told
  }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

async function openThreads(): Promise<Threads> {
  const { Piscina: Pool } = await import('piscina')
  const pool: Piscina = new Pool({
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    maxQueue: TASKS_MAX,
    // Else an idle thread blocks in Atomics.wait, and the timer that ends it never runs.
    atomics: 'disabled',
    recordTiming: false,
  })
  return pool
}
