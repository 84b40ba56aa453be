/**
 * pacer — lets time pass until the next request is due, at a precision that timers of a millisecond do not have.
 *
 * A wait that blocks in the kernel ends 50 to 100 µs late on a virtual machine, whatever it is asked for, costs 40 µs
 * of CPU there, and meanwhile no answer is seen. So the generator polls, and only far longer waits are left to the
 * event loop's timer, which ends for answers as well.
 */

/** Where nothing is due for longer, and nothing under way, the core is given back. */
const REST_US = 3000
/** A timer may be so late. */
const REST_MARGIN_US = 2000

export class Pacer {
  readonly #turn: () => void

  /** `turn` is called again and again, with a look at all sockets between two calls. */
  constructor(turn: () => void) {
    this.#turn = turn
  }

  next(idleUs: number): void {
    if (idleUs < REST_US) setImmediate(this.#turn)
    else setTimeout(this.#turn, (idleUs - REST_MARGIN_US) / 1000)
  }
}
