/** `sluice reload`: asks the running gateway to read its configuration again, and says what came of it. */
import { EXIT_NOT_RUNNING, EXIT_OK, EXIT_REFUSED } from '../exit-codes.ts'
import { askStatus, running, signal, waitUntil } from '../running.ts'

const OUTCOME_MS = 30_000

interface Reloads {
  readonly taken: number
  readonly refused: number
}

export async function reload(): Promise<number> {
  const gateway = running()
  const before = await reloads()
  signal(gateway, 'SIGHUP')
  if (before === null) {
    process.stdout.write('reload asked for; with the status listener off, the log says what came of it\n')
    return EXIT_OK
  }
  let now: Reloads | null = before
  const isOver = await waitUntil(OUTCOME_MS, async () => {
    now = await reloads()
    return now === null || now.taken !== before.taken || now.refused !== before.refused
  })
  return say(isOver, before, now)

  async function reloads(): Promise<Reloads | null> {
    const answer = await askStatus(gateway, '/status')
    return answer === null ? null : JSON.parse(answer.body).sluice.reloads
  }
}

function say(isOver: boolean, before: Reloads, now: Reloads | null): number {
  if (!isOver || now === null) {
    process.stderr.write('sluice: no outcome of the reload was seen; the log knows more\n')
    return EXIT_NOT_RUNNING
  }
  if (now.refused !== before.refused) {
    process.stderr.write('sluice: the new configuration was refused, the old one stays; the log says why\n')
    return EXIT_REFUSED
  }
  process.stdout.write('reloaded\n')
  return EXIT_OK
}
