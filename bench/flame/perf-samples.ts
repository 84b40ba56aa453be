/** perf-samples — where a process is, kernel and native code included, as `perf` sees it; needs `--perf-basic-prof`. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { onEnding } from '../measure/ending.ts'
import { type Area, type AreaRow, AreaSums, areaOf } from './areas.ts'

const run = promisify(execFile)
const SAMPLES_PER_S = 997
const OUTPUT_MAX = 2 ** 30

/** Records while the process works. Throws with what perf said where it is not allowed. */
export async function recordPerf(pid: number, seconds: number, file: string): Promise<void> {
  const words = ['record', '-q', '-F', String(SAMPLES_PER_S), '-g', '-p', String(pid), '-o', file]
  const recording = run('perf', [...words, '--', 'sleep', String(seconds)])
  const forget = onEnding(() => void recording.child.kill('SIGTERM'))
  await recording.finally(forget)
}

export function readPerf(file: string): AreaRow[] {
  const words = ['script', '-i', file, '-F', 'tid,ip,sym,dso']
  const { stdout, status, stderr } = spawnSync('perf', words, { encoding: 'utf8', maxBuffer: OUTPUT_MAX })
  if (status !== 0) throw new Error(`perf script: ${stderr}`)
  return sumSamples(stdout)
}

interface Sample {
  readonly thread: string
  /** The innermost first. */
  readonly frames: readonly Frame[]
}

interface Frame {
  readonly symbol: string
  /** The file it is from; `[kernel.kallsyms]`, `[JIT] tid 7`. */
  readonly from: string
}

/** What `perf script` printed, as shares. The busiest thread is the one that carries traffic. */
export function sumSamples(text: string): AreaRow[] {
  const samples = text.split('\n\n').map(readSample)
  const counts = new Map<string, number>()
  for (const { thread } of samples) counts.set(thread, (counts.get(thread) ?? 0) + 1)
  const [worker] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? []
  const sums = new AreaSums()
  for (const { thread, frames } of samples) {
    if (frames.length === 0) continue
    sums.add(thread === worker ? areaOfStack(frames) : HELPERS, 1)
  }
  return sums.rows()
}

function readSample(text: string): Sample {
  const [first = '', ...rest] = text.split('\n').filter((line) => line !== '')
  const frames = rest.flatMap((line) => {
    const found = /^\s+[0-9a-f]+ (.*) \(([^()]*)\)$/.exec(line)
    return found === null ? [] : [{ symbol: found[1]!, from: found[2]! }]
  })
  return { thread: first.trim(), frames }
}

const HELPERS: Area = { kind: 'other threads', name: "V8's helpers and the primary" }

const SYSCALLS: readonly (readonly [RegExp, string])[] = [
  [/^(?:ksys_write|do_writev|__sys_send\w*)$/, 'writing'],
  [/^(?:ksys_read|do_readv|__sys_recv\w*)$/, 'reading'],
  [/epoll/, 'polling'],
]

/** The innermost that says it. Compiled code of V8 itself (`Builtins_…`) belongs to the function that calls it. */
function areaOfStack(frames: readonly Frame[]): Area {
  if (frames[0]!.from.startsWith('[kernel')) return kernelArea(frames)
  if (frames.some(({ symbol }) => /Heap::CollectGarbage|Heap::Scavenge/.test(symbol)))
    return { kind: 'V8', name: 'garbage collection' }
  for (const { symbol, from } of frames) {
    const url = /^JS:.*?((?:file|node):\S+?):\d+:\d+$/.exec(symbol)?.[1]
    const area = url === undefined ? null : areaOf(url)
    if (area !== null) return area
    if (!from.startsWith('[JIT]') && !symbol.startsWith('Builtins_')) return nativeArea(frames)
  }
  return nativeArea(frames)
}

function kernelArea(frames: readonly Frame[]): Area {
  for (const [pattern, name] of SYSCALLS)
    if (frames.some(({ symbol, from }) => from.startsWith('[kernel') && pattern.test(symbol)))
      return { kind: 'kernel', name }
  return { kind: 'kernel', name: 'other' }
}

function nativeArea(frames: readonly Frame[]): Area {
  const kind = 'Node and libuv, native'
  for (const { symbol } of frames) {
    if (/StreamBase::Write|LibuvStreamWrap::DoTryWrite/.test(symbol)) return { kind, name: 'writing' }
    // Whatever JavaScript calls is seen before the callback that called it.
    if (symbol.startsWith('JS:')) return { kind, name: 'called by JavaScript' }
    if (/uv__read|uv__stream_io/.test(symbol)) return { kind, name: 'reading and calling back' }
  }
  return { kind, name: 'event loop' }
}
