/** process-metrics — what the gateway's process takes, all its threads together: for /metrics and for /status. */
import { preamble, sample } from './metric-lines.ts'

const MICROSECONDS = 1e6

export function processMetrics(): string[] {
  const { user, system } = process.cpuUsage()
  const startedS = (performance.timeOrigin / 1000).toFixed(3)
  return [
    ...preamble('process_cpu_seconds_total', 'counter', 'Processor time of the process, user and system.'),
    sample('process_cpu_seconds_total', '', (user + system) / MICROSECONDS),
    ...preamble('process_resident_memory_bytes', 'gauge', 'Memory of the process that is in RAM.'),
    sample('process_resident_memory_bytes', '', process.memoryUsage.rss()),
    ...preamble('process_start_time_seconds', 'gauge', 'When the process started, in seconds since 1970.'),
    sample('process_start_time_seconds', '', Number(startedS)),
  ]
}

export interface ProcessFigures {
  readonly pid: number
  readonly uptime_seconds: number
  /** Of processor time since the start: the growth in a second is the number of cores in use. */
  readonly cpu_seconds: number
  readonly rss_bytes: number
}

export function processFigures(pid: number): ProcessFigures {
  const { user, system } = process.cpuUsage()
  return {
    pid,
    uptime_seconds: Math.round(process.uptime()),
    cpu_seconds: Math.round((user + system) / 1000) / 1000,
    rss_bytes: process.memoryUsage.rss(),
  }
}
