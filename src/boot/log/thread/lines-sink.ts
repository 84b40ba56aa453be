/** lines-sink — one of the access logs: lines come whole from the workers, and go into its file. */
import { FileWriter } from '../../../shipping/file-writer.ts'
import type { Figures } from './figures.ts'
import type { CommonTools } from './shipped-sink.ts'

/** Addresses of clients are in it. */
export const ACCESS_MODE = 0o640

export class LinesSink {
  readonly figures: Figures
  readonly #writer: FileWriter

  constructor(path: string, figures: Figures, common: CommonTools) {
    this.figures = figures
    const tools = {
      ...common,
      lost: (count: number, why: string) => figures.lose(count, why),
      delivered: (count: number) => {
        figures.delivered += count
      },
    }
    this.#writer = new FileWriter({ path, mode: ACCESS_MODE, tools })
  }

  get waiting(): number {
    return this.#writer.waiting
  }

  write(bytes: Uint8Array, start: number, end: number, count: number): void {
    this.figures.records += count
    this.#writer.putLines(bytes, start, end, count)
  }

  reopen(): void {
    this.#writer.reopen()
  }

  close(graceMs: number): Promise<void> {
    return this.#writer.close(graceMs)
  }
}
