/** The part of autocannon's interface that the bench uses; the package has no types. */
declare module 'autocannon' {
  interface Request {
    path: string
  }
  interface Options {
    url: string
    method?: string
    headers: Record<string, string>
    body?: Buffer
    requests?: Request[]
    connections: number
    duration: number
    timeout: number
  }
  interface Result {
    requests: { total: number }
    duration: number
    errors: number
    non2xx: number
    '3xx': number
  }
  interface Running extends Promise<Result> {
    on(event: 'response', told: (client: unknown, status: number, bytes: number, ms: number) => void): void
  }
  export default function autocannon(options: Options): Running
}
