/** What the kernel says of a process tree: CPU time, and memory. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 on every Linux there is. */
const TICK_US = 10_000

export interface CpuTime {
  readonly userUs: number
  readonly systemUs: number
}

function statFields(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** From the line that /proc has of a process or thread; its second field, a name in parentheses, may hold anything. */
export function cpuOf(stat: string): CpuTime {
  const fields = statFields(stat)
  return { userUs: Number(fields[11]) * TICK_US, systemUs: Number(fields[12]) * TICK_US }
}

/** The process and all its descendants. */
export function tree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readOf(Number(name), 'stat') : null
    if (stat !== null) parents.set(Number(name), Number(statFields(stat)[1]))
  }
  const found = [root]
  for (let i = 0; i < found.length; i++) {
    for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid)
  }
  return found
}

/** Microseconds of CPU, user and system, that the tree has used so far. */
export function cpuUs(root: number, pids: readonly number[] = tree(root)): number {
  return sumOf(root, pids, 'stat', (text) => {
    const { userUs, systemUs } = cpuOf(text)
    return userUs + systemUs
  })
}

/** Kilobytes of the tree: resident now, and the most that ever was. */
export function memoryKb(
  root: number,
  pids: readonly number[] = tree(root),
): { readonly steadyKb: number; readonly peakKb: number } {
  return {
    steadyKb: sumOf(root, pids, 'status', (text) => Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)),
    peakKb: sumOf(root, pids, 'status', (text) => Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)),
  }
}

/** Ends the tree at once, the root first, which might start what is missing again. */
export function killTree(root: number): void {
  for (const pid of treeOrRoot(root)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

function treeOrRoot(root: number): number[] {
  try {
    return tree(root)
  } catch {
    return [root] // not Linux
  }
}

/** Throws when the root itself has ended. */
function sumOf(
  root: number,
  pids: readonly number[],
  file: 'stat' | 'status',
  figure: (text: string) => number,
): number {
  let sum = 0
  for (const pid of pids) {
    const text = readOf(pid, file)
    if (text === null && pid === root) throw new Error(`process ${root} has ended`)
    if (text !== null) sum += figure(text)
  }
  return sum
}

/** Null for a process that has ended, which it may between a listing and the look. */
function readOf(pid: number, file: 'stat' | 'status'): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}
