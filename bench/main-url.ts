/** main-url — `sluice bench URL...`: a user's own gateway, measured as the project measures itself. */
import { CommanderError } from 'commander'
import { Progress } from './compare/progress.ts'
import { readMachine } from './measure/machine.ts'
import { writeWhole } from './report/write-result.ts'
import { figuresOfUrl } from './url/figures.ts'
import { UrlMeasurement } from './url/measure.ts'
import { readUrlOptions, type UrlOptions } from './url/options.ts'
import { urlTable } from './url/url-table.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** Answers the code to exit with. */
async function bench(options: UrlOptions): Promise<number> {
  const startedAt = new Date().toISOString()
  const machine = readMachine()
  const progress = new Progress()
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}, ${machine.commit}`,
  )
  const found = await new UrlMeasurement(options, (what) => progress.tell(what))
    .run()
    .finally(() => progress.clear())
  const figures = found.map((one) => figuresOfUrl(one, found[0]!))
  console.log(urlTable(figures))
  if (options.json !== '') {
    const { body, fields, ...settings } = options
    // Values of fields are keys and cookies, and the result is to be shown around.
    const asked = { ...settings, fieldNames: Object.keys(fields), bodyBytes: body.length }
    writeWhole(
      options.json,
      `${JSON.stringify({ format: 1, startedAt, machine, asked, figures, found }, null, 1)}\n`,
    )
  }
  return figures.some(({ errors }) => errors > 0) ? EXIT_FAILED : 0
}

async function main(words: readonly string[]): Promise<number> {
  try {
    return await bench(readUrlOptions(words))
  } catch (cause) {
    // Commander has told its own; help that was asked for is no failure.
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : EXIT_USAGE
    process.stderr.write(`sluice bench: ${cause instanceof Error ? cause.message : String(cause)}\n`)
    return EXIT_FAILED
  }
}

process.exitCode = await main(process.argv.slice(2))
