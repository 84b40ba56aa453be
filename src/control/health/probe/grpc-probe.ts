/**
 * grpc-probe — asks grpc.health.v1.Health/Check over a connection of its own.
 *
 * SERVING is a success, any other answer a failure; a server that speaks gRPC and has no such service is alive. The
 * messages have one field each, so they are written and read by hand.
 */
import http2 from 'node:http2'
import type net from 'node:net'
import { authorityOf, isSocketPath } from '../../../flow/balancer/host-port.ts'
import { type Probe, type ProbePlace, type ProbeResult, reason } from './probe.ts'
import { openProbeSocket, type ProbeSocketOptions } from './probe-socket.ts'

const CHECK = '/grpc.health.v1.Health/Check'
const FRAME_HEAD = 5
const SERVICE_FIELD = 0x0a
const STATUS_FIELD = 0x08
const SERVING = 1
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const OK = '0'
const UNIMPLEMENTED = '12'
/** A right answer has 7 bytes. */
const BODY_MAX = 1024
/** A name above it would need a longer length. */
export const SERVICE_MAX = 127

export interface GrpcProbeOptions extends ProbeSocketOptions {
  /** Whose health is asked for; '' for the server's. */
  readonly service: string
  readonly limitMs: number
  /** For all targets; null: each target's own name and port. */
  readonly hostHeader: string | null
}

export function makeGrpcProbe(options: GrpcProbeOptions): Probe {
  const request = makeRequest(options.service)
  return (place) => new Question(place, options, request).answer
}

/** HealthCheckRequest { string service = 1 } in its frame. */
function makeRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_FIELD, name.length]), name])
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
}

class Question {
  readonly answer: Promise<ProbeResult>
  readonly #socket: net.Socket
  readonly #late: NodeJS.Timeout
  #session: http2.ClientHttp2Session | null
  #tell: (result: ProbeResult) => void
  #status: string
  #message: string
  #body: Buffer

  constructor(place: ProbePlace, options: GrpcProbeOptions, request: Buffer) {
    this.#tell = () => {}
    this.answer = new Promise((resolve) => {
      this.#tell = resolve
    })
    this.#session = null
    this.#status = ''
    this.#message = ''
    this.#body = Buffer.alloc(0)
    this.#late = setTimeout(() => this.#end({ kind: 'timeout' }), options.limitMs)
    const socket = openProbeSocket(place, options, 'h2')
    this.#socket = socket
    socket.once(options.isTls ? 'secureConnect' : 'connect', () => this.#ask(place, options, request))
    socket.on('error', (cause) => this.#end({ kind: 'failed', why: reason(cause) }))
    socket.on('close', () => this.#end({ kind: 'failed', why: 'the connection was closed' }))
  }

  #ask(place: ProbePlace, options: GrpcProbeOptions, request: Buffer): void {
    const { ip, port } = place.address
    const protocol = options.isTls ? 'grpcs' : 'grpc'
    const own = isSocketPath(ip) ? place.host : authorityOf(place.host, port, protocol)
    const session = http2.connect('http://target', { createConnection: () => this.#socket })
    this.#session = session
    session.on('error', (cause) => this.#end({ kind: 'failed', why: reason(cause) }))
    const stream = session.request({
      ':method': 'POST',
      ':scheme': options.isTls ? 'https' : 'http',
      ':authority': options.hostHeader ?? own,
      ':path': CHECK,
      'content-type': 'application/grpc',
      'user-agent': 'sluice/health',
      te: 'trailers',
    })
    stream.on('response', (fields) => this.#read(fields))
    stream.on('trailers', (fields) => this.#read(fields))
    stream.on('data', (bytes: Buffer) => {
      this.#body = Buffer.concat([this.#body, bytes])
      if (this.#body.length > BODY_MAX)
        this.#end({ kind: 'failed', why: 'more bytes than a health check has' })
    })
    stream.on('end', () => this.#end(judgeAnswer(this.#status, this.#message, this.#body)))
    stream.on('error', (cause) => this.#end({ kind: 'failed', why: reason(cause) }))
    stream.end(request)
  }

  #read(fields: http2.IncomingHttpHeaders): void {
    this.#status = String(fields['grpc-status'] ?? this.#status)
    this.#message = String(fields['grpc-message'] ?? this.#message)
    const { ':status': http } = fields
    if (this.#status === '' && http !== undefined && Number(http) !== 200)
      this.#end({ kind: 'failed', why: `HTTP status ${http} and no gRPC` })
  }

  #end(result: ProbeResult): void {
    clearTimeout(this.#late)
    this.#tell(result)
    this.#session?.destroy()
    this.#socket.destroy()
  }
}

/** Of a whole answer. */
export function judgeAnswer(status: string, message: string, body: Buffer): ProbeResult {
  if (status === UNIMPLEMENTED) return { kind: 'connected' }
  if (status === '') return { kind: 'failed', why: 'the answer has no grpc-status' }
  if (status !== OK) return { kind: 'refused', why: `grpc-status ${status} ${message}`.trimEnd() }
  const health = readStatus(body)
  if (health === SERVING) return { kind: 'connected' }
  return { kind: 'refused', why: STATUS_NAMES[health] ?? `status ${health}` }
}

/** HealthCheckResponse { ServingStatus status = 1 }: absent is 0. */
function readStatus(body: Buffer): number {
  return body[FRAME_HEAD] === STATUS_FIELD ? (body[FRAME_HEAD + 1] ?? 0) : 0
}
