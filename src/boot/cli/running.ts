/** Speaks to the gateway that runs with this PREFIX: finds it, asks its status listener, waits for its end. */
import { faults, GatewayError } from '../../base/faults.ts'
import { findRunning, isAlive, type Running } from '../pid-file.ts'
import { readSettings } from './settings.ts'

const ANSWER_MS = 2000

/** Throws NOT_RUNNING. */
export function running(): Running {
  const { prefix } = readSettings().environment
  const found = findRunning(prefix)
  if (found === null) throw new GatewayError(faults.NOT_RUNNING, `PREFIX ${prefix}`)
  return found
}

/** Asks the status listener; null when it is off or does not answer. */
export async function askStatus(
  gateway: Running,
  path: string,
  method: 'GET' | 'PUT' = 'GET',
): Promise<{ status: number; body: string } | null> {
  if (gateway.status === '') return null
  // Loaded here and not above: it costs more to load than the other commands take.
  const { Client } = await import('undici')
  const { origin, socketPath } = placeOf(gateway.status)
  const client = new Client(origin, {
    ...(socketPath === null ? {} : { socketPath }),
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  })
  try {
    const { statusCode, body } = await client.request({ method, path })
    return { status: statusCode, body: await body.text() }
  } catch {
    // Refused, reset or late: all mean that nobody answers.
    return null
  } finally {
    await client.destroy()
  }
}

function placeOf(address: string): { origin: string; socketPath: string | null } {
  if (address.startsWith('unix:')) return { origin: 'http://localhost', socketPath: address.slice(5) }
  return {
    origin: `http://${address.replace(/^(0\.0\.0\.0|\[::\])(?=:\d+$)/, '127.0.0.1')}`,
    socketPath: null,
  }
}

export function signal(gateway: Running, name: NodeJS.Signals): void {
  try {
    process.kill(gateway.pid, name)
  } catch (cause) {
    throw new GatewayError(faults.NOT_RUNNING, `pid ${gateway.pid} can't be signalled`, cause)
  }
}

/** True when `holds` came true within `limitMs`. */
export async function waitUntil(limitMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() >= until) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

export function hasEnded(gateway: Running): boolean {
  return !isAlive(gateway.pid)
}
