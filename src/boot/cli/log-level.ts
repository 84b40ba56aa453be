/** `sluice log-level [LEVEL]`: says which lines the operator log of the running gateway shows, or changes it. */
import { EXIT_NOT_RUNNING, EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { askStatus, running } from './running.ts'

export interface LogLevelFlags {
  /** Seconds until it goes back to LOG_LEVEL; 0: it stays. */
  readonly timeout: number
}

export async function logLevel(level: string | undefined, flags: LogLevelFlags): Promise<number> {
  const gateway = running()
  const query = new URLSearchParams({ level: level ?? '', timeout: String(flags.timeout) })
  const answer =
    level === undefined
      ? await askStatus(gateway, '/status/log-level')
      : await askStatus(gateway, `/status/log-level?${query}`, 'PUT')
  if (answer === null) {
    process.stderr.write('sluice: the status listener is off or does not answer (SLUICE_STATUS_LISTEN)\n')
    return EXIT_NOT_RUNNING
  }
  const body = JSON.parse(answer.body)
  if (answer.status !== 200) {
    process.stderr.write(`sluice: ${body.message}\n`)
    return EXIT_USAGE
  }
  const back = body.seconds === 0 ? '' : `, ${body.configured} again in ${body.seconds} s`
  process.stdout.write(`${body.level}${back}\n`)
  return EXIT_OK
}
