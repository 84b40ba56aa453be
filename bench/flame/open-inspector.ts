/**
 * open-inspector — has a Node process that runs open its inspector, and close it again. Linux only.
 *
 * SIGUSR1 does it, on 127.0.0.1; a process that is not Node would die of it or do something of its own, so it is looked
 * at first. The port is found by what the process listens on afterwards and did not before.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { evaluate, Inspector } from './inspector.ts'

const OPEN_MS = 5000
const CLOSE_MS = 5000
const SIGUSR1_BIT = 1n << 9n

export interface Opened {
  readonly inspector: Inspector
  /** Leaves the process as it was found. */
  close(): Promise<void>
}

export async function openInspector(pid: number): Promise<Opened> {
  const why = whyNot(pid)
  if (why !== '') throw new Error(`process ${pid} ${why}`)
  const before = new Set(portsOf(pid))
  process.kill(pid, 'SIGUSR1')
  const last = performance.now() + OPEN_MS
  while (performance.now() < last) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (const port of portsOf(pid)) {
      if (before.has(port)) continue
      const inspector = await connectInspector(`127.0.0.1:${port}`)
      return { inspector, close: () => closeInspector(inspector, pid, port) }
    }
  }
  throw new Error(
    `process ${pid} opened no inspector: its port is taken (9229, unless --inspect-port said another), or it was ` +
      'open before: then say where with --inspector HOST:PORT',
  )
}

/** An inspector that is open already. */
export async function connectInspector(place: string): Promise<Inspector> {
  const answer = await fetch(`http://${place}/json/list`)
  const [first] = (await answer.json()) as { webSocketDebuggerUrl: string }[] // border: Node's own page
  if (first === undefined) throw new Error(`no inspector answers at ${place}`)
  return Inspector.open(first.webSocketDebuggerUrl)
}

/** The inspector waits for its last connection to end, with the thread standing still; so ours ends first. */
async function closeInspector(inspector: Inspector, pid: number, port: number): Promise<void> {
  const close = "setTimeout(() => process.getBuiltinModule('node:inspector').close(), 100)"
  await evaluate(inspector, `${close} && 0`)
  await inspector.close()
  const last = performance.now() + CLOSE_MS
  while (performance.now() < last && isOpen(pid, port))
    await new Promise((resolve) => setTimeout(resolve, 50))
  if (isOpen(pid, port)) throw new Error(`process ${pid} still has its inspector open on port ${port}`)
}

function isOpen(pid: number, port: number): boolean {
  try {
    return portsOf(pid).includes(port)
  } catch {
    return false // the process has ended
  }
}

/** Why a process must not be sent SIGUSR1; '' where it may. */
function whyNot(pid: number): string {
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`))
    if (!/^node/.test(program)) return `is ${program}, not Node`
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const caught = BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? 0}`)
    return (caught & SIGUSR1_BIT) === 0n ? 'does not listen to SIGUSR1 (--disable-sigusr1?)' : ''
  } catch {
    return "is not there, or another user's"
  }
}

/** TCP ports on 127.0.0.1 that the process listens on. */
export function portsOf(pid: number): number[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)))
  return listeningPorts(readFileSync(`/proc/${pid}/net/tcp`, 'latin1'), own)
}

/** `own`: sockets as /proc names them, `socket:[12345]`. */
export function listeningPorts(table: string, own: ReadonlySet<string>): number[] {
  const LISTEN = '0A'
  const LOOPBACK = '0100007F'
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const [address, port = ''] = local.split(':')
    const isOurs = state === LISTEN && address === LOOPBACK && own.has(`socket:[${inode}]`)
    return isOurs ? [Number.parseInt(port, 16)] : []
  })
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed between the listing and the look
  }
}
