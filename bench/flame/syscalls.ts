/** syscalls — how many system calls of each kind a process makes, counted by strace; it runs far slower meanwhile. */
import { spawn } from 'node:child_process'
import { onEnding } from '../measure/ending.ts'

/** Until all threads are attached. */
const ATTACH_MS = 1000

/** Calls by name, over the time that `during` takes. */
export async function countSyscalls(
  pid: number,
  during: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const strace = spawn('strace', ['-f', '-c', '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  strace.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<void>((resolve, reject) => {
    strace.once('error', reject)
    strace.once('close', () => resolve())
  })
  const detach = (): void => void strace.kill('SIGINT')
  const forget = onEnding(detach)
  try {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, ATTACH_MS))])
    if (strace.exitCode !== null) throw new Error(`strace: ${said.trim()}`)
    await during()
  } finally {
    // Else the process stays as slow as it is under strace.
    detach()
    forget()
  }
  await ended
  return readCounts(said)
}

/** From the table of `strace -c`: share, seconds, µs a call, calls, errors where there were some, name. */
export function readCounts(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    const row = /^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z]\w*)$/.exec(line)
    if (row !== null && row[2] !== 'total') found.set(row[2]!, Number(row[1]))
  }
  return found
}
