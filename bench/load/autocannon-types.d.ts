/** The part of autocannon's interface that the bench uses; the package has no types. */
declare module 'autocannon' {
  interface Options {
    url: string
    headers: Record<string, string>
    connections: number
    duration: number
    timeout: number
  }
  interface Result {
    requests: { total: number }
    errors: number
    non2xx: number
  }
  interface Running extends Promise<Result> {
    on(event: 'response', told: (client: unknown, status: number, bytes: number, ms: number) => void): void
  }
  export default function autocannon(options: Options): Running
}
