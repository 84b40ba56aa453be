/** flame — where the CPU time of a gateway under load goes, as a profile that opens in Chrome and in speedscope. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/boot/machine.ts'
import { ownFolder } from '../measure/ending.ts'
import { readMachine } from '../measure/machine.ts'
import { cpuUs } from '../measure/proc.ts'
import { peers } from '../peers/all-peers.ts'
import { type FlameOptions, readOptions, USAGE } from './options.ts'
import { readPerf, recordPerf } from './perf-samples.ts'
import type { WorkerProfile } from './profile-workers.ts'
import { profileRunning } from './running.ts'
import { summarize } from './summary.ts'
import { countSyscalls } from './syscalls.ts'
import { summaryText, syscallTable, whereTable } from './tables.ts'
import { UnderLoad } from './under-load.ts'

const WARM_UP_SECONDS = 3
/** Load goes on for so long before and after what is measured. */
const MARGIN_SECONDS = 1
const STRACE_SECONDS = 2

async function main(options: FlameOptions): Promise<void> {
  if (options.help) return console.log(USAGE)
  if (options.pid === 0 && options.inspector === '') return underLoad(options)
  const workers = await profileRunning(options.pid, options.inspector, options)
  show(options, workers, 0)
}

async function underLoad(options: FlameOptions): Promise<void> {
  const peer = peers.find(({ name, isNode }) => isNode && name === options.peer)
  if (peer === undefined) throw new Error(`no peer on Node is named ${options.peer}`)
  // Any free port for the inspector: another program's may be open on this machine.
  const nodeFlags = ['--inspect-port=0', ...(options.where ? ['--perf-basic-prof'] : [])]
  const { scenario, workers } = options
  const { cpu, cores, kernel, node, commit } = readMachine()
  console.log(`${cpu}, ${cores} cores, ${kernel}, Node ${node}, ${commit}: ${scenario.name}, ${peer.name}`)
  const gateway = await UnderLoad.open(scenario, peer, { workers, nodeFlags })
  try {
    await gateway.drive(WARM_UP_SECONDS)
    const before = cpuUs(gateway.pid)
    const { requests, seconds } = await gateway.drive(options.seconds)
    const us = (cpuUs(gateway.pid) - before) / requests
    console.log(`${us.toFixed(2)} µs CPU a request, ${(requests / seconds).toFixed(0)} requests/s\n`)
    if (options.where) await showWhere(gateway, options, us)
    else show(options, await loaded(gateway, options), us)
  } finally {
    await gateway.close()
  }
}

async function loaded(gateway: UnderLoad, options: FlameOptions): Promise<WorkerProfile[]> {
  const load = gateway.drive(options.seconds + 2 * MARGIN_SECONDS)
  const [profiles] = await Promise.all([
    pause(MARGIN_SECONDS).then(() => profileRunning(gateway.pid, '', options)),
    load,
  ])
  return profiles
}

function show(options: FlameOptions, workers: readonly WorkerProfile[], us: number): void {
  const folder = join(packageRoot(), 'bench', 'results')
  mkdirSync(folder, { recursive: true })
  const what = options.pid === 0 ? options.scenario.name : String(options.pid)
  const out = options.out || join(folder, `flame-${what}`)
  for (const [i, { name, profile, cpu }] of workers.entries()) {
    const file = `${out}${workers.length === 1 ? '' : `-${i + 1}`}.cpuprofile`
    writeFileSync(file, JSON.stringify(profile))
    const used = cpu.userUs + cpu.systemUs
    const busy = `${((used / options.seconds / 1e6) * 100).toFixed(0)} % of a core`
    const inKernel = `${((cpu.systemUs / Math.max(1, used)) * 100).toFixed(0)} % of that in the kernel`
    console.log(`${name}: ${busy}, ${inKernel}\n`)
    console.log(summaryText(summarize(profile, used), us))
    console.log(`${file}: open it in Chrome (DevTools, Performance, Load profile) or at speedscope.app\n`)
  }
}

async function showWhere(gateway: UnderLoad, options: FlameOptions, us: number): Promise<void> {
  const folder = ownFolder('sluice-perf-')
  try {
    const file = join(folder.path, 'samples')
    const load = gateway.drive(options.seconds + 2 * MARGIN_SECONDS)
    const recorded = pause(MARGIN_SECONDS).then(() => recordPerf(gateway.pid, options.seconds, file))
    await Promise.all([recorded, load])
    console.log(`${whereTable(readPerf(file), us)}\n`)
  } finally {
    folder.remove()
  }
  let requests = 0
  const counts = await countSyscalls(gateway.pid, async () => {
    requests = (await gateway.drive(STRACE_SECONDS)).requests
  })
  console.log(syscallTable(counts, requests))
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}

main(readOptions(process.argv.slice(2))).catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exitCode = 1
})
