/** A machine without a log thread: for a configuration that is compiled to be judged or explained, and for tests. */
import type { LogDoor } from '../../../contract/machine/log-sinks.ts'

export const NO_LOGS: LogDoor = {
  open: () => ({ put: () => {}, close: () => {} }),
}
