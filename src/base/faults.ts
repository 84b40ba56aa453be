/**
 * Every failure that a client, an operator or a log line can see is one row of this table.
 *
 * Rows are built once, at start-up. The hot path hands out the row itself and never constructs an
 * Error: a refusal must stay cheap under a flood, and a stack costs microseconds. Cold code that
 * has to unwind throws GatewayError, which adds a stack, a detail and a cause to a row.
 *
 * Append only: `id` is the row's position and the index of its counter in shared memory, so two
 * builds side by side in a rolling restart must agree on it. A retired row keeps its place.
 * docs/faults.md has a section per code; test/tidy/faults.test.ts keeps the two in step.
 * The texts are the ones Kong's users know.
 */

/** Who can make it go away. Alerts page us for `gateway`, the target's owner for `upstream`. */
export type Blame = 'client' | 'gateway' | 'upstream' | 'operator'

/** `always` only where no byte can have reached the target; otherwise a retry might act twice. */
export type Retry = 'never' | 'if-repeatable' | 'always'

/** Whether the client's connection can go on after the answer: not where framing is in doubt. */
export type After = 'keep' | 'close'

type Row = readonly [status: number, blame: Blame, retry: Retry, after: After, text: string]

export class Fault {
  readonly id: number
  readonly code: string
  readonly status: number
  readonly blame: Blame
  readonly retry: Retry
  readonly closes: boolean
  /** What the client reads. It never holds an address, a stack or an upstream's own words. */
  readonly text: string

  constructor(id: number, code: string, row: Row) {
    this.id = id
    this.code = code
    this.status = row[0]
    this.blame = row[1]
    this.retry = row[2]
    this.closes = row[3] === 'close'
    this.text = row[4]
  }
}

const BAD_GATEWAY = 'An invalid response was received from the upstream server'
const TIMED_OUT = 'The upstream server is timing out'

