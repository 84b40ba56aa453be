/** Reads the environment for a command, and says all that is wrong with it. */
import { faults, GatewayError } from '../../base/faults.ts'
import { type EnvironmentReading, readEnvironment } from '../../config/env/env-read.ts'
import { checkAccessFormat } from '../../observe/access/open-access-line.ts'
import { readMachine } from '../machine.ts'
import { openProfile, placeOf, profileAsked, withProfile } from './profile.ts'

/** `profile` outranks the environment's. Throws ENVIRONMENT_INVALID after naming every problem on stderr. */
export function readSettings(profile?: string): EnvironmentReading {
  const reading = withFormat(readGiven(profileAsked(process.env, profile)))
  const errors = reading.problems.filter((problem) => problem.level === 'error')
  for (const { name, message } of errors) process.stderr.write(`${name}: ${message}\n`)
  if (errors.length > 0) throw new GatewayError(faults.ENVIRONMENT_INVALID, plural(errors.length, 'problem'))
  return reading
}

function readGiven(asked: string): EnvironmentReading {
  if (asked === '') return readEnvironment(process.env, readMachine())
  const profile = openProfile(asked)
  const reading = readEnvironment(withProfile(process.env, profile, asked), readMachine())
  const problems = reading.problems.map((problem) => ({
    ...problem,
    name: placeOf(problem.name, process.env, profile),
  }))
  return { ...reading, problems: [...profile.problems, ...problems] }
}

/** The environment's table does not know what writes access lines. */
function withFormat(reading: EnvironmentReading): EnvironmentReading {
  const message = checkAccessFormat(reading.environment.accessLogFormat)
  if (message === '') return reading
  const { accessLogFormat, nginxLogFormat } = reading.environment
  const isNamed = nginxLogFormat.text !== '' && nginxLogFormat.text === accessLogFormat
  const name =
    reading.given.get('accessLogFormat') ??
    reading.given.get(isNamed ? 'nginxLogFormat' : 'proxyAccessLog') ??
    'PROXY_ACCESS_LOG_FORMAT'
  return { ...reading, problems: [...reading.problems, { level: 'error', name, message }] }
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
