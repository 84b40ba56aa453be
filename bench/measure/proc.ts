/** What the kernel says of a process tree: CPU time, and memory. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 on every Linux there is. */
const TICK_US = 10_000

function statFields(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** The process and all its descendants. */
export function tree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      parents.set(Number(name), Number(statFields(Number(name))[1]))
    } catch {
      // It ended between the listing and the look.
    }
  }
  const found = [root]
  for (let i = 0; i < found.length; i++) {
    for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid)
  }
  return found
}

/** Microseconds of CPU, user and system, that the tree has used so far. */
export function cpuUs(root: number): number {
  let ticks = 0
  for (const pid of tree(root)) {
    const fields = statFields(pid)
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * TICK_US
}

/** Kilobytes of the tree: resident now, and the most that ever was. */
export function memoryKb(root: number): { readonly steadyKb: number; readonly peakKb: number } {
  let steadyKb = 0
  let peakKb = 0
  for (const pid of tree(root)) {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    steadyKb += Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)
    peakKb += Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)
  }
  return { steadyKb, peakKb }
}
