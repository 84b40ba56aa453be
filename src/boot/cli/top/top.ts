/** `sluice top`: what the running gateway does, live: rates, times, routes, upstreams. Or once, as text or as JSON. */
import { isatty } from 'node:tty'
import { faults, GatewayError } from '../../../base/faults.ts'
import type { Running } from '../../pid-file.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { askStatus, running } from '../running.ts'
import { SORTS } from './top-columns.ts'
import { type TopFigures, topFigures } from './top-figures.ts'
import { topLines } from './top-lines.ts'
import { TopScreen } from './top-screen.ts'
import type { Reading } from './top-status.ts'

export interface TopFlags {
  readonly url?: string
  /** Seconds. */
  readonly interval: number
  readonly once?: boolean
  readonly json?: boolean
}

const WIDTH = 80
/** Of what is printed once: nothing is left out for want of room. */
const ALL_LINES = 100_000
/** More routes than /status has. */
const ROUTES_IN_STATUS = 20
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

export async function top(flags: TopFlags): Promise<number> {
  const isLive = !flags.once && !flags.json && isatty(0) && isatty(1)
  if (isLive) return live(flags)
  return flags.json && !flags.once && isatty(1) ? stream(flags) : once(flags)
}

async function once(flags: TopFlags): Promise<number> {
  const figures = topFigures(await read(flags), null)
  const view = { width: WIDTH, height: ALL_LINES, sort: 0, isPaused: false, trouble: '', isLive: false }
  const lines = topLines(figures, view).map(({ text }) => text.trimEnd())
  print(flags.json ? JSON.stringify(figures) : lines.join('\n'))
  return EXIT_OK
}

/** A line each interval, until somebody ends it. */
async function stream(flags: TopFlags): Promise<never> {
  let before: Reading | null = null
  for (;;) {
    const now = await read(flags)
    print(JSON.stringify(topFigures(now, before)))
    before = now
    await new Promise((resolve) => setTimeout(resolve, flags.interval * 1000))
  }
}

/** Resolves with the exit code when a key or a signal ends it. */
async function live(flags: TopFlags): Promise<number> {
  // Before the terminal is taken: where nothing runs, this is told as by any command.
  const first = await read(flags)
  return new Promise((resolve) => new LiveTop(flags, first, resolve).start())
}

class LiveTop {
  readonly #flags: TopFlags
  readonly #screen: TopScreen
  readonly #ended: (code: number) => void
  #last: Reading
  #figures: TopFigures
  #sort = 0
  #isPaused = false
  #trouble = ''
  #timer: NodeJS.Timeout | null = null

  constructor(flags: TopFlags, first: Reading, ended: (code: number) => void) {
    this.#flags = flags
    this.#ended = ended
    this.#last = first
    this.#figures = topFigures(first, null)
    this.#screen = new TopScreen(
      { input: process.stdin, output: process.stdout },
      { pressed: (key) => this.#press(key), resized: () => this.#draw() },
    )
    process.once('exit', () => this.#screen.close())
    for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => this.#end(code))
  }

  start(): void {
    this.#draw()
    this.#wait()
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#step(), this.#flags.interval * 1000)
  }

  async #step(): Promise<void> {
    if (!this.#isPaused) await this.#take()
    if (this.#timer !== null) this.#wait()
  }

  /** A gateway that is restarted is found again. */
  async #take(): Promise<void> {
    try {
      const now = await read(this.#flags)
      this.#figures = topFigures(now, this.#last)
      this.#last = now
      this.#trouble = ''
    } catch (cause) {
      const seconds = Math.round((performance.now() - this.#last.atMs) / 1000)
      const why = cause instanceof GatewayError ? cause.detail : String(cause)
      this.#trouble = `no answer for ${seconds} s: ${why}`
    }
    this.#draw()
  }

  #press(key: string): void {
    if (key === 'q') return this.#end(EXIT_OK)
    // The terminal hands Ctrl-C on as a key.
    if (key === '\x03') return this.#end(SIGNALS.SIGINT)
    if (key === 's') this.#sort = (this.#sort + 1) % SORTS
    if (key === 'p') this.#isPaused = !this.#isPaused
    this.#draw()
  }

  #draw(): void {
    const { width, height } = this.#screen
    const view = { width, height, sort: this.#sort, isPaused: this.#isPaused, trouble: this.#trouble }
    this.#screen.draw(topLines(this.#figures, { ...view, isLive: true }))
  }

  #end(code: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#screen.close()
    this.#ended(code)
  }
}

/** Throws NOT_RUNNING. */
async function read(flags: TopFlags): Promise<Reading> {
  const gateway = flags.url === undefined ? ownGateway() : { pid: 0, status: addressOf(flags.url) }
  const { sluice: status } = await ask(gateway, '/status')
  if (status?.routes === undefined) {
    throw new GatewayError(faults.NOT_RUNNING, `${gateway.status} is not the status listener of this version`)
  }
  const atMs = performance.now()
  const isMore = status.routes_seen > ROUTES_IN_STATUS
  const routes = isMore ? (await ask(gateway, '/status/routes')).routes : status.routes
  return { atMs, status, routes }
}

function ownGateway(): Running {
  const gateway = running()
  if (gateway.status === '') {
    throw new GatewayError(
      faults.NOT_RUNNING,
      'the status listener is off: set SLUICE_STATUS_LISTEN, or name a --url',
    )
  }
  return gateway
}

/** What a gateway of this version sends. */
async function ask(gateway: Running, path: string): Promise<Answer> {
  const answer = await askStatus(gateway, path)
  if (answer?.status !== 200) {
    throw new GatewayError(faults.NOT_RUNNING, `nothing answers ${path} at ${gateway.status}`)
  }
  try {
    return JSON.parse(answer.body)
  } catch {
    throw new GatewayError(faults.NOT_RUNNING, `${gateway.status} answers ${path} with what is not JSON`)
  }
}

interface Answer {
  readonly sluice: Reading['status']
  readonly routes: Reading['routes']
}

/** As the pid file has it. */
function addressOf(url: string): string {
  if (url.startsWith('unix:')) return url
  return new URL(url).host
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
