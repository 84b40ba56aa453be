/** check-log-places — a log file that cannot be written stops the start, where it can still be said to somebody. */
import { faults, GatewayError } from '../../base/faults.ts'
import type { Environment } from '../../config/env/env.ts'
import { tryPlace } from '../../shipping/file-writer.ts'
import { ACCESS_MODE } from './thread/lines-sink.ts'

/** Throws GatewayError LOG_PLACE. Makes the files that are not there yet. */
export function checkLogPlaces({ proxyAccessLog, streamAccessLog }: Environment): void {
  for (const place of [proxyAccessLog, streamAccessLog]) {
    try {
      if (place !== '') tryPlace(place, ACCESS_MODE)
    } catch (cause) {
      throw new GatewayError(faults.LOG_PLACE, cause instanceof Error ? cause.message : String(cause), cause)
    }
  }
}
