/**
 * pid-file — how the command line finds the gateway that runs: a file in PREFIX with its process and status address.
 *
 * Three lines: the pid, the time that process started (so that another process that got the same pid later is not taken
 * for the gateway), and the status listener's address.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, GatewayError } from '../base/faults.ts'

export interface Running {
  readonly pid: number
  /** `127.0.0.1:8007`, `unix:/path`, or '' when the status listener is off. */
  readonly status: string
}

const NAME = 'sluice.pid'

/** The gateway that runs with this prefix; null when there is none, also when the file is left from a dead one. */
export function findRunning(prefix: string): Running | null {
  let lines: string[]
  try {
    lines = readFileSync(join(prefix, NAME), 'utf8').split('\n')
  } catch {
    // No file, or not ours to read: either way nobody we could speak to.
    return null
  }
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid < 1 || !isAlive(pid)) return null
  return startOf(pid) === lines[1] ? { pid, status: lines[2] ?? '' } : null
}

/** Claims the prefix for this process. */
export function writePidFile(prefix: string, status: string): void {
  const running = findRunning(prefix)
  if (running !== null && running.pid !== process.pid) {
    const detail = `a gateway already runs with PREFIX ${prefix} (pid ${running.pid}); stop it, or set SLUICE_PREFIX`
    throw new GatewayError(faults.ENVIRONMENT_INVALID, detail)
  }
  try {
    mkdirSync(prefix, { recursive: true, mode: 0o700 })
    refuseForeign(prefix)
    const draft = join(prefix, `${NAME}.${process.pid}`)
    writeFileSync(draft, `${process.pid}\n${startOf(process.pid)}\n${status}\n`, { mode: 0o644 })
    renameSync(draft, join(prefix, NAME))
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    const detail = `PREFIX ${prefix} can't be written: ${(cause as Error).message}`
    throw new GatewayError(faults.ENVIRONMENT_INVALID, detail, cause)
  }
}

export function removePidFile(prefix: string): void {
  if (findRunning(prefix)?.pid === process.pid) rmSync(join(prefix, NAME), { force: true })
}

/** In a shared /tmp somebody else may have made the directory first, to choose what `stop` kills. */
function refuseForeign(prefix: string): void {
  const user = process.getuid?.() ?? 0
  const owner = lstatSync(prefix).uid
  if (owner !== user && owner !== 0 && user !== 0) {
    throw new GatewayError(faults.ENVIRONMENT_INVALID, `PREFIX ${prefix} belongs to another user`)
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Clock ticks between boot and the start of the process: field 22 of stat(5); '' where there is no /proc. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the name in parentheses and may hold anything, spaces included.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
