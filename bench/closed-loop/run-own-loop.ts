/** run-own-loop — the closed loop of our own, in a process that is pinned to the load's cores. */
import { extname } from 'node:path'
import { askProcess } from '../open-loop/ask-process.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'

const PROGRAM = new URL(`./own-loop-main${extname(import.meta.url)}`, import.meta.url)
/** For starting and ending. */
const SPARE_MS = 30_000

export function runOwnLoop(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult> {
  return askProcess({ program: PROGRAM, cores, withinMs: load.seconds * 1000 + SPARE_MS }, load)
}
