/** The machine and the code a result was made on, since figures of two machines do not compare. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { packageRoot, readVersion } from '../../src/boot/machine.ts'
import type { Machine } from '../report/result.ts'

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    cores: usableCores(availableParallelism(), quotaOf(process.platform === 'linux' ? readQuota() : '')),
    memoryMb: Math.round(usableMemory(totalmem(), process.constrainedMemory()) / (1 << 20)),
    kernel: `${process.platform} ${release()}`,
    node: process.version,
    commit: readCommit(packageRoot()),
  }
}

/** A container's share of CPU time may be less than the cores that it sees. */
export function usableCores(seen: number, quota: number): number {
  return Math.max(1, Math.min(seen, Math.ceil(quota)))
}

/** What a control group allows where that is less; Node says 0 or 2^64 for no bound. */
export function usableMemory(seen: number, allowed: number): number {
  return allowed > 0 ? Math.min(seen, allowed) : seen
}

/** Cores' worth of time that `cpu.max` of a control group allows: "150000 100000" is 1.5; "max 100000" is no bound. */
export function quotaOf(text: string): number {
  const [most, period] = text.trim().split(' ').map(Number)
  return most !== undefined && period !== undefined && most > 0 && period > 0 ? most / period : Infinity
}

/** `git describe` of the checkout; the version where it is none, as in a package that was installed. */
export function readCommit(folder: string): string {
  // A package within somebody's checkout would be given theirs.
  if (git(folder, 'rev-parse', '--show-prefix') !== '') return `v${readVersion()}`
  return git(folder, 'describe', '--always', '--tags', '--dirty') || `v${readVersion()}`
}

/** What it says, or null where it says no. */
function git(folder: string, ...words: string[]): string | null {
  const { status, stdout } = spawnSync('git', ['-C', folder, ...words], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

function readQuota(): string {
  try {
    return readFileSync('/sys/fs/cgroup/cpu.max', 'utf8')
  } catch {
    return '' // no control group, or the older kind: then the cores are the bound
  }
}
