/** The command line of `npm run flame`. */
import { parseArgs } from 'node:util'
import type { Scenario } from '../load/scenario.ts'
import { scenarios } from '../load/scenarios.ts'

export const USAGE = `npm run flame -- [--scenario plain-64] [--peer sluice] [--workers 1] [--where]
node dist/bench/flame/main.js --pid PID | --inspector HOST:PORT      a gateway that runs already
  --seconds 10       of each measurement
  --interval 200     µs between two samples; 1000 unless said otherwise for a gateway that runs already
  --out NAME         NAME.cpuprofile; in bench/results unless said otherwise
  --where            prints the tables of docs/where-the-time-goes.md; needs perf, and strace for the second`

export interface FlameOptions {
  readonly scenario: Scenario
  readonly peer: string
  readonly workers: number
  readonly seconds: number
  readonly intervalUs: number
  readonly out: string
  readonly where: boolean
  /** 0 to start a gateway. */
  readonly pid: number
  readonly inspector: string
  readonly help: boolean
}

export function readOptions(words: readonly string[]): FlameOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      scenario: { type: 'string', default: 'plain-64' },
      peer: { type: 'string', default: 'sluice' },
      workers: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '10' },
      interval: { type: 'string' },
      out: { type: 'string', default: '' },
      where: { type: 'boolean', default: false },
      pid: { type: 'string', default: '0' },
      inspector: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  })
  const scenario = scenarios.find(({ name }) => name === values.scenario)
  if (scenario === undefined) throw new Error(`no scenario is named ${values.scenario}`)
  // What runs already carries somebody's traffic.
  const interval = values.interval ?? (values.pid === '0' && values.inspector === '' ? '200' : '1000')
  return {
    ...values,
    scenario,
    workers: number('workers', values.workers),
    seconds: number('seconds', values.seconds),
    intervalUs: number('interval', interval),
    pid: number('pid', values.pid),
  }
}

function number(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number, not ${text}`)
  return Number(text)
}
