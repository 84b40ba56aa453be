/** write-result — keeps what was found as whole files, and reads a run's JSON with all its histograms again. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RunResult } from './result.ts'

/** `2026-01-02-0304-v0.1.0-12-gabcdef`, without an ending. The minute is in it, so that a second run of a day does not replace the first. */
export function nameOfRun(run: RunResult): string {
  const minute = run.startedAt.slice(0, 16).replace('T', '-').replace(':', '')
  return `${minute}-${run.machine.commit}`.replace(/[^A-Za-z0-9.-]+/g, '_')
}

/** Never half a file, whatever ends the program. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.part`
  try {
    writeFileSync(draft, text)
    renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

export function readResult(file: string): RunResult {
  const parsed: unknown = parse(file)
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${file}: not a result of the bench`)
  const format = 'format' in parsed ? parsed.format : undefined
  if (format !== 1) throw new Error(`${file}: format ${String(format)} is not known; this bench reads 1`)
  if (!('scenarios' in parsed) || !Array.isArray(parsed.scenarios))
    throw new Error(`${file}: it has no scenarios`)
  return completed(parsed as RunResult) // written by the bench, as its format says
}

/** Runs of before these fields were kept: ratios were to the first. */
function completed(run: RunResult): RunResult {
  const { reference = run.scenarios[0]?.subjects[0]?.name ?? '', settings } = run
  const { originCores = [], origin = 'not kept', workers = settings.gatewayCores.length } = settings
  return { ...run, reference, settings: { ...settings, originCores, origin, workers } }
}

function parse(file: string): unknown {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${file}: not JSON`, { cause: error })
  }
}
