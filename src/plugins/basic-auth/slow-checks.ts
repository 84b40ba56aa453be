/**
 * slow-checks — checks of a password that cost a quarter of a second: in another thread, and each pair once.
 *
 * WHAT    Whoever asks about a pair that is being checked already waits for the same answer: a client that opens a
 *         hundred connections after a start costs one check.
 *
 * LIMITS  Those of the pool (Machine.offload). Each that waits is an exchange, of which there is a limit too.
 */
import type { Task } from '../../contract/machine/offload.ts'
import type { Asked } from './check-scrypt.ts'
import { parseScrypt } from './scrypt-hash.ts'
import type { Verified } from './verified.ts'

/** `problem` is '' unless the check itself has failed. */
export type OnChecked = (isRight: boolean, problem: string) => void

export class SlowChecks {
  readonly #verified: Verified
  readonly #waiting: Map<string, OnChecked[]>

  constructor(verified: Verified) {
    this.#verified = verified
    this.#waiting = new Map()
  }

  /** Whether `password` is what `stored` was made of. False: too many wait already, and `onChecked` is not called. */
  check(task: Task<Asked, boolean>, stored: string, password: Uint8Array, onChecked: OnChecked): boolean {
    const mark = this.#verified.markOf(password)
    const pair = stored.concat(' ', mark)
    const others = this.#waiting.get(pair)
    if (others !== undefined) {
      others.push(onChecked)
      return true
    }
    const known = parseScrypt(stored)
    if (known === null) throw new TypeError('a hash that loading should have refused')
    // Copied: the request's own is wiped meanwhile. This one lives until the thread has its copy, and has answered.
    const copy = Uint8Array.from(password)
    const waiting = [onChecked]
    const isUnderWay = task.run({ password: copy, known }, (isRight, problem) => {
      copy.fill(0)
      this.#waiting.delete(pair)
      if (isRight === true) this.#verified.add(stored, mark)
      for (const each of waiting) each(isRight === true, problem)
    })
    if (isUnderWay) this.#waiting.set(pair, waiting)
    return isUnderWay
  }
}