const rows = {
  NONE: [200, 'gateway', 'never', 'keep', ''],
  ROUTE_NOT_FOUND: [404, 'client', 'never', 'keep', 'no Route matched with those values'],
  SERVICE_NOT_FOUND: [503, 'operator', 'never', 'keep', 'no Service found with those values'],
  REQUEST_MALFORMED: [400, 'client', 'never', 'close', 'Bad request'],
  REQUEST_HEAD_TOO_LARGE: [431, 'client', 'never', 'close', 'Request header or cookie too large'],
  REQUEST_URI_TOO_LONG: [414, 'client', 'never', 'close', 'URI too long'],
  REQUEST_BODY_TOO_LARGE: [413, 'client', 'never', 'close', 'Payload too large'],
  REQUEST_TIMEOUT: [408, 'client', 'never', 'close', 'Request timeout'],
  VERSION_UNSUPPORTED: [505, 'client', 'never', 'close', 'HTTP version not supported'],
  METHOD_NOT_ALLOWED: [405, 'client', 'never', 'keep', 'Method not allowed'],
  HTTPS_REQUIRED: [426, 'client', 'never', 'keep', 'Please use HTTPS protocol'],
  EXPECTATION_FAILED: [417, 'client', 'never', 'close', 'Expectation failed'],
  PLUGIN_FAILED: [500, 'gateway', 'never', 'keep', 'An unexpected error occurred'],
  TARGET_NONE: [503, 'upstream', 'never', 'keep', 'failure to get a peer from the ring-balancer'],
  NAME_UNRESOLVED: [503, 'upstream', 'never', 'keep', 'name resolution failed'],
  TARGET_QUEUE_FULL: [503, 'upstream', 'always', 'keep', 'Service unavailable'],
  TARGET_CONNECT: [502, 'upstream', 'always', 'keep', BAD_GATEWAY],
  TARGET_CONNECT_TIMEOUT: [504, 'upstream', 'always', 'keep', TIMED_OUT],
  TARGET_RESET: [502, 'upstream', 'if-repeatable', 'keep', BAD_GATEWAY],
  TARGET_INVALID: [502, 'upstream', 'never', 'keep', BAD_GATEWAY],
  TARGET_WRITE_TIMEOUT: [504, 'upstream', 'if-repeatable', 'keep', TIMED_OUT],
  TARGET_READ_TIMEOUT: [504, 'upstream', 'if-repeatable', 'keep', TIMED_OUT],
  CLIENT_GONE: [499, 'client', 'never', 'close', 'Client closed request'],
  CLIENT_STALLED: [499, 'client', 'never', 'close', 'Client stopped reading'],
  INTERNAL: [500, 'gateway', 'never', 'close', 'An unexpected error occurred'],
  RESPONSE_BODY_TOO_LARGE: [502, 'upstream', 'never', 'keep', BAD_GATEWAY],
  TARGET_TLS: [502, 'upstream', 'always', 'keep', BAD_GATEWAY],
  HTTP2_REQUIRED: [426, 'client', 'never', 'keep', 'Please use HTTP2 protocol'],
  GRPC_REQUIRED: [415, 'client', 'never', 'keep', 'Non-gRPC request matched gRPC route'],
  CONFIG_INVALID: [400, 'operator', 'never', 'keep', 'declarative config is invalid'],
  CONFIG_UNREADABLE: [400, 'operator', 'never', 'keep', 'the configuration could not be read'],
  ENVIRONMENT_INVALID: [500, 'operator', 'never', 'keep', 'the environment was refused'],
  PORT_IN_USE: [500, 'operator', 'never', 'keep', 'a listening address is already in use'],
  PORT_FORBIDDEN: [500, 'operator', 'never', 'keep', 'no permission to listen on this address'],
  FILES_LIMIT: [500, 'operator', 'never', 'keep', 'the limit of open files is too low'],
  ENGINE_UNAVAILABLE: [500, 'operator', 'never', 'keep', 'the chosen engine could not be loaded'],
  NOT_RUNNING: [500, 'operator', 'never', 'keep', 'no running gateway was found'],
  LIMIT_EXCEEDED: [429, 'client', 'never', 'keep', 'API rate limit exceeded'],
  LIMITER_UNAVAILABLE: [500, 'gateway', 'never', 'keep', 'An unexpected error occurred'],
  CIRCUIT_OPEN: [503, 'upstream', 'never', 'keep', 'the circuit breaker of the upstream is open'],
  UPSTREAM_OVERFLOW: [503, 'upstream', 'never', 'keep', 'the upstream is at its limit of requests'],
  TARGET_TRY_TIMEOUT: [504, 'upstream', 'if-repeatable', 'keep', TIMED_OUT],
  UNAUTHORIZED: [401, 'client', 'never', 'keep', 'Unauthorized'],
  FORBIDDEN: [403, 'client', 'never', 'keep', 'Forbidden'],
  REQUEST_SIZE_EXCEEDED: [413, 'client', 'never', 'close', 'Request size limit exceeded'],
  LENGTH_REQUIRED: [411, 'client', 'never', 'keep', 'A valid Content-Length header is required'],
  TUNNEL_IDLE: [504, 'client', 'never', 'close', 'The tunnel was silent for too long'],
  TUNNEL_CLOSED: [503, 'operator', 'never', 'close', 'The gateway closed the tunnel'],
  TARGET_REFUSED: [502, 'upstream', 'always', 'keep', BAD_GATEWAY],
  DEADLINE_EXCEEDED: [504, 'upstream', 'never', 'keep', 'the deadline of the call has passed'],
  GRPCS_REQUIRED: [200, 'client', 'never', 'keep', 'gRPC request matched gRPCs route'],
  TASKS_FULL: [503, 'gateway', 'never', 'keep', 'Service unavailable'],
  PLUGIN_TIMEOUT: [504, 'gateway', 'never', 'keep', 'The gateway did not decide in time'],
  STATE_UNREADABLE: [500, 'operator', 'never', 'keep', 'the saved state could not be read'],
  STATE_UNAVAILABLE: [500, 'gateway', 'never', 'keep', 'An unexpected error occurred'],
  FAULT_INJECTED: [503, 'operator', 'never', 'close', 'a fault was injected: the connection is cut'],
  LOG_PLACE: [500, 'operator', 'never', 'keep', 'a log file cannot be written'],
  GATEWAY_STOPPED: [503, 'gateway', 'never', 'close', 'The gateway has stopped'],
} as const satisfies Record<string, Row>

export type FaultCode = keyof typeof rows

export const faults: Readonly<Record<FaultCode, Fault>> = Object.freeze(
  Object.fromEntries(Object.entries(rows).map(([code, row], id) => [code, new Fault(id, code, row)])),
) as Record<FaultCode, Fault>

export const faultList: readonly Fault[] = Object.values(faults)

/** Thrown on cold paths only: start-up, reload, admin. Message: code, text, then the detail. */
export class GatewayError extends Error {
  readonly fault: Fault
  readonly detail: string

  constructor(fault: Fault, detail: string, cause?: unknown) {
    super(`${fault.code}: ${fault.text}: ${detail}`, cause === undefined ? undefined : { cause })
    this.fault = fault
    this.detail = detail
  }
}
