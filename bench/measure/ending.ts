/**
 * ending — what a program starts or writes on the side goes when the program goes, also when a signal ends it.
 *
 * WHAT    Closers run at the exit, and at SIGINT, SIGTERM and SIGHUP, the last added first. After a signal the program
 *         exits with 128 + its number, as a shell tells it; a second signal does not wait for closers that take time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** What has not closed by then is left. */
const CLOSE_MS = 15_000
/** A process that was killed may write for a moment longer. */
const REMOVE_AGAIN = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 } as const

/** A promise is waited for after a signal, but not at an exit. */
export type Closer = () => void | Promise<void>

const closers = new Set<{ readonly close: Closer }>()
let isWatching = false
let isEnding = false

/** Answers what takes the closer off the list: to be called when it is needed no more. */
export function onEnding(close: Closer): () => void {
  watch()
  const entry = { close }
  closers.add(entry)
  return () => void closers.delete(entry)
}

export interface OwnFolder {
  readonly path: string
  remove(): void
}

/** A new temporary folder, which does not outlive the program. */
export function ownFolder(prefix: string): OwnFolder {
  const path = mkdtempSync(join(tmpdir(), prefix))
  const erase = (): void => rmSync(path, REMOVE_AGAIN)
  const forget = onEnding(erase)
  const remove = (): void => {
    erase()
    forget()
  }
  return { path, remove }
}

function watch(): void {
  if (isWatching) return
  isWatching = true
  process.on('exit', closeAll)
  for (const signal of SIGNALS) process.on(signal, end)
}

function end(signal: NodeJS.Signals): void {
  const code = 128 + constants.signals[signal]
  if (isEnding) process.exit(code)
  isEnding = true
  const slow = closeAll()
  if (slow.length === 0) process.exit(code)
  setTimeout(() => process.exit(code), CLOSE_MS)
  void Promise.allSettled(slow).then(() => process.exit(code))
}

/** Answers those that take time. */
function closeAll(): Promise<void>[] {
  const all = [...closers].reverse()
  closers.clear()
  return all.flatMap(({ close }) => {
    try {
      const closing = close()
      return closing instanceof Promise ? [closing] : []
    } catch {
      return [] // the others are closed all the same
    }
  })
}
