/**
 * piped-program — a program that reads lines on its standard input, started when there are some and again when it ends.
 *
 * WHAT    `write` resolves when the pipe has taken the lines. The program's own words are in the error when it ends.
 *
 * LIMITS  A program that ends at once is started again after AGAIN_MS, twice that, and so on up to AGAIN_MAX_MS. What
 *         was in its pipe when it ended (64 KiB at most) is lost unseen.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export interface ProgramSettings {
  readonly command: string
  readonly words: readonly string[]
  /** For each write. */
  readonly timeoutMs: number
}

type Child = ChildProcessByStdio<Writable, null, Readable>

/** One that cannot do its work says so within this time, and nothing is written to it before. */
const SETTLE_MS = 100
/** One that ran so long has worked: its successor need not wait. */
const WORKED_MS = 10_000
const AGAIN_MS = 100
const AGAIN_MAX_MS = 30_000
const SAID_MAX = 300

export class PipedProgram {
  readonly #settings: ProgramSettings
  readonly #onSaid: (words: string) => void
  #child: Child | null
  /** In a row. */
  #failures: number
  #isClosed: boolean

  /** `onSaid`: what it writes to its standard error. */
  constructor(settings: ProgramSettings, onSaid: (words: string) => void) {
    this.#settings = settings
    this.#onSaid = onSaid
    this.#child = null
    this.#failures = 0
    this.#isClosed = false
  }

  async write(lines: string): Promise<void> {
    const child = this.#child ?? (await this.#start())
    const { command, timeoutMs } = this.#settings
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        leave(new Error(`${command} did not take it within ${timeoutMs} ms`))
      }, timeoutMs)
      const onExit = () => leave(new Error(`${command} ended`))
      const leave = (error: Error | null) => {
        clearTimeout(timer)
        child.off('exit', onExit)
        if (error === null) resolve()
        else reject(error)
      }
      child.once('exit', onExit)
      child.stdin.write(lines, (error) => {
        const isGone = child.stdin.destroyed
        leave(error ?? (isGone ? new Error(`${command} reads no more`) : null))
      })
    })
  }

  /** Lets it read what it has been given; ends it when that takes longer than `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true
    const child = this.#child
    if (child === null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.stdin.end()
    })
  }

  async #start(): Promise<Child> {
    if (this.#failures > 0) await pause(Math.min(AGAIN_MS * 2 ** (this.#failures - 1), AGAIN_MAX_MS))
    if (this.#isClosed) throw new Error('the sink is closed')
    const { command, words } = this.#settings
    const env = { PATH: process.env['PATH'] }
    const child = spawn(command, words, { stdio: ['pipe', 'ignore', 'pipe'], env })
    const startedMs = performance.now()
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = text.trim().slice(0, SAID_MAX)
      this.#onSaid(said)
    })
    // A pipe whose reader is gone: the exit tells why.
    child.stdin.on('error', () => {})
    const ended = new Promise<Error>((resolve) => {
      child.once('error', (error) => resolve(error))
      child.once('exit', (code, signal) => resolve(new Error(`${command} ended (${signal ?? code}) ${said}`)))
    })
    void ended.then(() => {
      if (this.#child === child) this.#child = null
      this.#failures = performance.now() - startedMs > WORKED_MS ? 1 : this.#failures + 1
    })
    const problem = await Promise.race([ended, pause(SETTLE_MS)])
    if (problem instanceof Error) throw problem
    if (this.#isClosed) {
      child.stdin.end()
      throw new Error('the sink is closed')
    }
    this.#child = child
    return child
  }
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null))
}
