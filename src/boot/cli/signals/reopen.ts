/** `sluice reopen`: asks the running gateway to open its log files anew by their names, as log rotation needs it. */
import { EXIT_OK } from '../exit-codes.ts'
import { running, signal } from '../running.ts'

export async function reopen(): Promise<number> {
  signal(running(), 'SIGUSR1')
  process.stdout.write('reopening asked for: within a second all log files are new ones\n')
  return EXIT_OK
}
