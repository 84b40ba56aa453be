/** profile-workers — a CPU profile of each worker thread of a process, all over the same seconds. */
import { type CpuTime, cpuOf } from '../measure/proc.ts'
import { type Asked, evaluate, type Inspector } from './inspector.ts'
import type { CpuProfile } from './summary.ts'

const STAT = "process.getBuiltinModule('node:fs').readFileSync('/proc/thread-self/stat', 'latin1')"

export interface ProfileSettings {
  readonly seconds: number
  /** Between two samples. */
  readonly intervalUs: number
}

export interface WorkerProfile {
  readonly name: string
  readonly profile: CpuProfile
  /** What the thread used meanwhile; 0 where no /proc tells. */
  readonly cpu: CpuTime
}

export async function profileWorkers(
  inspector: Inspector,
  settings: ProfileSettings,
): Promise<WorkerProfile[]> {
  const all = await inspector.workers()
  const carrying = all.filter(({ url }) => url.endsWith('/boot/worker.js'))
  // A program that is not ours may carry traffic in whatever threads it has, or in the main one.
  const threads = carrying.length > 0 ? carrying : all.length > 0 ? all : [inspector]
  const found = await Promise.all(threads.map((thread) => profileThread(thread, settings)))
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

async function profileThread(
  thread: Asked,
  { seconds, intervalUs }: ProfileSettings,
): Promise<WorkerProfile> {
  await thread.ask('Profiler.enable')
  try {
    await thread.ask('Profiler.setSamplingInterval', { interval: intervalUs })
    await thread.ask('Profiler.start')
    const before = await readCpu(thread)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const after = await readCpu(thread)
    const { profile } = await thread.ask('Profiler.stop')
    const cpu = { userUs: after.userUs - before.userUs, systemUs: after.systemUs - before.systemUs }
    // Border: the inspector's protocol says so.
    return { name: thread.name, profile: profile as CpuProfile, cpu }
  } finally {
    await thread.ask('Profiler.disable')
  }
}

async function readCpu(thread: Asked): Promise<CpuTime> {
  try {
    return cpuOf(String(await evaluate(thread, STAT)))
  } catch {
    return { userUs: 0, systemUs: 0 } // not Linux, or an old Node
  }
}
