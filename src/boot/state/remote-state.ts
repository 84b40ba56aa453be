/**
 * remote-state — a worker's state store: it asks the primary, who owns the files, by message.
 *
 * LIMITS  ASKS_MAX under way; an ask that is not answered within ANSWER_MS is given up, and nobody knows what came of
 *         it.
 */
import { type Change, type StateEntry, StateError, StateStore } from '../../contract/machine/state-store.ts'
import type { StateAnswer, StateAsk } from './state-messages.ts'

export const ASKS_MAX = 10_000
export const ANSWER_MS = 10_000

interface Waiting {
  resolve(value: unknown): void
  reject(cause: unknown): void
  readonly late: () => void
}

export interface RemoteStateOptions {
  readonly send: (id: number, ask: StateAsk) => void
  /** As Host.later. */
  readonly later: (ms: number, callback: () => void) => () => void
}

export class RemoteState extends StateStore {
  readonly #options: RemoteStateOptions
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(options: RemoteStateOptions) {
    super()
    this.#options = options
  }

  override async get(key: string): Promise<Uint8Array | null> {
    return (await this.#ask({ op: 'get', key })) as Uint8Array | null // what `get` promises there
  }

  override async take(key: string): Promise<Uint8Array | null> {
    return (await this.#ask({ op: 'take', key })) as Uint8Array | null // as above
  }

  override async commit(change: Change): Promise<boolean> {
    return (await this.#ask({ op: 'commit', change: unpooled(change) })) as boolean // as above
  }

  override async list(prefix: string, after: string, limit: number): Promise<readonly StateEntry[]> {
    return (await this.#ask({ op: 'list', prefix, after, limit })) as readonly StateEntry[] // as above
  }

  /** From the primary. */
  answered(id: number, { value, reason, message }: StateAnswer): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    waiting.late()
    if (reason === '') waiting.resolve(value)
    else waiting.reject(new StateError(reason, message))
  }

  #ask(ask: StateAsk): Promise<unknown> {
    if (this.#waiting.size >= ASKS_MAX)
      return Promise.reject(new StateError('busy', `${ASKS_MAX} questions about the state wait already`))
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const late = this.#options.later(ANSWER_MS, () => {
        this.#waiting.delete(id)
        reject(new StateError('away', `the state has not answered within ${ANSWER_MS} ms`))
      })
      this.#waiting.set(id, { resolve, reject, late })
      this.#options.send(id, ask)
    })
  }
}

/** A small Buffer is a view into memory that it shares with others, and a message would copy all of it. */
function unpooled({ when, write }: Change): Change {
  return {
    when: when.map((each) => ({ ...each, is: each.is === null ? null : new Uint8Array(each.is) })),
    write: write.map((each) => ({ ...each, value: each.value === null ? null : new Uint8Array(each.value) })),
  }
}
