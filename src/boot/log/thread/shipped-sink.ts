/**
 * shipped-sink — one sink in the log thread: its module is loaded, and it is handed records; whatever it does wrong is
 * counted and told, and holds nothing else up.
 *
 * LIMITS  A module has LOAD_MS; until then its worker's ring is not read on. What a sink fails at is said once a
 *         minute.
 */
import { extname } from 'node:path'
import type { LogRecord, Sink, SinkTools } from '../../../contract/machine/log-sinks.ts'
import type { Opening } from '../ring-door.ts'
import type { Figures } from './figures.ts'

const LOAD_MS = 5000
const SAID_MS = 60_000

export type OpenSink = (settings: object, tools: SinkTools) => Sink

/** What all sinks have of the thread. */
export type CommonTools = Pick<
  SinkTools,
  'nodeId' | 'hostname' | 'version' | 'trusted' | 'entity' | 'now' | 'log'
>

export class ShippedSink {
  readonly figures: Figures
  /** Resolves when it is open, or cannot be. */
  readonly loaded: Promise<void>
  users = 0
  isLoading = true
  readonly #common: CommonTools
  #sink: Sink | null = null
  #saidMs = -Infinity
  #unsaid = 0

  constructor(opening: Opening, figures: Figures, common: CommonTools) {
    this.figures = figures
    this.#common = common
    this.loaded = this.#load(opening)
  }

  get waiting(): number {
    return this.#sink?.waiting ?? 0
  }

  write(record: LogRecord): void {
    if (this.#sink === null) return this.figures.lose(1, 'not opened')
    try {
      this.#sink.write(record)
    } catch (cause) {
      this.figures.lose(1, 'sink failed')
      this.complain('a log sink failed', cause)
    }
  }

  reopen(): void {
    try {
      this.#sink?.reopen?.()
    } catch (cause) {
      this.complain('a log sink could not reopen its file', cause)
    }
  }

  async close(graceMs: number): Promise<void> {
    await this.loaded
    try {
      await this.#sink?.close(graceMs)
    } catch (cause) {
      this.complain('a log sink could not be closed', cause)
    }
  }

  complain(message: string, cause: unknown): void {
    const now = this.#common.now()
    this.#unsaid++
    if (now - this.#saidMs < SAID_MS) return
    this.#saidMs = now
    const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    this.#common.log('error', message, { sink: this.figures.label, error, times: this.#unsaid })
    this.#unsaid = 0
  }

  async #load(opening: Opening): Promise<void> {
    let late: NodeJS.Timeout | undefined
    try {
      const tooLate = new Promise<never>((_, reject) => {
        late = setTimeout(() => reject(new Error(`its module was not loaded within ${LOAD_MS} ms`)), LOAD_MS)
      })
      const open = await Promise.race([loadModule(opening), tooLate])
      this.#sink = open(opening.settings, this.#tools())
    } catch (cause) {
      this.complain('a log sink cannot be opened: its records are lost', cause)
    } finally {
      clearTimeout(late)
      this.isLoading = false
    }
  }

  #tools(): SinkTools {
    const { figures } = this
    const common = this.#common
    return {
      ...common,
      lost: (count, why) => figures.lose(count, why),
      delivered: (count) => {
        figures.delivered += count
      },
      log: (level, message, fields) => {
        const named = Object.assign({ sink: figures.label }, fields)
        common.log(level, message, named)
      },
    }
  }
}

async function loadModule({ from, name }: Opening): Promise<OpenSink> {
  const url = new URL(`./${name}${extname(new URL(from).pathname)}`, from).href
  const exported = camelCase(name)
  const module = (await import(url)) as Record<string, unknown>
  const open = module[exported]
  if (typeof open !== 'function') throw new Error(`${url} exports no function ${exported}`)
  return open as OpenSink // what a sink's file exports, by the contract
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
