/**
 * bench — CPU a request of the gateway against nginx, measured in turns in one run.
 *
 *   npm run bench -- [--connections 64,512] [--seconds 4] [--rounds 5] [--subjects nginx,sluice]
 *
 * Subjects: nginx, sluice, sluice-pipelining, sluice-uws, sluice-limited (with a rate limit in memory), sluice-redis
 * (with the same in Redis). Ratios are to the first of them.
 *
 * The gateway has core 0; load and origin share core 1. Rounds alternate between the subjects, and what counts is the
 * median of each round's ratio to the first subject, so that a machine that gets slower does so for both.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readVersion } from '../src/boot/machine.ts'
import { load as loadByAutocannon } from './load/autocannon.ts'
import type { LoadResult } from './load/load-result.ts'
import { load as loadByWrk } from './load/wrk.ts'
import { cpuUs, rssKb } from './measure/proc.ts'
import { accepting, freePort, has, start, stop } from './measure/run-child.ts'
import { originConf } from './peers/nginx.ts'
import { type Subject, subjects } from './peers/subjects.ts'

const GATEWAY_CORE = 0
const LOAD_CORE = Math.min(1, cpus().length - 1)

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '64,512' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    subjects: { type: 'string', default: 'nginx,sluice,sluice-pipelining,sluice-uws,sluice-limited' },
  },
})

/** wrk where it is installed: it takes less of the core that it shares with the origin. */
const hasWrk = has('wrk')

function load(port: number, connections: number, seconds: number): Promise<LoadResult> {
  return hasWrk
    ? loadByWrk(LOAD_CORE, port, connections, seconds)
    : loadByAutocannon(port, connections, seconds)
}

interface Running {
  readonly subject: Subject
  readonly port: number
  readonly pid: number
}

async function main(): Promise<void> {
  const missing = ['nginx', 'taskset'].filter((program) => !has(program))
  if (missing.length > 0) throw new Error(`needed and not installed: ${missing.join(', ')}`)
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const originPort = await freePort()
  const children = [start(LOAD_CORE, ['nginx', '-c', originConf(directory, originPort)])]
  try {
    await accepting(originPort)
    const redisPort = await openRedis(directory, children)
    const running: Running[] = []
    for (const subject of values.subjects.split(',').map(subjectOf)) {
      const place = { directory, port: await freePort(), originPort, redisPort }
      const child = start(GATEWAY_CORE, subject.command(place), subject.env(place))
      children.push(child)
      await accepting(place.port)
      running.push({ subject, port: place.port, pid: child.pid! })
    }
    printMachine()
    for (const connections of values.connections.split(',').map(Number)) await compare(running, connections)
  } finally {
    await Promise.all(children.map(stop))
    rmSync(directory, { recursive: true, force: true })
  }
}

async function compare(running: readonly Running[], connections: number): Promise<void> {
  for (const one of running) await load(one.port, connections, 2)
  const costs = new Map<string, number[]>(running.map((one) => [one.subject.name, []]))
  const rates = new Map<string, number[]>(running.map((one) => [one.subject.name, []]))
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const one of running) {
      const before = cpuUs(one.pid)
      const { requests, errors } = await load(one.port, connections, Number(values.seconds))
      if (errors > 0) throw new Error(`${one.subject.name}: ${errors} requests failed`)
      costs.get(one.subject.name)!.push((cpuUs(one.pid) - before) / requests)
      rates.get(one.subject.name)!.push(requests / Number(values.seconds))
    }
    console.log(`  ${connections} connections, round ${round} of ${values.rounds} done`)
  }
  const first = running[0]!.subject.name
  for (const one of running) {
    const figures = costs.get(one.subject.name)!
    const cost = `${spread(figures)} µs CPU a request, ${spread(ratiosOf(costs, one, first))} x ${first}`
    const rate = `${median(rates.get(one.subject.name)!).toFixed(0)} requests/s, ${spread(ratiosOf(rates, one, first))} x`
    const name = `${one.subject.name.padEnd(18)} ${String(connections).padStart(4)} conns`
    console.log(`${name}  ${cost}  ${rate}  ${rssKb(one.pid) >> 10} MB`)
  }
}

function subjectOf(name: string): Subject {
  const found = subjects.find((one) => one.name === name)
  if (found === undefined)
    throw new Error(`no subject is named ${name}; there are ${subjects.map((one) => one.name).join(', ')}`)
  return found
}

/** Round by round, so that a machine that gets slower does so for both. */
function ratiosOf(figures: ReadonlyMap<string, readonly number[]>, one: Running, first: string): number[] {
  return figures.get(one.subject.name)!.map((figure, round) => figure / figures.get(first)![round]!)
}

function median(figures: readonly number[]): number {
  return [...figures].sort((left, right) => left - right)[figures.length >> 1] ?? 0
}

/** On the core of the load, where another machine's would be; 0 where none is installed. */
async function openRedis(directory: string, children: ChildProcess[]): Promise<number> {
  if (!values.subjects.includes('redis')) return 0
  if (!has('redis-server')) throw new Error('needed and not installed: redis-server')
  const port = await freePort()
  const words = ['--port', String(port), '--save', '', '--dir', directory, '--daemonize', 'no']
  children.push(start(LOAD_CORE, ['redis-server', ...words, '--loglevel', 'warning']))
  await accepting(port)
  return port
}

/** median (least–most) */
function spread(figures: readonly number[]): string {
  const sorted = [...figures].sort((left, right) => left - right)
  const show = (figure: number | undefined): string => (figure ?? 0).toFixed(2)
  return `${show(sorted[sorted.length >> 1])} (${show(sorted[0])}–${show(sorted.at(-1))})`
}

function printMachine(): void {
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}, sluice ${readVersion()}`,
  )
}

await main()
