/** What `npm run bench` was asked for. */
import { parseArgs } from 'node:util'
import type { Scenario } from '../load/scenario.ts'
import { scenarios } from '../load/scenarios.ts'

export interface Options {
  readonly scenarios: readonly Scenario[]
  /** By name; the first is what the others are compared with. */
  readonly peers: readonly string[]
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
  readonly workers: number
  /** A commit to build and run beside this one, or ''. */
  readonly base: string
  /** Judge by gates.json, and end with what it says. */
  readonly gate: boolean
  /** Show that the gate catches what it is for. */
  readonly prove: boolean
  readonly capacityBy: 'wrk' | 'autocannon' | ''
  /** Of the results' files, without their endings; '' for bench/results. */
  readonly out: string
}

export const HELP = `npm run bench -- [scenario ...] [options]

  --peers a,b      who takes part; the first is what the others are compared with (nginx,sluice);
                   'all' is every peer there is
  --rounds N       rounds, in which the peers take turns (5)
  --seconds N      length of each measurement (3)
  --workers N      processes or threads of each gateway (1)
  --base COMMIT    build that commit too, and compare this one with it
  --gate           judge by bench/gates.json; ends with 1 where a bound broke, with 2 where one
                   was not measured
  --prove          put a slow and a stalling gateway before the gate; ends with 1 unless both are
                   caught
  --capacity-by P  wrk or autocannon (wrk where it is installed)
  --out FILE       results go to FILE.json and FILE.html (bench/results/DATE-COMMIT)
  --list           scenarios and peers, with their versions

Scenarios: ${scenarios.map(({ name }) => name).join(' ')}
`

/** Throws a sentence for the person who typed it. */
export function readOptions(words: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      peers: { type: 'string', default: 'nginx,sluice' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      workers: { type: 'string', default: '1' },
      base: { type: 'string', default: '' },
      gate: { type: 'boolean', default: false },
      prove: { type: 'boolean', default: false },
      'capacity-by': { type: 'string', default: '' },
      out: { type: 'string', default: '' },
    },
  })
  const capacityBy = values['capacity-by']
  if (capacityBy !== '' && capacityBy !== 'wrk' && capacityBy !== 'autocannon')
    throw new Error('--capacity-by takes wrk or autocannon')
  const peers = values.peers.split(',').filter((name) => name !== '')
  if (peers.length === 0) throw new Error('--peers names nobody')
  return {
    scenarios: positionals.length === 0 ? scenarios : positionals.map(scenarioOf),
    peers,
    rounds: wholeNumber('--rounds', values.rounds, 100),
    seconds: wholeNumber('--seconds', values.seconds, 600),
    workers: wholeNumber('--workers', values.workers, 256),
    base: values.base,
    gate: values.gate,
    prove: values.prove,
    capacityBy,
    out: values.out,
  }
}

function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found === undefined)
    throw new Error(`no scenario is named ${name}; there are ${scenarios.map((one) => one.name).join(', ')}`)
  return found
}

function wholeNumber(flag: string, text: string, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw new Error(`${flag} takes a whole number from 1 to ${most}`)
  return value
}
