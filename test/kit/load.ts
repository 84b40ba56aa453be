/** load — a steady stream of requests over many connections, and what became of each. */
import http from 'node:http'

export interface Sample {
  /** Milliseconds from the start of the stream to the end of the answer. */
  readonly atMs: number
  /** 0: no answer; `error` says why. */
  readonly status: number
  readonly error: string
  readonly headers: http.IncomingHttpHeaders
}

export interface Stream {
  readonly url: string
  readonly perSecond: number
  readonly forMs: number
  readonly connections?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Requests that wait for a connection are sent late, not left out. */
const TICK_MS = 5

/** Resolves when the last answer is in. */
export async function offer(stream: Stream): Promise<Sample[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: stream.connections ?? 16 })
  const start = performance.now()
  const under: Promise<Sample>[] = []
  while (performance.now() - start < stream.forMs) {
    const due = ((performance.now() - start) * stream.perSecond) / 1000
    while (under.length < due) under.push(ask(stream, agent, start))
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  const samples = await Promise.all(under)
  agent.destroy()
  return samples
}

function ask(stream: Stream, agent: http.Agent, start: number): Promise<Sample> {
  return new Promise((resolve) => {
    const done = (status: number, error: string, headers: http.IncomingHttpHeaders = {}) =>
      resolve({ atMs: performance.now() - start, status, error, headers })
    const request = http.get(stream.url, { agent, headers: stream.headers ?? {} }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode ?? 0, '', response.headers))
      response.on('error', (cause) => done(0, cause.message))
    })
    request.on('error', (cause) => done(0, cause.message))
  })
}

/** How many answers had each status; 'none' for those that had no answer. */
export function byStatus(samples: readonly Sample[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of samples) {
    const key = status === 0 ? 'none' : String(status)
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

/** The most answers with a status below 400 that ended within any `lengthMs`. */
export function mostWithin(samples: readonly Sample[], lengthMs: number): number {
  const times = samples.filter(({ status }) => status > 0 && status < 400).map(({ atMs }) => atMs)
  times.sort((one, other) => one - other)
  let most = 0
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= lengthMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
