/** Reads the environment for a command, and says all that is wrong with it. */
import { faults, GatewayError } from '../../base/faults.ts'
import { type EnvironmentReading, readEnvironment } from '../../config/env-read.ts'
import { readMachine } from '../machine.ts'

/** Throws ENVIRONMENT_INVALID after naming every problem on stderr. */
export function readSettings(): EnvironmentReading {
  const reading = readEnvironment(process.env, readMachine())
  const errors = reading.problems.filter((problem) => problem.level === 'error')
  for (const { name, message } of errors) process.stderr.write(`${name}: ${message}\n`)
  if (errors.length > 0) throw new GatewayError(faults.ENVIRONMENT_INVALID, plural(errors.length, 'problem'))
  return reading
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
