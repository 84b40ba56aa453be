/** Closed-loop load over HTTP/2 by h2load of nghttp2, pinned to the load's cores. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onEnding } from '../measure/ending.ts'
import { has } from '../measure/run-child.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'
import { threadsFor } from './wrk.ts'

const run = promisify(execFile)

export async function runH2load(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult> {
  const words = h2loadCommand(load, cores.length)
  if (cores.length > 0 && has('taskset')) words.unshift('taskset', '-c', cores.join(','))
  const running = run(words[0]!, words.slice(1))
  const forget = onEnding(() => void running.child.kill('SIGKILL'))
  try {
    return readH2load((await running).stdout)
  } finally {
    forget()
  }
}

export function h2loadCommand(load: ClosedLoad, cores: number): string[] {
  const { connections, streams = 1, seconds, method, upload, fields, origin, paths } = load
  // It knows GET, and POST with a file.
  if (method !== 'GET' || upload > 0) throw new Error('h2load asks with GET here, and without a body')
  const size = [`-t${threadsFor(connections, cores)}`, `-c${connections}`, `-m${streams}`, `-D${seconds}`]
  const named = Object.entries(fields).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  return ['h2load', ...size, ...named, ...paths.map((path) => `${origin}${path}`)]
}

/** What was under way at the end is neither done nor failed. */
export function readH2load(stdout: string): ClosedResult {
  const seconds = /^finished in ([\d.]+)(m?s),/m.exec(stdout)
  const counts = /^requests: .*?(\d+) done, .*?(\d+) failed/m.exec(stdout)
  if (seconds === null || counts === null)
    throw new Error(`h2load did not say what came of it: ${stdout.trim()}`)
  const unit = seconds[2] === 'ms' ? 1000 : 1
  const [requests, errors] = [Number(counts[1]), Number(counts[2])]
  if (requests === 0) throw new Error(`h2load got no answer: ${stdout.trim()}`)
  return { requests, seconds: Number(seconds[1]) / unit, errors, closedLoopHistogram: null }
}
