#!/usr/bin/env node
/** The command line. Each command lives in boot/cli and is loaded when it is asked for. */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { EXIT_OK, EXIT_USAGE, explainFailure } from './boot/cli/exit-codes.ts'
import { readVersion } from './boot/machine.ts'

const program = new Command('sluice')
  .description("An API gateway that reads Kong's configuration, on every core, in one process.")
  .version(readVersion())
  .exitOverride()
  .addHelpText(
    'after',
    '\nSettings are environment variables: docs/config.md. Exit codes: docs/operating.md.',
  )

program
  .command('start')
  .description('run the gateway in the foreground')
  .option('-c, --config <file>', 'the kong.yml to run')
  .option('--quickstart', 'run examples/quickstart with small targets of its own')
  .option('--profile <name>', 'settings of profiles/NAME.env, or of an env file; your environment wins', one)
  .action((flags) => run(async () => (await import('./boot/cli/start.ts')).start(flags)))
program
  .command('check [file]')
  .description('tell every problem of a configuration, without starting')
  .action((file) => run(async () => (await import('./boot/cli/check.ts')).check(file)))
program
  .command('explain <method> <url>')
  .description('say which route, plugins and target a request would get, and why')
  .option('-c, --config <file>', 'the kong.yml to explain')
  .option('-H, --header <line...>', 'a request field, as in curl')
  .action((...asked) =>
    run(async () => (await import('./boot/cli/explain.ts')).explain(asked[0], asked[1], asked[2])),
  )
program
  .command('reload')
  .description('make the running gateway read its configuration again')
  .action(() => run(async () => (await import('./boot/cli/signals/reload.ts')).reload()))
program
  .command('reopen')
  .description('make the running gateway open its log files anew, after they were renamed')
  .action(() => run(async () => (await import('./boot/cli/signals/reopen.ts')).reopen()))
program
  .command('stop')
  .description('let the running gateway finish its exchanges and end')
  .option('-t, --timeout <seconds>', 'kill it after that long', seconds, 30)
  .action((flags) => run(async () => (await import('./boot/cli/stop.ts')).stop(flags.timeout)))
program
  .command('health')
  .description('say whether the gateway runs and answers')
  .action(() => run(async () => (await import('./boot/cli/health.ts')).health()))
program
  .command('top')
  .description('show what the running gateway does, live: rates, times, routes, upstreams')
  .option('--url <url>', "the gateway's status listener; that of SLUICE_PREFIX unless said", httpUrl)
  .option('--interval <seconds>', 'how often', interval, 2)
  .option('--once', 'print it once')
  .option('--json', 'print JSON')
  .action((flags) => run(async () => (await import('./boot/cli/top/top.ts')).top(flags)))
program
  .command('log-level [level]')
  .description('say which lines the operator log shows, or have it show others')
  .option('-t, --timeout <seconds>', 'go back to SLUICE_LOG_LEVEL after that long; 0 is never', seconds, 0)
  .action((level, flags) => run(async () => (await import('./boot/cli/log-level.ts')).logLevel(level, flags)))
program
  .command('hash-password')
  .description('read a password and print the hash that a kong.yml may hold in its place')
  .action(() => run(async () => (await import('./boot/cli/secrets/hash-password.ts')).hashPassword()))
program
  .command('bench')
  .description('measure what a gateway carries, and how long its answers take')
  .argument('<url...>')
  .helpOption(false)
  .allowUnknownOption()
  .action(() => run(async () => (await import('./boot/cli/bench.ts')).bench(wordsBehind('bench'))))
program
  .command('version')
  .description('print the version')
  .action(() => void process.stdout.write(`${readVersion()}\n`))

function seconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a number of seconds')
  return Number(text)
}

function interval(text: string): number {
  const value = Number(text)
  if (!/^\d{1,4}(\.\d+)?$/.test(text) || value < 0.1) throw new InvalidArgumentError('seconds, from 0.1')
  return value
}

function httpUrl(text: string): string {
  const isUrl = text.startsWith('unix:/') || (/^http:\/\//.test(text) && URL.canParse(text))
  if (!isUrl) throw new InvalidArgumentError('http://host:port, or unix:/path')
  return text
}

/** A second profile would leave open which of the two counts. */
function one(text: string, before?: string): string {
  if (before !== undefined) throw new InvalidArgumentError('it may be given once')
  if (text === '') throw new InvalidArgumentError('a name, or the path of an env file')
  return text
}

/** As they were typed: the command reads them itself. */
function wordsBehind(command: string): string[] {
  return process.argv.slice(process.argv.indexOf(command) + 1)
}

async function run(command: () => Promise<number>): Promise<void> {
  process.exit(await command().catch(explainFailure))
}

program.parseAsync().catch((cause: unknown) => {
  if (!(cause instanceof CommanderError)) process.exit(explainFailure(cause))
  process.exit(cause.exitCode === 0 ? EXIT_OK : EXIT_USAGE)
})
