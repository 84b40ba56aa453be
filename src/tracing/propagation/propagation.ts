/**
 * propagation — reads the trace that a request belongs to from its header fields, and writes it for the target, in the
 * formats that a configuration names.
 *
 * HOT     `extract` runs for every request where a plugin traces: one look at each field, no allocation. `inject` makes
 *         the fields it adds.
 */
import type { Head } from '../../http1/head.ts'
import type { ExtractName, FormatName } from './format.ts'
import type { SpanIds, TraceContext } from './trace-context.ts'

export interface PropagationSettings {
  /** In order: the first that is found counts. */
  readonly extract: readonly ExtractName[]
  /** Names of fields that the target is not to see. */
  readonly clear: readonly string[]
  readonly inject: readonly (FormatName | 'preserve')[]
  /** For 'preserve', where nothing was found. */
  readonly defaultFormat: FormatName
}

export class Propagation {
  readonly #settings: PropagationSettings

  constructor(settings: PropagationSettings) {
    this.#settings = settings
  }

  /**
   * What the client has sent, also where a plugin has taken it out or put something in its place since: so it answers
   * the same in each step. The answer is lent until the next call.
   */
  extract(_head: Head): TraceContext | null {
    return null
  }

  /**
   * Takes out what `clear` names, and writes `ids` in place of what the client has sent in the same formats. `incoming`:
   * what `extract` answered for this head.
   */
  inject(_head: Head, _ids: SpanIds, _incoming: TraceContext | null): void {
    if (this.#settings.inject.length === 0) return
  }
}
