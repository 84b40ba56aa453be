/** Speaks to the gateway that runs with this PREFIX: finds it, asks its status listener, waits for its end. */
import { request } from 'node:http'
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

/** GET from the status listener; null when it is off or does not answer. */
export function askStatus(gateway: Running, path: string): Promise<{ status: number; body: string } | null> {
  if (gateway.status === '') return Promise.resolve(null)
  return new Promise((resolve) => {
    const asked = request({ ...placeOf(gateway.status), path, timeout: ANSWER_MS }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', () => resolve(null))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(null))
    asked.end()
  })
}

function placeOf(address: string): { socketPath: string } | { host: string; port: number } {
  if (address.startsWith('unix:')) return { socketPath: address.slice(5) }
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  const isAny = host === '0.0.0.0' || host === '::'
  return { host: isAny ? '127.0.0.1' : host, port: Number(address.slice(colon + 1)) }
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
