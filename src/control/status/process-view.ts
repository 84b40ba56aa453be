/** process-view — what the gateway's process takes: all its threads together. */

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
