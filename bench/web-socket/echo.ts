/**
 * echo — what a small message through a tunnel costs, beside nginx: CPU time each, and how many a second.
 *
 *     node dist/bench/web-socket/echo.js [--connections 64] [--rounds 5] [--seconds 3] [--engine node|uws]
 *
 * Both gateways run in turns, one worker on a core of its own; clients and server share this process, on another one.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { shareCores } from '../measure/cores.ts'
import { ownFolder } from '../measure/ending.ts'
import { cpuUs } from '../measure/proc.ts'
import { Child, freePort } from '../measure/run-child.ts'
import { nginxCommand, nginxListen } from '../peers/nginx/nginx-conf.ts'
import { EchoClients, openEchoServer, PAYLOAD_BYTES } from './echo-load.ts'

const WARM_MS = 1500
const NAMES = ['nginx', 'sluice'] as const
type Name = (typeof NAMES)[number]

interface Asked {
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
  readonly engine: string
}

interface Figure {
  readonly cpuUs: number
  readonly perSecond: number
}

function readAsked(): Asked {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '64' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      engine: { type: 'string', default: 'node' },
    },
  })
  const { engine } = values
  const [connections, rounds, seconds] = [values.connections, values.rounds, values.seconds].map(Number)
  for (const number of [connections, rounds, seconds])
    if (!(Number.isInteger(number) && number! > 0))
      throw new Error('--connections, --rounds and --seconds are integers above 0')
  return { connections: connections!, rounds: rounds!, seconds: seconds!, engine }
}

/** ngx_http_proxy_module and "WebSocket proxying" of nginx's documentation. */
function nginxAt(directory: string, port: number, originPort: number): string[] {
  const place = { directory, port, originPort, workers: 1 }
  const http = `
  server {
    ${nginxListen(place)}
    location / {
      proxy_pass http://127.0.0.1:${originPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 300s;
    }
  }`
  return nginxCommand(place, 'nginx', http)
}

function sluiceAt(directory: string, originPort: number): string[] {
  const file = join(directory, 'kong.json')
  const services = [{ host: '127.0.0.1', port: originPort, routes: [{ paths: ['/'], strip_path: false }] }]
  writeFileSync(file, JSON.stringify({ _format_version: '3.0', services }))
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url))
  return [process.execPath, main, 'start', '--config', file]
}

class Bench {
  readonly #asked: Asked
  readonly #folder = ownFolder('sluice-websocket-')
  readonly #children = new Map<Name, { child: Child; port: number }>()
  #server: { port: number; close(): void } | null = null

  constructor(asked: Asked) {
    this.#asked = asked
  }

  async open(): Promise<void> {
    const cores = shareCores(1)
    if (cores.load.length > 0) spawnSync('taskset', ['-apc', cores.load.join(','), String(process.pid)])
    this.#server = await openEchoServer()
    for (const name of NAMES) {
      const port = await freePort()
      const { path } = this.#folder
      const { port: originPort } = this.#server
      const command = name === 'nginx' ? nginxAt(path, port, originPort) : sluiceAt(path, originPort)
      const child = new Child({ command, cores: cores.gateway, env: this.#environment(path, port) })
      this.#children.set(name, { child, port })
      await child.accepting(port)
    }
  }

  #environment(path: string, port: number): Record<string, string> {
    return {
      SLUICE_PREFIX: path,
      SLUICE_PROXY_LISTEN: `127.0.0.1:${port}`,
      SLUICE_STATUS_LISTEN: 'off',
      SLUICE_WORKERS: '1',
      SLUICE_ENGINE: this.#asked.engine,
    }
  }

  async measure(name: Name): Promise<Figure> {
    const { child, port } = this.#children.get(name)!
    const clients = new EchoClients()
    await clients.open(port, this.#asked.connections)
    await pass(WARM_MS)
    const [cpuBefore, countBefore, startMs] = [cpuUs(child.pid), clients.count, performance.now()]
    await pass(this.#asked.seconds * 1000)
    const [cpu, count] = [cpuUs(child.pid) - cpuBefore, clients.count - countBefore]
    const ms = performance.now() - startMs
    clients.close()
    if (clients.lost > 0) throw new Error(`${name} closed ${clients.lost} connections`)
    return { cpuUs: cpu / count, perSecond: (count / ms) * 1000 }
  }

  async close(): Promise<void> {
    for (const { child } of this.#children.values()) await child.stop()
    this.#server?.close()
    this.#folder.remove()
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]!
}

async function main(): Promise<void> {
  const asked = readAsked()
  const bench = new Bench(asked)
  const figures: Record<Name, Figure[]> = { nginx: [], sluice: [] }
  try {
    await bench.open()
    for (let round = 0; round < asked.rounds; round++)
      for (const name of NAMES) figures[name].push(await bench.measure(name))
  } finally {
    await bench.close()
  }
  console.log(
    `${asked.connections} connections, messages of ${PAYLOAD_BYTES} bytes there and back, engine ${asked.engine}`,
  )
  for (const name of NAMES) {
    const cpu = median(figures[name].map((figure) => figure.cpuUs))
    const rate = median(figures[name].map((figure) => figure.perSecond))
    console.log(`${name.padEnd(7)} ${cpu.toFixed(2)} µs CPU a message, ${Math.round(rate)} messages/s`)
  }
  const ratios = figures.sluice.map((figure, i) => figures.nginx[i]!.cpuUs / figure.cpuUs)
  console.log(
    `speed   ${median(ratios).toFixed(2)} × nginx (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
  )
}

main().catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exitCode = 1
})
