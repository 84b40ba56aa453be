/** Closed-loop load by wrk, pinned to the load's cores: of the load generators the one that takes least of them. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onEnding, ownFolder } from '../measure/ending.ts'
import { has } from '../measure/run-child.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'
import { MARK, makeWrkScript } from './wrk-script.ts'

const run = promisify(execFile)
const canPin = has('taskset')

export async function runWrk(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult> {
  const folder = ownFolder('sluice-wrk-')
  let forget = (): void => {}
  try {
    const script = join(folder.path, 'load.lua')
    writeFileSync(script, makeWrkScript(load), 'latin1')
    const running = run(...command(load, cores, script))
    forget = onEnding(() => void running.child.kill('SIGKILL'))
    return read((await running).stdout)
  } finally {
    forget()
    folder.remove()
  }
}

/** wrk gives each thread the same number of connections and leaves the rest out, so only a divisor uses all of them. */
export function threadsFor(connections: number, cores: number): number {
  let threads = Math.max(1, Math.min(cores, connections))
  while (connections % threads !== 0) threads--
  return threads
}

function command(load: ClosedLoad, cores: readonly number[], script: string): [string, string[]] {
  const size = [
    `-t${threadsFor(load.connections, cores.length)}`,
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    '--timeout',
    '10s',
  ]
  const words = ['wrk', ...size, '-s', script, `${load.origin}${load.paths[0]}`]
  if (cores.length > 0 && canPin) words.unshift('taskset', '-c', cores.join(','))
  return [words[0]!, words.slice(1)]
}

function read(stdout: string): ClosedResult {
  const line = stdout.split('\n').find((one) => one.startsWith(MARK))
  if (line === undefined) throw new Error(`wrk did not say what came of it: ${stdout.trim()}`)
  const { requests, us, errors } = JSON.parse(line.slice(MARK.length)) // of our own script
  return { requests, seconds: us / 1e6, errors, closedLoopHistogram: null }
}
