/**
 * syslog — writes a record of each request to the machine's syslog, as JSON, with a severity by its status.
 *
 * Node has no datagram socket for /dev/log, so lines go through the program `logger` of util-linux.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { definePlugin } from '../../contract/plugin.ts'
import { s } from '../../contract/schema.ts'
import { customFields } from '../../logs/custom-fields.ts'
import { LogHandler } from '../../logs/log-handler.ts'
import { FACILITIES, priorityOf, SEVERITIES } from './severities.ts'
import type { ShipSyslogSettings } from './ship-syslog.ts'

const severity = (says: string) => s.string({ required: true, default: 'info', one_of: SEVERITIES, says })

const schema = s.record({
  log_level: severity('Requests whose severity is below this one are not written.'),
  successful_severity: severity('The severity of requests with a status below 400.'),
  client_errors_severity: severity('The severity of requests with a status from 400 to 499.'),
  server_errors_severity: severity('The severity of requests with a status of 500 and above.'),
  facility: s.string({
    required: true,
    default: 'user',
    one_of: FACILITIES,
    says: 'The part of the system that syslog takes the gateway for.',
  }),
  ...customFields,
})

const COMMAND = 'logger'

export default definePlugin({
  name: 'syslog',
  summary: "Writes a record of each request to the machine's syslog.",
  priority: 4,
  schema,
  build: (config, host) => {
    if (!isInstalled(COMMAND))
      throw new Error(
        `syslog needs the program '${COMMAND}' of util-linux, and it is not in PATH: install it`,
      )
    const { facility, log_level } = config
    const settings: ShipSyslogSettings = {
      command: COMMAND,
      success: priorityOf(facility, config.successful_severity, log_level),
      clientError: priorityOf(facility, config.client_errors_severity, log_level),
      serverError: priorityOf(facility, config.server_errors_severity, log_level),
    }
    return new LogHandler(
      host.logs.open(import.meta.url, 'ship-syslog', settings),
      config.custom_fields,
      host,
    )
  },
})

function isInstalled(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, program)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // It is looked for in the next folder.
    return false
  }
}
