/** `sluice bench`: measures a gateway from a process of its own, which has options and help of its own. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** The bench stands beside the sources, and they may not import it. */
const PROGRAM = fileURLToPath(new URL(`../../../bench/main-url${extname(import.meta.url)}`, import.meta.url))

/** Answers its code, or 128 and the number of the signal that ended it. */
export function bench(words: readonly string[]): Promise<number> {
  if (!existsSync(PROGRAM)) throw new Error('this installation has no bench')
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: 'inherit' })
  // A terminal's signals reach both; what is sent to this process alone is handed on.
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
