/** Closed-loop load by wrk, for capacity and CPU a request; never for latency. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { LoadResult } from './load-result.ts'
import { path, requestFields } from './request.ts'

const run = promisify(execFile)

export async function load(
  core: number,
  port: number,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const fields = Object.entries(requestFields).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const url = `http://127.0.0.1:${port}${path}`
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', ...fields, url]
  const { stdout } = await run('taskset', ['-c', String(core), ...wrk])
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0)
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0)
  return {
    requests,
    errors: bad + (socket?.slice(1).reduce((sum, count) => sum + Number(count), 0) ?? 0),
    closedLoopMs: null,
  }
}
