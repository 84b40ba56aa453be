/** Who runs on which cores, so that load and origin never take the gateway's time. */
import { readFileSync } from 'node:fs'
import { has } from './run-child.ts'

export interface Cores {
  /** CPU numbers; empty where nothing can be pinned. */
  readonly gateway: readonly number[]
  readonly origin: readonly number[]
  readonly load: readonly number[]
}

/** One core a worker for the gateway; then one for the origin; load has the rest, and shares where none is left. */
export function shareCores(workers: number, allowed = allowedCores()): Cores {
  if (allowed.length === 0) return { gateway: [], origin: [], load: [] }
  const gateway = allowed.slice(0, workers)
  const rest = allowed.slice(workers)
  if (rest.length === 0) return { gateway, origin: allowed, load: allowed }
  const origin = rest.slice(0, 1)
  return { gateway, origin, load: rest.length === 1 ? origin : rest.slice(1) }
}

/** Those this process may use, which a container or taskset may have narrowed; none where nothing pins. */
function allowedCores(): number[] {
  if (process.platform !== 'linux' || !has('taskset')) return []
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}
