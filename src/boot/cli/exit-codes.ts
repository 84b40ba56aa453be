/** The exit codes of the command line (docs/operating.md has the list). */
import { type FaultCode, GatewayError } from '../../base/faults.ts'

export const EXIT_OK = 0
export const EXIT_REFUSED = 1
export const EXIT_USAGE = 2
export const EXIT_PORT_IN_USE = 3
export const EXIT_PORT_FORBIDDEN = 4
export const EXIT_FILES_LIMIT = 5
export const EXIT_NOT_RUNNING = 6
export const EXIT_ENGINE = 7
/** A defect of ours: EX_SOFTWARE of sysexits. */
export const EXIT_INTERNAL = 70

const byFault: Partial<Record<FaultCode, number>> = {
  CONFIG_INVALID: EXIT_REFUSED,
  CONFIG_UNREADABLE: EXIT_REFUSED,
  ENVIRONMENT_INVALID: EXIT_REFUSED,
  PORT_IN_USE: EXIT_PORT_IN_USE,
  PORT_FORBIDDEN: EXIT_PORT_FORBIDDEN,
  FILES_LIMIT: EXIT_FILES_LIMIT,
  NOT_RUNNING: EXIT_NOT_RUNNING,
  ENGINE_UNAVAILABLE: EXIT_ENGINE,
}

/** Says what went wrong and answers the code to exit with. */
export function explainFailure(cause: unknown): number {
  if (!(cause instanceof GatewayError)) {
    process.stderr.write(`sluice: ${cause instanceof Error ? cause.stack : String(cause)}\n`)
    return EXIT_INTERNAL
  }
  process.stderr.write(`sluice: ${cause.fault.text}: ${cause.detail} (${cause.fault.code})\n`)
  return byFault[cause.fault.code as FaultCode] ?? EXIT_INTERNAL
}
