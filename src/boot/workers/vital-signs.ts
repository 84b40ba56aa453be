/**
 * vital-signs — what a thread tells of itself: how late its event loop is, what its collector costs, its memory.
 *
 * Its cost: a timer looks 20 times a second how late it is, in step with the sweep of deadlines; the collector tells of
 * each of its runs (not measurable), the rest is read every few seconds.
 */
import { constants, PerformanceObserver, performance } from 'node:perf_hooks'
import type { SeriesFamily } from '../../state/series/series-area.ts'
import type { CounterCell } from '../../state/series/series-cells.ts'
import type { SeriesTable } from '../../state/series/series-table.ts'

const TELL_EVERY_MS = 5000
const SAMPLE_MS = 50

const DELAY: SeriesFamily = {
  name: 'sluice_event_loop_delay_seconds',
  kind: 'gauge',
  says: 'How late the event loop of a thread was, in the last 5 seconds.',
}
const USE: SeriesFamily = {
  name: 'sluice_event_loop_utilization',
  kind: 'gauge',
  says: 'Share of the last 5 seconds in which the event loop of a thread had work.',
}
const MEMORY: SeriesFamily = {
  name: 'sluice_thread_memory_bytes',
  kind: 'gauge',
  says: 'Memory of the JavaScript of a thread, by kind.',
}
const RUNS: SeriesFamily = {
  name: 'sluice_gc_total',
  kind: 'counter',
  says: 'Runs of the garbage collector of a thread, by kind.',
}
const SECONDS: SeriesFamily = {
  name: 'sluice_gc_seconds_total',
  kind: 'counter',
  says: 'Time a thread stood still for its garbage collector, by kind.',
}

const GC_KINDS: readonly (readonly [kind: number, name: string])[] = [
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
]
const MEMORY_KINDS = [
  ['heap_used', 'heapUsed'],
  ['heap_total', 'heapTotal'],
  ['external', 'external'],
  ['array_buffers', 'arrayBuffers'],
] as const

/** `thread`: its label. Answers what ends it. */
export function tellVitalSigns(metrics: SeriesTable, thread: string): () => void {
  const closeGc = countCollections(metrics, thread)
  const delays: number[] = []
  let lastMs = performance.now()
  const sampler = setInterval(() => {
    const nowMs = performance.now()
    delays.push(Math.max(0, nowMs - lastMs - SAMPLE_MS))
    lastMs = nowMs
  }, SAMPLE_MS)
  sampler.unref()
  const cells = DELAY_STATS.map(([stat]) => metrics.gauge(DELAY, ['thread', thread, 'stat', stat]))
  const use = metrics.gauge(USE, ['thread', thread])
  const memory = MEMORY_KINDS.map(([kind]) => metrics.gauge(MEMORY, ['thread', thread, 'kind', kind]))
  let before = performance.eventLoopUtilization()
  const tell = (): void => {
    delays.sort((a, b) => a - b)
    for (const [i, [, percent]] of DELAY_STATS.entries()) cells[i]!.set(percentileOf(delays, percent) / 1000)
    delays.length = 0
    const now = performance.eventLoopUtilization()
    use.set(performance.eventLoopUtilization(now, before).utilization)
    before = now
    const usage = process.memoryUsage()
    for (const [i, [, field]] of MEMORY_KINDS.entries()) memory[i]!.set(usage[field])
  }
  tell()
  const timer = setInterval(tell, TELL_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    clearInterval(sampler)
    closeGc()
  }
}

const DELAY_STATS = [
  ['p50', 50],
  ['p99', 99],
  ['max', 100],
] as const

/** 0 without samples. */
function percentileOf(ascending: readonly number[], percent: number): number {
  return ascending[Math.ceil((ascending.length * percent) / 100) - 1] ?? 0
}

function countCollections(metrics: SeriesTable, thread: string): () => void {
  const cells = new Map<number, { runs: CounterCell; seconds: CounterCell }>()
  for (const [kind, name] of GC_KINDS) {
    const labels = ['thread', thread, 'kind', name]
    cells.set(kind, { runs: metrics.counter(RUNS, labels), seconds: metrics.counter(SECONDS, labels) })
  }
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Node's types know nothing of what entries of this type have.
      const { kind } = (entry as { detail?: { kind?: number } }).detail ?? {}
      const found = cells.get(kind ?? -1)
      found?.runs.add(1)
      found?.seconds.add(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}
