/** Starts the real, built gateway as a process of its own, on free ports, and stops it by its id. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../../src/boot/machine.ts'
import { freePort } from './ports.ts'

export type Engine = 'node' | 'uws'

const MAIN = fileURLToPath(new URL(`../../src/main.js`, import.meta.url))
/** The binary of the uws engine for this Node: the release that is installed for the tests has one for Node 20. */
const UWS_BINARY = join(
  packageRoot(),
  `node_modules/uWebSockets.js/binaries/uws_${process.platform}_${process.arch}_${process.versions.modules}.node`,
)
/** SLUICE_TEST_ENGINES=node leaves the other one out, while one is worked on. */
const CHOSEN = process.env['SLUICE_TEST_ENGINES'] ?? ''
const START_MS = 20_000
const STOP_MS = 10_000
const LOG_LINES_MAX = 2000

/** Why an engine cannot be tested here, or ''. */
export function engineMissing(engine: Engine): string {
  if (CHOSEN !== '' && !CHOSEN.includes(engine)) return 'SLUICE_TEST_ENGINES leaves it out'
  if (engine === 'node' || existsSync(UWS_BINARY)) return ''
  return `the uWebSockets.js installed for the tests has no binary for Node ${process.versions.node}`
}

export interface GatewayOptions {
  /** The declarative configuration: kong.yml's text. */
  readonly config: string
  readonly engine?: Engine
  /** Added to, and stronger than, the environment the kit sets; '' takes a name out. */
  readonly env?: Readonly<Record<string, string>>
  /** In place of plain HTTP on 127.0.0.1; PORT is replaced by the free port. */
  readonly listen?: string
  /** Waits for the listener here instead. */
  readonly readyPath?: string
  /** Behind `start` on the command line. */
  readonly words?: readonly string[]
}

export class Gateway {
  readonly port: number
  readonly adminPort: number
  readonly statusPort: number
  readonly engine: Engine
  readonly child: ChildProcess
  /** A folder of its own: configuration, sockets, pid file. Gone after `stop`. */
  readonly folder: string
  readonly log: string[] = []
  #exit: Promise<number | string>

  constructor(child: ChildProcess, place: Place) {
    this.child = child
    this.port = place.port
    this.adminPort = place.adminPort
    this.statusPort = place.statusPort
    this.engine = place.engine
    this.folder = place.folder
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#keep(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text))
    this.#exit = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone')),
    )
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  get configFile(): string {
    return join(this.folder, 'kong.yml')
  }

  #keep(text: string): void {
    this.log.push(...text.split('\n').filter((line) => line !== ''))
    if (this.log.length > LOG_LINES_MAX) this.log.splice(0, this.log.length - LOG_LINES_MAX)
  }

  /** Resident memory in bytes. */
  get rss(): number {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))
    return Number(found?.[1] ?? 0) * 1024
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  /** The exit code or signal, once it is gone. */
  exited(): Promise<number | string> {
    return this.#exit
  }

  /** SIGTERM, and SIGKILL when that is not heard. Answers the exit code or signal. */
  async stop(): Promise<number | string> {
    const kill = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS)
    if (this.alive) this.child.kill('SIGTERM')
    const exit = await this.#exit
    clearTimeout(kill)
    rmSync(this.folder, { recursive: true, force: true })
    return exit
  }
}

/** Starts a gateway and waits until it accepts connections. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const port = await freePort()
  const adminPort = await freePort()
  const statusPort = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  writeFileSync(join(folder, 'kong.yml'), options.config)
  const engine = options.engine ?? 'node'
  const env = makeEnvironment(options, { port, adminPort, statusPort, folder, engine })
  const child = spawn(process.execPath, [MAIN, 'start', ...(options.words ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
  })
  const gateway = new Gateway(child, { port, adminPort, statusPort, engine, folder })
  const orphan = () => child.kill('SIGKILL')
  process.once('exit', orphan)
  void gateway.exited().then(() => process.off('exit', orphan))
  const door =
    options.readyPath === undefined ? { port, host: '127.0.0.1' } : { path: join(folder, options.readyPath) }
  await waitReady(gateway, door)
  return gateway
}

type Place = Pick<Gateway, 'port' | 'adminPort' | 'statusPort' | 'engine' | 'folder'>

function makeEnvironment(options: GatewayOptions, place: Place): NodeJS.ProcessEnv {
  const listen = (options.listen ?? '127.0.0.1:PORT').replaceAll('FOLDER', place.folder)
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    SLUICE_DATABASE: 'off',
    SLUICE_PREFIX: place.folder,
    SLUICE_DECLARATIVE_CONFIG: join(place.folder, 'kong.yml'),
    SLUICE_PROXY_LISTEN: listen.replaceAll('PORT', String(place.port)),
    SLUICE_ADMIN_LISTEN: 'off',
    SLUICE_ADMIN_GUI_LISTEN: 'off',
    SLUICE_STATUS_LISTEN: `127.0.0.1:${place.statusPort}`,
    SLUICE_PROXY_ACCESS_LOG: 'off',
    SLUICE_ADMIN_ACCESS_LOG: 'off',
    SLUICE_ENGINE: place.engine,
    SLUICE_WORKERS: '1',
    SLUICE_DRAIN_MS: '500',
    ...options.env,
  }
  for (const name of Object.keys(env)) if (env[name] === '') delete env[name]
  return env
}

async function waitReady(gateway: Gateway, door: net.NetConnectOpts): Promise<void> {
  const until = performance.now() + START_MS
  while (!(await accepts(door))) {
    const why = gateway.alive ? 'it does not listen' : `it exited with ${await gateway.exited()}`
    if (gateway.alive && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      continue
    }
    const log = gateway.log.slice(-30).join('\n')
    await gateway.stop()
    throw new Error(`the gateway did not start: ${why}\n${log}`)
  }
}

function accepts(door: net.NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(door)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
