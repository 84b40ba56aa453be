/** Closed-loop load by wrk, pinned to the load's cores: of the load generators the one that takes least of them. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { has } from '../measure/run-child.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'
import { MARK, makeWrkScript } from './wrk-script.ts'

const run = promisify(execFile)
const canPin = has('taskset')

export async function runWrk(load: ClosedLoad, cores: readonly number[]): Promise<ClosedResult> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-wrk-'))
  try {
    const script = join(directory, 'load.lua')
    writeFileSync(script, makeWrkScript(load), 'latin1')
    return read((await run(...command(load, cores, script))).stdout)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function command(load: ClosedLoad, cores: readonly number[], script: string): [string, string[]] {
  const threads = Math.max(1, Math.min(cores.length, load.connections))
  const size = [`-t${threads}`, `-c${load.connections}`, `-d${load.seconds}s`, '--timeout', '10s']
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
