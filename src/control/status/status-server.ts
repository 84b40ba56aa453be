/**
 * The status listener: /status, /status/ready, /status/routes, /status/log-level, /metrics and
 * /upstreams/{name or id}/health, served by the primary so that busy workers can't hide.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { faults, GatewayError } from '../../base/faults.ts'
import { routeFigures } from '../traffic/traffic-view.ts'
import { AnswersUnderWay } from './answers-under-way.ts'
import { answerLevel, LEVEL_PATH, type LevelDoor } from './log-level.ts'
import { metricsText } from './metrics-text.ts'
import { sendMetrics } from './send-metrics.ts'
import { notReady, type StatusView, statusBody } from './status-view.ts'

export interface StatusAddress {
  readonly host: string
  readonly port: number
  readonly path: string
}

export interface StatusOptions {
  readonly addresses: readonly StatusAddress[]
  readonly view: () => StatusView
  /** GET /upstreams/{name or id}/health; null when there is no such upstream. */
  readonly health: (nameOrId: string, ofBalancer: boolean) => object | null
  /** POST /status/ready with status=draining. */
  readonly drain: () => void
  readonly levels: LevelDoor
}

const PATHS = new Set(['/status', '/status/ready', '/status/routes', '/metrics'])
const UPSTREAM_HEALTH = /^\/upstreams\/([^/]+)\/health$/

/** Who neither reads nor asks for so long is let go. */
const SILENCE_MS_MAX = 30_000

/** Bytes of a request body that are read; the longest meant is `status=draining`. */
const BODY_MAX = 1024

export class StatusServer {
  readonly #servers: Server[] = []
  /** Where it listens, with the ports that were found where 0 was asked for. */
  readonly addresses: StatusAddress[] = []

  private constructor() {}

  static async open(options: StatusOptions): Promise<StatusServer> {
    const status = new StatusServer()
    for (const address of options.addresses) {
      const server = createServer({ requestTimeout: 5000 }, (request, response) =>
        answer(request, response, options),
      )
      server.timeout = SILENCE_MS_MAX
      status.#servers.push(server)
      try {
        status.addresses.push(await listen(server, address))
      } catch (cause) {
        status.close()
        throw cause
      }
    }
    return status
  }

  close(): void {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

function listen(server: Server, address: StatusAddress): Promise<StatusAddress> {
  const { host, port, path } = address
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const fault = cause.code === 'EACCES' ? faults.PORT_FORBIDDEN : faults.PORT_IN_USE
      reject(new GatewayError(fault, `STATUS_LISTEN: ${path === '' ? `${host}:${port}` : path}`, cause))
    })
    server.listen(path === '' ? { host, port } : { path }, () => {
      const bound = server.address()
      resolve({ host, path, port: typeof bound === 'object' && bound !== null ? bound.port : 0 })
    })
  })
}

function answer(request: IncomingMessage, response: ServerResponse, options: StatusOptions): void {
  const [before = '', query = ''] = (request.url ?? '').split('?', 2)
  const path = before.replace(/(.)\/$/, '$1')
  if (path === '/status/ready' && request.method === 'POST') return setReadiness(request, response, options)
  if (path === LEVEL_PATH) {
    const { status, body } = answerLevel(request, query, options.levels)
    return sendJson(response, status, body)
  }
  const upstream = UPSTREAM_HEALTH.exec(path)?.[1]
  if (upstream === undefined && !PATHS.has(path)) return sendJson(response, 404, { message: 'Not found' })
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return sendJson(response, 405, { message: 'Method not allowed' })
  if (upstream === undefined) return show(path, request, response, options)
  const isOfBalancer = new URLSearchParams(query).get('balancer_health') === '1'
  const body = options.health(decode(upstream), isOfBalancer)
  sendJson(response, body === null ? 404 : 200, body ?? { message: 'Not found' })
}

/** Of all status listeners. */
const underWay = new AnswersUnderWay()

function show(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  options: StatusOptions,
): void {
  const view = options.view()
  if (path === '/status/ready') return showReady(response, view)
  if (!underWay.begin(response)) return sendJson(response, 503, { message: 'too many answers are not read' })
  if (path === '/metrics') return sendMetrics(request, response, metricsText(view))
  if (path === '/status') return sendJson(response, 200, statusBody(view))
  sendJson(response, 200, routeFigures(view.traffic))
}

function showReady(response: ServerResponse, view: StatusView): void {
  const why = notReady(view)
  sendJson(response, why === '' ? 200 : 503, { message: why === '' ? 'ready' : why })
}

/** As it is where it decodes to nothing: then no upstream is called that. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function setReadiness(request: IncomingMessage, response: ServerResponse, options: StatusOptions): void {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (text: string) => {
    if (body.length <= BODY_MAX) body += text
  })
  request.on('end', () => {
    if (!asksToDrain(body)) return sendJson(response, 400, { message: "status must be 'draining'" })
    options.drain()
    response.writeHead(204).end()
  })
}

/** As a form or as JSON. */
function asksToDrain(body: string): boolean {
  const isForm = new URLSearchParams(body).get('status') === 'draining'
  return isForm || /^\s*\{\s*"status"\s*:\s*"draining"\s*\}\s*$/.test(body)
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
