/** summary — a CPU profile of one thread as shares of its CPU time: by function, by file, by area. */
import { type Area, type AreaRow, AreaSums, areaOf, fileOf } from './areas.ts'

/** As V8 writes it, and as Chrome and speedscope read it: what is used here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Which node was on top, and how long since the sample before, in µs. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

export interface Row {
  readonly name: string
  /** Of the thread's CPU time. */
  readonly share: number
}

export interface Summary {
  readonly functions: readonly Row[]
  readonly files: readonly Row[]
  readonly areas: readonly AreaRow[]
}

const WAITING: Area = {
  kind: 'Node and libuv, native',
  name: 'polling and reading, with their time in the kernel',
}
const SENDING: Area = { kind: 'Node and libuv, native', name: 'writing, with its time in the kernel' }
const FILES: Area = { kind: 'Node and libuv, native', name: 'writing files, with its time in the kernel' }
const NATIVE: Area = { kind: 'Node and libuv, native', name: 'other' }
const COLLECTING: Area = { kind: 'V8', name: 'garbage collection' }

/** What V8 calls them where no function is on top, and the calls into Node that send. */
const NAMED = new Map<string, Area>([
  ['(idle)', WAITING],
  ['(program)', NATIVE],
  ['(root)', NATIVE],
  ['(garbage collector)', COLLECTING],
  ['writeBuffer', SENDING],
  ['writev', SENDING],
  ['writeUtf8String', SENDING],
  ['writeLatin1String', SENDING],
  ['shutdown', SENDING],
])

/**
 * `cpuUs` is what the thread used in the time of the profile. V8 takes all of the event loop's waiting for idle, though
 * it reads from sockets there, so what of it was CPU is known only from the thread's whole.
 */
export function summarize(profile: CpuProfile, cpuUs: number): Summary {
  const selfUs = selfTimes(profile)
  const idle = profile.nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)')
  const idleUs = idle.reduce((sum, node) => sum + (selfUs.get(node.id) ?? 0), 0)
  const busyUs = [...selfUs.values()].reduce((sum, us) => sum + us, 0) - idleUs
  const pollUs = Math.max(0, Math.min(idleUs, cpuUs - busyUs))
  const parents = parentsOf(profile)
  const functions = new Map<string, number>()
  const files = new Map<string, number>()
  const areas = new AreaSums()
  for (const node of profile.nodes) {
    const own = selfUs.get(node.id) ?? 0
    const us = idleUs > 0 && idle.includes(node) ? (own / idleUs) * pollUs : own
    if (us === 0) continue
    const area = areaOfNode(node, parents)
    add(functions, nameOf(node), us)
    add(files, node.callFrame.url === '' ? area.name : fileOf(node.callFrame.url), us)
    areas.add(area, us)
  }
  const total = busyUs + pollUs
  return {
    functions: rowsOf(functions, total),
    files: rowsOf(files, total),
    areas: areas.rows(),
  }
}

/** A sample holds until the next one. */
function selfTimes({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const found = new Map<number, number>()
  for (const [i, id] of samples.entries())
    found.set(id, (found.get(id) ?? 0) + Math.max(0, timeDeltas[i + 1] ?? 0))
  return found
}

function parentsOf({ nodes }: CpuProfile): Map<number, ProfileNode> {
  return new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
}

function areaOfNode(node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): Area {
  for (let at: ProfileNode | undefined = node; at !== undefined; at = parents.get(at.id)) {
    const { functionName, url } = at.callFrame
    const area = areaOf(url) ?? (url === '' ? NAMED.get(functionName) : undefined)
    if (area === undefined) continue
    // Files have a native function of the same name.
    return area === SENDING && parents.get(at.id)?.callFrame.url === 'node:fs' ? FILES : area
  }
  return NATIVE
}

function nameOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame
  if (url === '') return functionName === '(idle)' ? '(polling and reading)' : `${functionName} (native)`
  return `${functionName || '(anonymous)'} ${fileOf(url)}:${lineNumber + 1}`
}

function add(to: Map<string, number>, name: string, us: number): void {
  to.set(name, (to.get(name) ?? 0) + us)
}

function rowsOf(found: ReadonlyMap<string, number>, total: number): Row[] {
  return [...found].sort((a, b) => b[1] - a[1]).map(([name, us]) => ({ name, share: us / total }))
}
