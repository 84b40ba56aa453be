/** options — what `sluice bench` was asked for; only what makes no sense is refused. */
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'

export interface UrlOptions {
  readonly urls: readonly string[]
  /** Requests a second; 0: a share of what the first URL carries. */
  readonly rate: number
  readonly connections: number
  /** Of each measurement. */
  readonly seconds: number
  readonly rounds: number
  readonly method: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Where the result goes as JSON; '' for nowhere. */
  readonly json: string
}

const RATE_MAX = 1_000_000
const SECONDS_MAX = 3600
const CONNECTIONS_MAX = 50_000
const ROUNDS_MAX = 1000
/** They say where a request ends and belong to whoever sends it. */
const OWN_FIELDS = /^(?:content-length|transfer-encoding|connection|expect|upgrade|te|trailer)$/i

type Fields = readonly (readonly [name: string, value: string])[]

interface Given {
  readonly rate: number | undefined
  readonly connections: number
  readonly seconds: number
  readonly rounds: number
  readonly method: string | undefined
  readonly header: Fields | undefined
  readonly body: Buffer | undefined
  readonly json: string | undefined
}

/** `words` without the program's own. Throws commander's errors. */
export function readUrlOptions(words: readonly string[]): UrlOptions {
  const command = makeCommand().exitOverride().parse(words, { from: 'user' })
  const given = command.opts<Given>()
  const body = given.body ?? Buffer.alloc(0)
  return {
    urls: command.processedArgs[0] as string[], // what readUrl gathered
    rate: given.rate ?? 0,
    connections: given.connections,
    seconds: given.seconds,
    rounds: given.rounds,
    method: given.method ?? (body.length > 0 ? 'POST' : 'GET'),
    fields: Object.fromEntries(given.header ?? []),
    body,
    json: given.json ?? '',
  }
}

function makeCommand(): Command {
  return new Command('sluice bench')
    .description('Measures what a gateway carries, and how long its answers take.')
    .argument('<url...>', 'what to ask for; with several, ratios are to the first', readUrl)
    .option(
      '--rate <n>',
      'requests a second; without it 60 % of what the first URL carries. They come from one process on one core, ' +
        'which keeps some ten thousand up and warns when it cannot',
      whole(RATE_MAX),
    )
    .option('--connections <n>', 'connections kept open', whole(CONNECTIONS_MAX), 64)
    .option('--seconds <n>', 'length of each measurement', whole(SECONDS_MAX), 5)
    .option('--rounds <n>', 'rounds, in which the URLs take turns', whole(ROUNDS_MAX), 3)
    .option('--method <name>', 'GET unless there is a body, then POST', readMethod)
    .option('-H, --header <line>', 'a request field, as in curl; again for more', readField)
    .option('--body <file>', 'what to send as the body of each request', readBody)
    .option('--json <file>', 'write the result there, histograms included, without the values of fields')
    .addHelpText('after', '\nHow to read what it says: docs/benchmarking.md.')
}

function whole(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text)
    if (!/^\d{1,9}$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`a whole number from 1 to ${most}`)
    return count
  }
}

function readMethod(text: string): string {
  if (!/^[A-Z]{1,20}$/.test(text) || text === 'CONNECT')
    throw new InvalidArgumentError('no method to ask with')
  return text
}

function readField(line: string, before: Fields = []): Fields {
  const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)$/.exec(line) ?? []
  if (name === '') throw new InvalidArgumentError("'Name: value', in ASCII")
  if (OWN_FIELDS.test(name)) throw new InvalidArgumentError(`${name} belongs to the load generator`)
  if (before.some(([other]) => other.toLowerCase() === name.toLowerCase()))
    throw new InvalidArgumentError(`${name} is there already: each name is sent once`)
  return [...before, [name, value.trimEnd()]]
}

function readBody(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new InvalidArgumentError(cause instanceof Error ? cause.message : String(cause))
  }
}

function readUrl(text: string, before: readonly string[] = []): readonly string[] {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError(`not an http or https URL: ${text}`)
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError(
      `a name and password belong into a field: -H 'Authorization: Basic …', for ${url.host}`,
    )
  url.hash = ''
  return [...before, url.href]
}
