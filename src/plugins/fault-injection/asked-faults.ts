/**
 * asked-faults — what a request itself asks for, in Envoy's headers, where the operator lets it.
 *
 * It can ask for less of a percentage than is configured, never for more. What is no number asks for nothing.
 */
import { getField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'

export const NOT_ASKED = -1

const STATUS_MIN = 200
const STATUS_MAX = 599

export class AskedFaults {
  readonly #delays: boolean
  readonly #aborts: boolean

  constructor(delays: boolean, aborts: boolean) {
    this.#delays = delays
    this.#aborts = aborts
  }

  /** Milliseconds. */
  delay(head: Head): number {
    return this.#delays ? readNumber(head, 'x-envoy-fault-delay-request') : NOT_ASKED
  }

  abort(head: Head): number {
    if (!this.#aborts) return NOT_ASKED
    const status = readNumber(head, 'x-envoy-fault-abort-request')
    return status >= STATUS_MIN && status <= STATUS_MAX ? status : NOT_ASKED
  }

  delayPart(head: Head, part: number): number {
    return this.#delays ? less(readNumber(head, 'x-envoy-fault-delay-request-percentage'), part) : part
  }

  abortPart(head: Head, part: number): number {
    return this.#aborts ? less(readNumber(head, 'x-envoy-fault-abort-request-percentage'), part) : part
  }
}

function less(percentage: number, part: number): number {
  return percentage === NOT_ASKED ? part : Math.min(percentage / 100, part)
}

function readNumber(head: Head, lower: string): number {
  const text = getField(head, lower)
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : NOT_ASKED
}
