/** command-line — what the words behind a micro bench's name ask for. */
import { parseArgs } from 'node:util'
import type { Settings } from './bench.ts'

export interface Command {
  readonly settings: Settings
  readonly json: boolean
}

export const USAGE = `options:
  --rounds N     stretches of runs of each case; the median counts (9)
  --batch-ms N   how long a stretch is at least (50)
  --only TEXT    the groups with TEXT in "bench / group"; may be given several times
  --json         figures as JSON on stdout
  --quick        one short round with small tables: to see that it runs, not how fast`

const QUICK = { rounds: 1, batchMs: 1, quick: true }

/** Throws an Error for people when a word is not known or a number is none. */
export function readCommand(words: readonly string[]): Command {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rounds: { type: 'string', default: '9' },
      'batch-ms': { type: 'string', default: '50' },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  })
  const full = {
    rounds: positive('--rounds', values.rounds),
    batchMs: positive('--batch-ms', values['batch-ms']),
    quick: false,
  }
  return { settings: { ...(values.quick ? QUICK : full), only: values.only }, json: values.json }
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`${name} is a whole number above 0, not "${text}"`)
  return number
}
