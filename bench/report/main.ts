/**
 * Makes the table and the page of a run again, from its JSON:
 *
 *   node dist/bench/report/main.js bench/results/FILE.json [--markdown] [--gate] [--gates bench/gates.json]
 *
 * The page is written beside the JSON. With --gate the exit code is the gate's.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gateExitCode, gateText } from '../gate/gate-text.ts'
import { readGates } from '../gate/gates.ts'
import { judge, type Verdict } from '../gate/judge.ts'
import { scenarios } from '../load/scenarios.ts'
import { htmlPage } from './html.ts'
import type { RunResult } from './result.ts'
import { markdownTable, terminalTable } from './table.ts'
import { readResult, writeWhole } from './write-result.ts'

function main(words: string[]): void {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      markdown: { type: 'boolean', default: false },
      gate: { type: 'boolean', default: false },
      gates: { type: 'string', default: 'bench/gates.json' },
    },
  })
  const file = positionals[0]
  if (file === undefined) throw new Error('give the file of a run: bench/results/….json')
  const run = readResult(file)
  const verdicts = values.gate ? judgeBy(values.gates, run) : null
  const draw = values.markdown ? markdownTable : terminalTable
  for (const result of run.scenarios) console.log(`${draw(result, run)}\n`)
  const page = file.replace(/(?:\.json)?$/, '.html')
  writeWhole(page, htmlPage(run, verdicts))
  console.log(`page: ${page}`)
  if (verdicts === null) return
  console.log(gateText(verdicts))
  process.exitCode = gateExitCode(verdicts)
}

function judgeBy(path: string, run: RunResult): Verdict[] {
  const names = scenarios.map((scenario) => scenario.name)
  return judge(readGates({ path, text: readFileSync(path, 'utf8'), scenarios: names }), run)
}

try {
  main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
