/** run — measures benches one after the other, and prints a table a group or JSON. */
import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { readMachine } from '../../measure/machine.ts'
import type { Machine } from '../../report/result.ts'
import { fullName, measureApart, measureIfApart } from './apart.ts'
import type { Bench, Settings } from './bench.ts'
import { type Command, readCommand, USAGE } from './command-line.ts'
import type { GroupResult } from './measure.ts'
import { Progress } from './progress.ts'
import { tableOf } from './table.ts'

export interface BenchResult {
  readonly name: string
  readonly groups: readonly GroupResult[]
}

/** At the end of a bench's file: runs it when the file itself is what was started. */
export async function runAlone(bench: Bench, url: string): Promise<void> {
  const started = process.argv[1]
  if (!isMainThread || started === undefined || pathToFileURL(realpathSync(started)).href !== url) return
  await runBenches([bench])
}

/** All of them, as the command line of this process asks. */
export async function runBenches(benches: readonly Bench[]): Promise<void> {
  if (await measureIfApart(benches)) return
  const command = readWords()
  if (command === null) return
  const { settings, json } = command
  const machine = readMachine()
  if (!json) console.log(machineLine(machine))
  const results: BenchResult[] = []
  for (const bench of benches) {
    const groups = await measureBench(bench, command)
    if (groups.length > 0) results.push({ name: bench.name, groups })
  }
  if (json) console.log(JSON.stringify({ format: 1, machine, settings, benches: results }))
  if (results.length > 0) return
  console.error(`no group has ${settings.only.join(' or ')} in its name`)
  process.exitCode = 2
}

async function measureBench(bench: Bench, { settings, json }: Command): Promise<GroupResult[]> {
  const groups: GroupResult[] = []
  const progress = new Progress()
  for (const group of bench.groups) {
    const name = fullName(bench, group)
    if (!isWanted(name, settings)) continue
    progress.group(name)
    const result = await measureApart(name, settings, (step) => progress.step(step))
    progress.clear()
    if (!json && groups.length === 0) console.log(`\n${bench.name}: ${bench.says}`)
    if (!json) console.log(`\n${tableOf(result)}`)
    groups.push(result)
  }
  return groups
}

function isWanted(name: string, { only }: Settings): boolean {
  return only.length === 0 || only.some((part) => name.includes(part))
}

function readWords(): Command | null {
  try {
    return readCommand(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exitCode = 2
    return null
  }
}

function machineLine({ cpu, cores, memoryMb, kernel, node, commit }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryMb} MB, ${kernel}, Node ${node}, sluice ${commit}`
}
