/** `sluice stop`: lets the running gateway finish its exchanges, and ends it if that takes too long. */
import { EXIT_OK } from './exit-codes.ts'
import { hasEnded, running, signal, waitUntil } from './running.ts'

const KILL_MS = 2000

export async function stop(timeoutS: number): Promise<number> {
  const gateway = running()
  signal(gateway, 'SIGTERM')
  if (await waitUntil(timeoutS * 1000, () => hasEnded(gateway))) {
    process.stdout.write('stopped\n')
    return EXIT_OK
  }
  signal(gateway, 'SIGKILL')
  await waitUntil(KILL_MS, () => hasEnded(gateway))
  process.stdout.write(`stopped: killed, as it had not ended within ${timeoutS} s\n`)
  return EXIT_OK
}
