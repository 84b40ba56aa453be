/** token-memory — VerifiedTokens with what it takes of the machine: chance for its key, a timer that sweeps it. */
import type { FingerprintSeed } from '../../base/fingerprint.ts'
import type { Machine } from '../../contract/plugin.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** A token that nobody asks for any more is out of memory this long after its end. */
const SWEEP_MS = 60_000

export class TokenMemory<T> extends VerifiedTokens<T> {
  readonly #machine: Machine
  #callOff: (() => void) | null = null
  #isClosed = false

  constructor(machine: Machine) {
    super(makeSeed(machine))
    this.#machine = machine
  }

  override openPlace(token: Uint8Array, nowMs: number, untilMs: number, value: T): void {
    // For a request that is under way since before: nobody would give the room back.
    if (this.#isClosed) return
    super.openPlace(token, nowMs, untilMs, value)
    if (this.#callOff === null && this.count > 0) this.#sweepLater()
  }

  close(): void {
    this.#isClosed = true
    this.#callOff?.()
    this.#callOff = null
    this.clear()
  }

  #sweepLater(): void {
    this.#callOff = this.#machine.later(SWEEP_MS, () => {
      this.#callOff = null
      this.sweep(this.#machine.wall())
      if (this.count > 0) this.#sweepLater()
    })
  }
}

function makeSeed(machine: Machine): FingerprintSeed {
  const key = machine.random(8)
  return { a: key.readInt32LE(0), b: key.readInt32LE(4) }
}
