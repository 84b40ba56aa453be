/** Closed-loop load by autocannon, in threads of one process that is pinned to the load's cores. */
import { extname } from 'node:path'
import { askProcess } from '../open-loop/ask-process.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'

/** For starting, for answers that are waited for, and for the histograms. */
const SPARE_MS = 60_000
const PROGRAM = new URL(`./autocannon-main${extname(import.meta.url)}`, import.meta.url)

/** What autocannon's process is asked. */
export interface AutocannonQuestion {
  readonly load: ClosedLoad
  readonly threads: number
}

export function hasAutocannon(): boolean {
  try {
    import.meta.resolve('autocannon')
    return true
  } catch {
    // It is an optional dependency, so a system may be without it.
    return false
  }
}

export async function runAutocannon(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult> {
  if (!hasAutocannon()) throw new Error('autocannon is not installed: npm install autocannon')
  const question: AutocannonQuestion = {
    load,
    threads: Math.max(1, Math.min(cores.length, load.connections)),
  }
  const withinMs = load.seconds * 1000 + SPARE_MS
  return await askProcess({ program: PROGRAM, cores, withinMs }, question)
}
