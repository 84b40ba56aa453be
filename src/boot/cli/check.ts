/** `sluice check`: every problem of a configuration, with its place, without starting anything. */
import { faults, GatewayError } from '../../base/faults.ts'
import { formatProblem } from '../../config/problems.ts'
import { loadSource, sourceOf } from '../sources/config-source.ts'
import { PluginShelf } from '../sources/plugin-shelf.ts'
import { makeTrialTools, trialTlsDefaults, tryCertificates, tryCompile } from '../sources/trial.ts'
import { EXIT_OK, EXIT_REFUSED } from './exit-codes.ts'
import { plural, readSettings } from './settings.ts'

export async function check(file: string | undefined): Promise<number> {
  const { environment, problems: ofSettings } = readSettings()
  for (const { name, message } of ofSettings) process.stdout.write(`${name}: warning: ${message}\n`)
  const source = sourceOf(environment, file)
  if (source.file === '' && source.text === '') {
    throw new GatewayError(faults.CONFIG_UNREADABLE, 'name a file, or set SLUICE_DECLARATIVE_CONFIG')
  }
  const shelf = await PluginShelf.open(environment.pluginsDir)
  const { config, problems } = await loadSource(source, shelf)
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`)
  const errors = problems.filter((problem) => problem.level === 'error').length
  const warnings = problems.length - errors
  if (errors > 0 || config === null) {
    process.stdout.write(`${source.name}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}\n`)
    return EXIT_REFUSED
  }
  tryCompile(config, makeTrialTools(environment, shelf.plugins))
  tryCertificates(config, shelf.plugins, trialTlsDefaults(environment))
  const holds = [
    plural(config.services.length, 'service'),
    plural(config.routes.length, 'route'),
    plural(config.plugins.length, 'plugin'),
    plural(config.consumers.length, 'consumer'),
    plural(config.upstreams.length, 'upstream'),
  ]
  const doubts = warnings === 0 ? '' : `, ${plural(warnings, 'warning')}`
  process.stdout.write(`${source.name} is valid: ${holds.join(', ')}${doubts}\n`)
  return EXIT_OK
}
