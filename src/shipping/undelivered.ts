/** undelivered — what a queue's `deliver` rejects with where the receiver has said what is to become of the batch. */

export interface UndeliveredOptions {
  /** The receiver will never take this batch: it is lost at once. */
  readonly isFinal?: boolean
  /** The receiver asks for so many milliseconds of peace. */
  readonly afterMs?: number
}

export class Undelivered extends Error {
  readonly isFinal: boolean
  readonly afterMs: number

  constructor(message: string, options: UndeliveredOptions = {}) {
    super(message)
    this.isFinal = options.isFinal ?? false
    this.afterMs = options.afterMs ?? 0
  }
}
