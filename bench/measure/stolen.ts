/**
 * stolen — how much of a virtual machine's time its host gave to others (steal of /proc/stat).
 *
 * It comes in pieces of milliseconds, to load and gateway alike, and is no gateway's doing: what was measured meanwhile
 * says nothing of a tail.
 */
import { readFileSync } from 'node:fs'

export interface Ticks {
  readonly stolen: number
  readonly all: number
}

/** Of all cores; zeroes where the kernel does not tell. */
export function readTicks(stat = readStat()): Ticks {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, stolen = 0] =
    /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? []
  return { stolen, all: user + nice + system + idle + wait + irq + softIrq + stolen }
}

/** The share of the time since `before`. */
export function stolenSince(before: Ticks, now = readTicks()): number {
  return now.all === before.all ? 0 : (now.stolen - before.stolen) / (now.all - before.all)
}

function readStat(): string {
  return process.platform === 'linux' ? readFileSync('/proc/stat', 'utf8') : ''
}
