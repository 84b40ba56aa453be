/** check-files — whether the limit of open files allows what the settings ask for. */
import { faults, GatewayError } from '../base/faults.ts'
import { type EnvironmentReading, filesNeeded } from '../config/env/env-read.ts'
import type { OperatorLog } from './log/operator-log.ts'
import { readFilesMax } from './machine.ts'

/** What was asked for must be had; a default has been fitted to the limit already. */
export function checkFiles(reading: EnvironmentReading, log: OperatorLog): void {
  const filesMax = readFilesMax()
  const needed = filesNeeded(reading.environment)
  if (filesMax === 0) return
  if (reading.given.has('connectionsMax') && needed > filesMax) {
    const detail = `CONNECTIONS_MAX and WORKERS ask for ${needed} open files, the limit (ulimit -n) is ${filesMax}`
    throw new GatewayError(faults.FILES_LIMIT, detail)
  }
  if (reading.environment.connectionsMax < 1000) {
    const connections = reading.environment.connectionsMax
    log.write('warn', 'the limit of open files allows few connections', {
      filesMax,
      connectionsPerWorker: connections,
    })
  }
}
