/**
 * idle-connections — what kept-alive connections that do nothing cost: memory, CPU time, the wait of those that ask.
 *
 *     node dist/bench/measure/idle-connections.js [--connections 10000] [--workers 1] [--profile NAME]
 *
 * It starts a gateway, sends one request over each connection and leaves them open. Linux only: the figures are from
 * /proc, and the connections come from as many addresses of 127.0.0.0/8 as the range of ports asks for. Memory of the
 * kernel for sockets is not in the resident size, nor here.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readFilesMax } from '../../src/boot/machine.ts'
import { ownFolder } from './ending.ts'
import { IdleClients, probe, type Waits } from './idle-clients.ts'
import { fittingConnections, sourcesFor } from './idle-limits.ts'
import { cpuUs, memoryKb } from './proc.ts'
import { Child, freePort } from './run-child.ts'

const CONNECTIONS = 10_000
/** Longer than the 5 s after which a worker tells its heap. */
const SETTLE_MS = 6000
const WARM_REQUESTS = 5000
const PROBE_MS = 3000

interface Asked {
  readonly connections: number
  readonly workers: number
  readonly profile: string
}

interface Sight {
  readonly rssKb: number
  readonly heapBytes: number
  readonly connections: number
  readonly waits: Waits
  /** Microseconds of CPU a second, the probe's requests included. */
  readonly cpuUs: number
}

function readAsked(): Asked {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string' },
      workers: { type: 'string', default: '1' },
      profile: { type: 'string', default: '' },
    },
  })
  const workers = Number(values.workers)
  const most = fittingConnections(readFilesMax(), workers)
  const wanted = Number(values.connections ?? Math.min(CONNECTIONS, most))
  if (!(Number.isInteger(workers) && workers > 0 && Number.isInteger(wanted) && wanted > 0))
    throw new Error('--connections and --workers are integers above 0')
  if (wanted > most)
    throw new Error(
      `the limit of open files (ulimit -n) is ${readFilesMax()}: enough for ${most} connections`,
    )
  if (wanted < CONNECTIONS && values.connections === undefined)
    console.log(
      `the limit of open files (ulimit -n) is ${readFilesMax()}: ${wanted} connections, not ${CONNECTIONS}`,
    )
  return { connections: wanted, workers, profile: values.profile }
}

class Bench {
  readonly #asked: Asked
  readonly #folder = ownFolder('sluice-idle-')
  readonly #origin = http.createServer((_, response) => response.setHeader('Content-Length', 2).end('ok'))
  #gateway: Child | null = null
  #port = 0
  #statusPort = 0

  constructor(asked: Asked) {
    this.#asked = asked
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#origin.listen(0, '127.0.0.1', resolve))
    this.#port = await freePort()
    this.#statusPort = await freePort()
    const { port } = this.#origin.address() as AddressInfo // a TCP server's address is never a string
    const services = [{ host: '127.0.0.1', port, routes: [{ paths: ['/'] }] }]
    const config = join(this.#folder.path, 'kong.json')
    writeFileSync(config, JSON.stringify({ _format_version: '3.0', services }))
    const main = fileURLToPath(new URL('../../src/main.js', import.meta.url))
    this.#gateway = new Child({
      command: [process.execPath, main, 'start', '--config', config],
      env: this.#environment(),
      cores: [],
    })
    await this.#gateway.accepting(this.#port)
  }

  #environment(): Record<string, string> {
    const { connections, workers, profile } = this.#asked
    return {
      SLUICE_PROFILE: profile,
      SLUICE_PREFIX: this.#folder.path,
      SLUICE_PROXY_LISTEN: `127.0.0.1:${this.#port}`,
      SLUICE_STATUS_LISTEN: `127.0.0.1:${this.#statusPort}`,
      SLUICE_WORKERS: String(workers),
      SLUICE_CONNECTIONS_MAX: String(connections + 1),
      // None of them may age out while it is looked at.
      SLUICE_KEEPALIVE_TIMEOUT: '1h',
    }
  }

  async run(): Promise<readonly [before: Sight, after: Sight]> {
    await probe(this.#port, { everyMs: 0, count: WARM_REQUESTS })
    const before = await this.#look()
    const clients = new IdleClients(this.#port, sourcesFor(this.#asked.connections, readPortRange()))
    await clients.open(this.#asked.connections)
    const after = await this.#look()
    if (clients.lost > 0) throw new Error(`${clients.lost} connections were closed by the gateway`)
    clients.close()
    return [before, after]
  }

  async #look(): Promise<Sight> {
    const pid = this.#gateway!.pid
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const { steadyKb } = memoryKb(pid)
    const text = await (await fetch(`http://127.0.0.1:${this.#statusPort}/metrics`)).text()
    const startUs = cpuUs(pid)
    const waits = await probe(this.#port, { everyMs: 10, count: PROBE_MS / 10 })
    return {
      rssKb: steadyKb,
      heapBytes: metric(text, 'sluice_worker_heap_bytes'),
      connections: metric(text, 'sluice_connections{state="active"}'),
      waits,
      cpuUs: ((cpuUs(pid) - startUs) / PROBE_MS) * 1000,
    }
  }

  async close(): Promise<void> {
    await this.#gateway?.stop()
    this.#origin.close()
    this.#origin.closeAllConnections()
    this.#folder.remove()
  }
}

function metric(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? Number.NaN)
}

function readPortRange(): readonly [first: number, last: number] {
  const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number)
  return [first!, last!]
}

function print(asked: Asked, before: Sight, after: Sight): void {
  const added = after.connections - before.connections
  const profile = asked.profile === '' ? 'no profile' : asked.profile
  console.log(
    `${added} idle connections, ${asked.workers} workers, ${profile}, Node ${process.versions.node}`,
  )
  for (const [when, sight] of [
    ['without', before],
    ['with', after],
  ] as const) {
    const { p50Ms, p99Ms, maxMs } = sight.waits
    console.log(
      `${when.padEnd(8)} ${(sight.rssKb / 1024).toFixed(1)} MB resident, heaps ${(sight.heapBytes / 1024 ** 2).toFixed(1)} MB, ` +
        `CPU ${(sight.cpuUs / 1000).toFixed(1)} ms/s at 100 requests/s, ` +
        `their wait p50 ${p50Ms.toFixed(2)} p99 ${p99Ms.toFixed(2)} max ${maxMs.toFixed(2)} ms`,
    )
  }
  const eachBytes = ((after.rssKb - before.rssKb) * 1024) / added
  const heapEach = (after.heapBytes - before.heapBytes) / added
  if (eachBytes <= 0 || heapEach <= 0)
    console.log('each     less than what the heap does by itself: ask for more')
  else
    console.log(
      `each     ${Math.round(eachBytes)} bytes resident, ${Math.round(heapEach)} of them in the heap`,
    )
}

async function main(): Promise<void> {
  const asked = readAsked()
  const bench = new Bench(asked)
  try {
    await bench.open()
    const [before, after] = await bench.run()
    if (after.connections < asked.connections)
      throw new Error(`the gateway holds ${after.connections} of ${asked.connections} connections`)
    print(asked, before, after)
  } finally {
    await bench.close()
  }
}

main().catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exitCode = 1
})
