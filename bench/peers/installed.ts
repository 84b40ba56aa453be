/** What is on this machine: programs by name, npm packages, and which versions they say they are. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, isAbsolute, join } from 'node:path'

/** Debian puts daemons where an ordinary user's PATH does not look. */
const ALSO = ['/usr/local/sbin', '/usr/sbin', '/sbin']
const VERSION_MS = 20_000

/** Where a program is, by its name or its path; null where it is not. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...ALSO]
  const places = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name))
  return places.find(canRun) ?? null
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false // not there, or not ours to run: the next folder may have it
  }
}

/** The program's path where there is one; its bare name tells what was missing where there is none. */
export function programOr(name: string): string {
  return findProgram(name) ?? name
}

/** Asks once and remembers: what the first group of `pattern` finds in what the command says. */
export function asksVersion(
  command: () => readonly (string | null)[],
  pattern: RegExp,
): () => Promise<string | null> {
  let known: string | null | undefined
  return async () => {
    if (known === undefined) known = askVersion(command(), pattern)
    return known
  }
}

function askVersion([program, ...words]: readonly (string | null)[], pattern: RegExp): string | null {
  if (program === null || program === undefined) return null
  const said = spawnSync(program, words as string[], { encoding: 'utf8', timeout: VERSION_MS })
  if (said.status !== 0) return null
  // nginx tells its version on standard error, the others on standard output.
  return pattern.exec(`${said.stdout}${said.stderr}`)?.[1] ?? null
}

const require = createRequire(import.meta.url)

export function packageVersion(name: string): string | null {
  try {
    const manifest = require(`${name}/package.json`) as { version: string } // npm takes no package without
    return manifest.version
  } catch {
    return null // not installed
  }
}
