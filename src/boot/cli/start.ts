/** `sluice start`: runs the gateway in the foreground until a signal ends it. */

import type { EnvironmentReading } from '../../config/env/env-read.ts'
import { prepareUws } from '../../flow/listener/uws.ts'
import { type OperatorLog, openOperatorLog } from '../log/operator-log.ts'
import { Gateway } from '../primary.ts'
import { type ConfigSource, sourceOf } from '../sources/config-source.ts'
import { explainFailure } from './exit-codes.ts'
import { readSettings } from './settings.ts'

export interface StartFlags {
  readonly config?: string
  readonly quickstart?: boolean
  /** A name of profiles/, or the path of an env file. */
  readonly profile?: string
}

export async function start(flags: StartFlags): Promise<number> {
  const reading = readSettings(flags.profile)
  const { environment } = reading
  if (environment.engine === 'uws') prepareUws(process.env, environment.largeClientHeaderBytes)
  const log = openOperatorLog({ level: environment.logLevel, place: environment.proxyErrorLog })
  for (const { name, message } of reading.problems) log.write('warn', message, { variable: name })
  try {
    return await run({ flags, reading, log })
  } catch (cause) {
    await log.close()
    return explainFailure(cause)
  }
}

interface Run {
  readonly flags: StartFlags
  readonly reading: EnvironmentReading
  readonly log: OperatorLog
}

async function run({ flags, reading, log }: Run): Promise<number> {
  const quickstart =
    flags.quickstart === true ? await (await import('../quickstart.ts')).openQuickstart() : null
  const flag = flags.config ?? quickstart?.file
  const source: ConfigSource = sourceOf(reading.environment, flag)
  const signals = listenToSignals()
  const gateway = await Gateway.open({ reading, source, log })
  // From the start of the process, so that loading counts.
  const tookMs = Math.round(performance.now())
  const { workers, engine } = reading.environment
  const proxy = gateway.addresses.join(', ')
  const streams = gateway.streamAddresses.join(', ') || 'off'
  const status = gateway.statusAddresses.join(', ') || 'off'
  const profile = reading.environment.profile || 'none'
  const config = source.name
  log.write('notice', 'ready', { proxy, streams, status, workers, engine, profile, config, tookMs })
  quickstart?.greet(gateway.addresses)
  signals.onReload = () => void gateway.reload('SIGHUP')
  signals.onReopen = () => gateway.reopenLogs()
  await signals.ending
  signals.onSecond = () => {
    void gateway.abort().then(() => process.exit(130))
  }
  log.write('notice', 'stopping: no new connections, exchanges under way may finish', {})
  await gateway.stop()
  await quickstart?.close()
  return 0
}

interface Signals {
  /** Resolves at the first SIGTERM, SIGQUIT or SIGINT. */
  readonly ending: Promise<void>
  onReload: () => void
  onReopen: () => void
  onSecond: () => void
}

/** From before the start on, so that a signal during it ends or reloads the gateway once it is ready. */
function listenToSignals(): Signals {
  let isEnding = false
  let isReloadAsked = false
  let end: () => void
  let reload = () => {
    isReloadAsked = true
  }
  const signals: Signals = {
    ending: new Promise((resolve) => {
      end = resolve
    }),
    onSecond: () => {},
    onReopen: () => {},
    set onReload(wanted: () => void) {
      reload = wanted
      if (isReloadAsked) wanted()
    },
  }
  process.on('SIGHUP', () => reload())
  // As nginx and Kong do it. Node keeps it for its inspector unless somebody listens.
  process.on('SIGUSR1', () => signals.onReopen())
  process.on('SIGTERM', () => end())
  // The graceful end of nginx and Kong, which scripts and images that were made for them ask for.
  process.on('SIGQUIT', () => end())
  process.on('SIGINT', () => {
    if (isEnding) signals.onSecond()
    isEnding = true
    end()
  })
  return signals
}
