/** Reads the environment by the table: every problem in one run, unknown names with the name that was likely meant. */

import { nearestWord } from '../problems.ts'
import { type Environment, variables } from './env.ts'
import { Wrong } from './env-kinds.ts'
import { saysNothing, withoutEffect } from './env-kong.ts'
import { settleAccessLog } from './env-logs.ts'
import type { Variable } from './env-row.ts'

/** What the defaults depend on. */
export interface Machine {
  readonly cores: number
  /** The limit of open files; 0 when it is not known. */
  readonly filesMax: number
  /** Where the pid file goes when PREFIX says nothing. */
  readonly runtimeDir: string
}

export interface EnvironmentProblem {
  readonly level: 'error' | 'warning'
  /** The variable as it was given. */
  readonly name: string
  readonly message: string
}

export interface EnvironmentReading {
  readonly environment: Environment
  readonly problems: readonly EnvironmentProblem[]
  /** Names that were given, by property; what is not here is a default. */
  readonly given: ReadonlyMap<string, string>
}

type Given = Readonly<Record<string, string | undefined>>

const OURS = 'SLUICE_'
const KONGS = 'KONG_'
const CONNECTIONS = 16_384
/** Descriptors that are no connections: files, timers, other threads. */
const FILES_RESERVED = 256

const known: ReadonlySet<string> = new Set(
  Object.values(variables).flatMap((variable) => [variable.name, ...variable.aliases]),
)

export function readEnvironment(given: Given, machine: Machine): EnvironmentReading {
  const problems = unknownNames(given)
  const from = new Map<string, string>()
  const values: Record<string, unknown> = {}
  for (const [property, variable] of Object.entries(variables)) {
    const name = nameGiven(given, variable)
    if (name !== null) from.set(property, name)
    values[property] = readOne(variable, name === null ? '' : (given[name] ?? '').trim(), name, problems)
  }
  // The table's type says what each property holds; the loop above has filled every one of them.
  const environment = completed(settleLogs(values as unknown as Environment, from, problems), machine)
  checkTogether(environment, from, problems)
  return { environment, problems, given: from }
}

/** The variable that counts: ours before Kong's, the plain name before its aliases. */
function nameGiven(given: Given, variable: Variable<unknown>): string | null {
  for (const prefix of [OURS, KONGS]) {
    for (const name of [variable.name, ...variable.aliases]) {
      if (given[prefix + name] !== undefined) return prefix + name
    }
  }
  return null
}

function readOne(
  variable: Variable<unknown>,
  text: string,
  name: string | null,
  problems: EnvironmentProblem[],
): unknown {
  // An empty value is what compose files and charts leave behind for "not set".
  const value = variable.kind.read(text === '' ? variable.fallback : text)
  if (!(value instanceof Wrong)) return value
  problems.push({ level: 'error', name: name ?? variable.name, message: value.message })
  return variable.kind.read(variable.fallback)
}

function unknownNames(given: Given): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = []
  for (const name of Object.keys(given).sort()) {
    const prefix = [OURS, KONGS].find((each) => name.startsWith(each))
    if (prefix === undefined || known.has(name.slice(prefix.length))) continue
    const problem = unknownName(prefix, name, given[name] ?? '')
    if (problem !== null) problems.push(problem)
  }
  return problems
}

function unknownName(prefix: string, name: string, value: string): EnvironmentProblem | null {
  const bare = name.slice(prefix.length)
  if (withoutEffect.has(bare)) {
    const isSilent = value === '' || saysNothing.has(`${bare}=${value}`)
    return isSilent ? null : { level: 'warning', name, message: 'accepted, without effect here' }
  }
  const meant = nearestWord(bare, known)
  const hint = meant === null ? '' : ` (did you mean ${prefix}${meant}?)`
  // Kong passes over what it does not know, and an environment made for it may hold anything.
  if (prefix === KONGS) return { level: 'warning', name, message: `not known here, passed over${hint}` }
  return { level: 'error', name, message: `no such setting${hint}` }
}

function settleLogs(
  read: Environment,
  from: ReadonlyMap<string, string>,
  problems: EnvironmentProblem[],
): Environment {
  const settled = settleAccessLog(read.proxyAccessLog, read.accessLogFormat, read.nginxLogFormat)
  if (typeof settled !== 'string')
    return { ...read, proxyAccessLog: settled.place, accessLogFormat: settled.format }
  problems.push({ level: 'error', name: from.get('proxyAccessLog') ?? 'PROXY_ACCESS_LOG', message: settled })
  return read
}

function completed(read: Environment, machine: Machine): Environment {
  const workers = read.workers === 0 ? Math.max(1, machine.cores) : read.workers
  const prefix = read.prefix === '' ? machine.runtimeDir : read.prefix
  const connectionsMax =
    read.connectionsMax === 0 ? connectionsFor(workers, machine.filesMax) : read.connectionsMax
  return Object.freeze({ ...read, workers, prefix, connectionsMax })
}

/** A client's connection needs one to a target as well. */
function connectionsFor(workers: number, filesMax: number): number {
  if (filesMax === 0) return CONNECTIONS
  return Math.max(64, Math.min(CONNECTIONS, Math.floor((filesMax - FILES_RESERVED) / workers / 2)))
}

/** Open files that `environment` may need at once. */
export function filesNeeded(environment: Pick<Environment, 'workers' | 'connectionsMax'>): number {
  return environment.workers * environment.connectionsMax * 2 + FILES_RESERVED
}

function checkTogether(
  environment: Environment,
  from: ReadonlyMap<string, string>,
  problems: EnvironmentProblem[],
): void {
  if (environment.adminListen.length > 0) {
    problems.push({
      level: 'warning',
      name: from.get('adminListen')!,
      message: 'the Admin API is not served yet',
    })
  }
  checkCertificates(environment, problems)
  if (environment.proxyListen.length === 0 && environment.streamListen.length === 0) {
    problems.push({
      level: 'warning',
      name: from.get('proxyListen')!,
      message: 'off: no traffic will be taken',
    })
  }
  const first = from.get('declarativeConfig')
  if (
    first !== undefined &&
    environment.declarativeConfig !== '' &&
    environment.declarativeConfigString !== ''
  ) {
    const message = 'given together with DECLARATIVE_CONFIG_STRING; give one of them'
    problems.push({ level: 'error', name: first, message })
  }
}

function checkCertificates(environment: Environment, problems: EnvironmentProblem[]): void {
  const { sslCert, sslCertKey, sslCipherSuite, sslCiphers } = environment
  const error = (name: string, message: string) => problems.push({ level: 'error', name, message })
  if (sslCert.length !== sslCertKey.length)
    error(
      'SSL_CERT',
      `${sslCert.length} files, and SSL_CERT_KEY has ${sslCertKey.length}: give one key for each`,
    )
  if (sslCert.length > 2) error('SSL_CERT', 'at most two files: one for each kind of key (ECDSA, RSA)')
  if (sslCipherSuite === 'custom' && sslCiphers === '')
    error('SSL_CIPHERS', 'is empty, and SSL_CIPHER_SUITE=custom takes its suites from there')
}
