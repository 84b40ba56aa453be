/** Runs one command of the built `sluice` to its end. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const END_MS = 20_000

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** `uid`: as whom, where that is not who runs the test. */
export function sluice(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  uid?: number,
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    ...(uid === undefined ? {} : { uid }),
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = setTimeout(() => child.kill('SIGKILL'), END_MS)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(kill)
      resolve({ code, out, err })
    })
  })
}

/** Waits for a condition, and fails with `what` when it does not come true. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const last = performance.now() + END_MS
  while (!(await holds())) {
    if (performance.now() > last) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
