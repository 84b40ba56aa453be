/** Starts programs, pinned to cores where that is possible, and stops them by pid. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import net from 'node:net'
import { onEnding } from './ending.ts'
import { killTree } from './proc.ts'

const START_MS = 30_000
const STOP_MS = 10_000
/** Of what a program says on its standard error. */
const WORDS_KEPT = 2000

export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

const canPin = has('taskset')

export interface Program {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cores: readonly number[]
  /** Is told what the program writes to its standard output. */
  readonly onOutput?: (text: string) => void
}

export class Child {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #name: string
  readonly #forget: () => void
  #said = ''

  constructor({ command, env = {}, cores, onOutput }: Program) {
    const pinned = canPin && cores.length > 0 ? ['taskset', '-c', cores.join(','), ...command] : command
    this.#name = command[0]!
    this.#child = spawn(pinned[0]!, pinned.slice(1), {
      env: { ...cleanEnv(), ...env },
      stdio: ['ignore', onOutput === undefined ? 'ignore' : 'pipe', 'pipe'],
    })
    this.#child.once('error', (cause) => {
      this.#said += cause.message
    })
    this.pid = this.#child.pid ?? 0
    if (onOutput !== undefined) this.#child.stdout?.setEncoding('utf8').on('data', onOutput)
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-WORDS_KEPT)
    })
    this.#forget = onEnding(() => this.#kill())
  }

  /** With all that it started: a master that is killed alone leaves its workers behind. */
  #kill(): void {
    if (!this.isGone) killTree(this.pid)
  }

  get isGone(): boolean {
    return this.pid === 0 || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Waits until it accepts on the port; throws what it said last when it ends or takes too long. */
  async accepting(port: number): Promise<void> {
    const last = performance.now() + START_MS
    while (!this.isGone && performance.now() < last) {
      if (await accepts(port)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const what = this.isGone ? 'ended at its start' : `does not listen on port ${port}`
    throw new Error(`${this.#name} ${what}: ${this.#said.trim() || 'it said nothing'}`)
  }

  async stop(): Promise<void> {
    if (!this.isGone) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGTERM')
      const kill = setTimeout(() => this.#kill(), STOP_MS)
      await gone
      clearTimeout(kill)
    }
    this.#forget()
  }
}

/** Without the settings of gateways that whoever runs the bench may have in his environment. */
function cleanEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:SLUICE|KONG)_/.test(name))
  return Object.fromEntries(kept)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    const end = (answer: boolean) => {
      resolve(answer)
      socket.destroy()
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
    socket.setTimeout(200, () => end(false))
  })
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo // a TCP server's address is never a string
  await new Promise((resolve) => server.close(resolve))
  return port
}
