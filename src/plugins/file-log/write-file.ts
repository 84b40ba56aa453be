/** write-file — the log thread's end of file-log: a line a record, into a writer that never waits. */
import type { LogRecord, Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { kongLog } from '../../logs/kong-log.ts'
import { FileWriter } from '../../shipping/file-writer.ts'

export interface FileSettings {
  readonly path: string
  readonly reopen: boolean
}

/** As Kong makes it. */
const MODE = 0o644
const NEWLINE = 10
/** UTF-8 of one UTF-16 unit. */
const UNIT_BYTES_MAX = 3

export function writeFile(settings: FileSettings, tools: SinkTools): Sink {
  return new FileSink(settings, tools)
}

class FileSink implements Sink {
  readonly #tools: SinkTools
  readonly #writer: FileWriter
  readonly #entity: SinkTools['entity']

  constructor(settings: FileSettings, tools: SinkTools) {
    this.#tools = tools
    this.#writer = new FileWriter({
      path: settings.path,
      mode: MODE,
      reopensAlways: settings.reopen,
      tools,
    })
    this.#entity = (kind, id) => this.#tools.entity(kind, id)
  }

  get waiting(): number {
    return this.#writer.waiting
  }

  write(record: LogRecord): void {
    const line = kongLog(record, this.#entity)
    const out = this.#writer.openLine()
    out.reserve(line.length * UNIT_BYTES_MAX + 1)
    out.used += out.bytes.utf8Write(line, out.used, line.length * UNIT_BYTES_MAX)
    out.bytes[out.used++] = NEWLINE
    this.#writer.closeLine()
  }

  reopen(): void {
    this.#writer.reopen()
  }

  close(graceMs: number): Promise<void> {
    return this.#writer.close(graceMs)
  }
}
