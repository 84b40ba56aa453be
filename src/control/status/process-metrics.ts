/** process-metrics — what Prometheus knows of any process, under the names it has for it. */
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
