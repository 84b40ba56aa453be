/**
 * scenario — what is asked of a gateway in one comparison, as data: peers make their configuration of it, generators
 * their requests, and origins their answers.
 */

/**
 * What the gateway does with each request.
 *   plain    one route, passed on
 *   guarded  an API key, a limit by client in memory, an id for each request, a line in an access log, metrics
 *   routes   10,000 routes (route-table.ts), passed on
 */
export type Work = 'plain' | 'guarded' | 'routes'

/**
 * What load and gateway speak; behind the gateway there is HTTP/1.1 in the clear, and where one is asked for a tunnel.
 *   tls         HTTP/1.1 over TLS 1.3
 *   h2          HTTP/2 over TLS 1.3
 *   handshake   TLS 1.3: a full handshake on a new connection, which carries nothing and ends
 *   websocket   a message there and back, one under way on each connection
 */
export type Protocol = 'tls' | 'h2' | 'handshake' | 'websocket'

export interface Scenario {
  readonly name: string
  /** One sentence for people. */
  readonly says: string
  readonly work: Work
  /** Without it HTTP/1.1 in the clear. */
  readonly protocol?: Protocol
  readonly connections: number
  /** Requests under way on each connection; one without it. */
  readonly streams?: number
  readonly method: 'GET' | 'POST'
  /** Asked for in turn. */
  readonly paths: readonly string[]
  /** Without Host, Connection and Content-Length, which belong to the generator. */
  readonly fields: Readonly<Record<string, string>>
  /** Bytes of the request's body. */
  readonly upload: number
  readonly answer: Answer
  /** Latency is measured at this share of what the first subject can carry in the same round. */
  readonly load: number
}

export interface Answer {
  /** Bytes of the answer's body. */
  readonly bytes: number
  /** This share of the answers comes late by `slowMs`. */
  readonly slowShare: number
  readonly slowMs: number
}

/** The key that a guarded scenario's requests carry in `apikey`. */
export const API_KEY = 'bench-key-0123456789abcdef'

/** The gateway needs a certificate for it. */
export function isSecure({ protocol }: Pick<Scenario, 'protocol'>): boolean {
  return protocol !== undefined && protocol !== 'websocket'
}

/** Why a peer that is set up for HTTP/1.1 in the clear alone cannot do a scenario, or ''. */
export function whyNotClear({ protocol }: Scenario): string {
  return protocol === undefined ? '' : 'its configuration here is for HTTP/1.1 in the clear'
}
