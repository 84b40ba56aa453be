/** log-handler — what all log plugins do: put the record of an exchange that is over into their sink. */
import type { Exchange } from '../contract/exchange.ts'
import type { LogSink } from '../contract/machine/log-sinks.ts'
import type { Handler, Machine } from '../contract/plugin.ts'
import { CustomFields } from './custom-fields.ts'

export class LogHandler implements Handler {
  readonly #sink: LogSink
  readonly #fields: CustomFields | null

  /** `custom`: of the configuration. `machine`: told of templates that fail. */
  constructor(
    sink: LogSink,
    custom: Readonly<Record<string, string>> | null,
    machine: Pick<Machine, 'log'> | null = null,
  ) {
    this.#sink = sink
    const say = (field: string, problem: string) =>
      machine?.log('warn', 'a custom field of a log can not be worked out, and is left out', {
        field,
        problem,
      })
    this.#fields = custom === null || Object.keys(custom).length === 0 ? null : new CustomFields(custom, say)
  }

  onLog(x: Exchange): void {
    this.#sink.put(x, this.#fields === null ? null : this.#fields.extrasOf(x))
  }

  close(): void {
    this.#sink.close()
  }
}
