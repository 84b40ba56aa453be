/**
 * top-screen — a terminal that is drawn upon as a whole and given back as it was.
 *
 * It draws on the terminal's other page, each frame in one write over the last one, so that nothing flickers. `close`
 * may be called twice, and what it writes is out when it returns, since the process may end right after.
 */
import type { ReadStream, WriteStream } from 'node:tty'
import type { TopLine } from './top-lines.ts'

const OPEN = '\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J'
const CLOSE = '\x1b[0m\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const TO_END_OF_LINE = '\x1b[K'
const TO_END = '\x1b[J'

const LOOKS = { plain: '', title: '\x1b[1m', alarm: '\x1b[31m', faint: '\x1b[2m' } as const
const NORMAL = '\x1b[0m'

export interface Terminal {
  readonly input: ReadStream
  readonly output: WriteStream
}

export class TopScreen {
  readonly #terminal: Terminal
  #isOpen = true

  /** `pressed`: each key as it comes; `resized`: draw anew. */
  constructor(terminal: Terminal, doors: { pressed: (key: string) => void; resized: () => void }) {
    this.#terminal = terminal
    const { input, output } = terminal
    output.write(OPEN)
    input.setRawMode(true)
    input.setEncoding('latin1')
    input.on('data', (keys: string) => {
      for (const key of keys) doors.pressed(key)
    })
    output.on('resize', doors.resized)
  }

  get width(): number {
    return this.#terminal.output.columns ?? 80
  }

  get height(): number {
    return this.#terminal.output.rows ?? 24
  }

  draw(lines: readonly TopLine[]): void {
    if (this.#isOpen) this.#terminal.output.write(frame(lines))
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#terminal.input.setRawMode(false)
    this.#terminal.input.pause()
    // A terminal is written to at once.
    this.#terminal.output.write(CLOSE)
  }
}

/** No newline behind the last line: it would push the first one out. */
export function frame(lines: readonly TopLine[]): string {
  const texts = lines.map(({ text, look }) =>
    look === 'plain' ? `${text}${TO_END_OF_LINE}` : `${LOOKS[look]}${text}${NORMAL}${TO_END_OF_LINE}`,
  )
  return `${HOME}${texts.join('\r\n')}${TO_END}`
}
