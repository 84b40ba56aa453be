/** profile — a preset of settings: an env file of profiles/ or of the user's own, under what the environment says. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, GatewayError } from '../../base/faults.ts'
import { variables } from '../../config/env/env.ts'
import type { EnvironmentProblem } from '../../config/env/env-read.ts'
import { nearestWord } from '../../config/problems.ts'
import { packageRoot } from '../machine.ts'

type Given = Readonly<Record<string, string | undefined>>

export interface Profile {
  readonly file: string
  readonly rows: readonly ProfileRow[]
  /** Lines that are no rows. */
  readonly problems: readonly EnvironmentProblem[]
}

export interface ProfileRow {
  readonly name: string
  readonly value: string
  /** Counted from 1. */
  readonly line: number
}

const OWN = 'SLUICE_PROFILE'
const PREFIXES = ['SLUICE_', 'KONG_']

/** By each name without prefix: all names of its setting. */
const namesOfSetting: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(variables).flatMap(({ name, aliases }) => {
    const all = [name, ...aliases]
    return all.map((each) => [each, all] as const)
  }),
)

/** What `start --profile` asks for; else the environment; '' for none. */
export function profileAsked(environment: Given, flag?: string): string {
  return flag ?? (environment[OWN] ?? environment['KONG_PROFILE'] ?? '').trim()
}

/** By name, or by path where it holds a slash or ends in `.env`. Throws ENVIRONMENT_INVALID. */
export function openProfile(asked: string): Profile {
  const isPath = asked.includes('/') || asked.endsWith('.env')
  const folder = join(packageRoot(), 'profiles')
  if (!isPath) checkName(asked, folder)
  const file = isPath ? asked : join(folder, `${asked}.env`)
  return parseProfile(readText(file), file)
}

function checkName(asked: string, folder: string): void {
  const known = profileNames(folder)
  if (known.includes(asked)) return
  const meant = nearestWord(asked, known)
  const hint = meant === null ? '' : ` (did you mean ${meant}?)`
  throw refused(
    `there is no profile '${asked}'${hint}; there are ${known.join(', ')}, or the path of an env file`,
  )
}

export function profileNames(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.env'))
  return files.map((name) => name.slice(0, -'.env'.length)).sort()
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw refused(`the profile ${file} can't be read: ${(cause as NodeJS.ErrnoException).code}`)
  }
}

/** Lines `NAME=value`, empty ones, and comments behind `#`, as systemd, docker and a shell read them all. */
export function parseProfile(text: string, file: string): Profile {
  const rows: ProfileRow[] = []
  const problems: EnvironmentProblem[] = []
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const row = parseLine(line, i + 1)
    const message = typeof row === 'string' ? row : twice(row, rows)
    if (message !== '') problems.push({ level: 'error', name: `${file}:${i + 1}`, message })
    else if (typeof row !== 'string') rows.push(row)
  }
  return { file, rows, problems }
}

/** The row, or what is wrong with it. */
function parseLine(text: string, line: number): ProfileRow | string {
  const parts = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(text)
  // What stands behind the sign may be a password, and so may a line without one.
  if (parts === null) return wrongLine(text)
  const name = parts[1]!
  if (bareName(name) === null) return `'${name}' is not a setting: their names start with SLUICE_`
  if (bareName(name) === 'PROFILE') return 'a profile names no other'
  return { name, value: unquoted(parts[2]!.trim()), line }
}

function wrongLine(text: string): string {
  const sign = text.indexOf('=')
  return sign < 0 ? 'the line is not NAME=value' : `'${text.slice(0, sign)}' is not the NAME of NAME=value`
}

function twice(row: ProfileRow, before: readonly ProfileRow[]): string {
  const first = before.find(({ name }) => name === row.name)
  return first === undefined ? '' : `${row.name} is in line ${first.line} as well`
}

/** A shell needs quotes where there are spaces. */
function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text
}

function bareName(name: string): string | null {
  const prefix = PREFIXES.find((each) => name.startsWith(each))
  return prefix === undefined ? null : name.slice(prefix.length)
}

/** The environment with the profile's rows where it says nothing itself, by any name of the same setting. */
export function withProfile(environment: Given, profile: Profile, asked: string): Given {
  const merged: Record<string, string | undefined> = { ...environment, [OWN]: asked }
  const rows = rowsInForce(environment, profile)
  // An empty value of a stronger name would hide the row's.
  for (const row of rows) for (const name of namesOf(row.name)) delete merged[name]
  for (const row of rows) merged[row.name] = row.value
  return merged
}

function rowsInForce(environment: Given, profile: Profile): ProfileRow[] {
  return profile.rows.filter(({ name }) =>
    namesOf(name).every((each) => (environment[each] ?? '').trim() === ''),
  )
}

function namesOf(name: string): string[] {
  const bare = bareName(name) ?? name
  const all = namesOfSetting.get(bare) ?? [bare]
  return PREFIXES.flatMap((prefix) => all.map((each) => prefix + each))
}

/** `file:line: NAME` for a row of the profile that counts, and the name alone for what the environment said. */
export function placeOf(name: string, environment: Given, profile: Profile): string {
  const row = rowsInForce(environment, profile).find((each) => each.name === name)
  return row === undefined ? name : `${profile.file}:${row.line}: ${name}`
}

function refused(detail: string): GatewayError {
  return new GatewayError(faults.ENVIRONMENT_INVALID, detail)
}
