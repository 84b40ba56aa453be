/**
 * folder-lock — the folder of the state, made for this user alone and claimed for this process.
 *
 * The claim is a file with the process's id and start, as the pid file. It tells gateways of one machine apart; two in
 * containers of their own that share a volume can't see each other's processes, and must have a folder each.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, GatewayError } from '../../base/faults.ts'
import { isAlive, startOf } from '../pid-file.ts'

const NAME = 'state.lock'

/** Throws GatewayError STATE_UNREADABLE. Answers what gives the folder back. */
export function lockFolder(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { mode, uid } = statSync(folder)
    const user = process.getuid?.() ?? uid
    if (uid !== user && user !== 0) refuse(folder, 'it belongs to another user')
    if ((mode & 0o077) !== 0) chmodSync(folder, 0o700)
    return claim(folder)
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    return refuse(folder, (cause as Error).message, cause)
  }
}

function claim(folder: string): () => void {
  const file = join(folder, NAME)
  const own = `${process.pid}\n${startOf(process.pid)}\n`
  for (let tries = 0; tries < 2; tries++) {
    try {
      writeFileSync(file, own, { flag: 'wx', mode: 0o600 })
      return () => rmSync(file, { force: true })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    }
    const [pid, start] = readFileSync(file, 'latin1').split('\n')
    const isUsed = isAlive(Number(pid)) && startOf(Number(pid)) === start && Number(pid) !== process.pid
    if (isUsed) refuse(folder, `the gateway with pid ${pid} uses it; stop that one, or set another DATA_DIR`)
    rmSync(file, { force: true })
  }
  return refuse(folder, 'another gateway takes it at this moment')
}

function refuse(folder: string, why: string, cause?: unknown): never {
  throw new GatewayError(faults.STATE_UNREADABLE, `SLUICE_DATA_DIR ${folder}: ${why}`, cause)
}
