/** run-open-load — open-loop load from a process of its own, so that nothing else shares its event loop. */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { askProcess } from './ask-process.ts'
import type { OpenLoad, OpenResult } from './load.ts'

const PROGRAM = new URL(`./generator-main${extname(import.meta.url)}`, import.meta.url)

/** What the generator's process is asked. */
export interface OpenQuestion {
  readonly load: OpenLoad
  /** It may have to share its core, with the origin for one. */
  readonly isGuest: boolean
}

/** For starting, and for the histograms. */
const SPARE_MS = 30_000
/** The host is tried, the connections opened, the last answers waited for: each for no longer than the timeout. */
const TIMEOUTS = 4

/** `cores` are CPU numbers; empty for any. Where there is but one, the generator takes what others leave of it. */
export function runOpenLoad(load: OpenLoad, cores: readonly number[]): Promise<OpenResult> {
  const isGuest = (cores.length === 0 ? availableParallelism() : cores.length) === 1
  const question: OpenQuestion = { load, isGuest }
  const lastsMs = (load.warmUpSeconds + load.seconds) * 1000
  const withinMs = lastsMs + TIMEOUTS * load.timeoutMs + SPARE_MS
  return askProcess({ program: PROGRAM, cores, withinMs }, question)
}
