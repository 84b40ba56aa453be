/**
 * post — sends bodies to one URL over HTTP or HTTPS, on connections of its own that are kept.
 *
 * WHAT    `send` answers the status, or rejects with what the operator should know. What a receiver answers is read
 *         and thrown away, so that the connection serves again. No redirect is followed: where records go is
 *         configured. User and password of the URL become Basic auth.
 *
 * LIMITS  CONNECTIONS_MAX at a time, ANSWER_MAX bytes of an answer; each of connecting, sending and answering has the
 *         time that is given, and all three together no more than their sum.
 */
import type { Pool } from 'undici'

export interface PostSettings {
  readonly url: string
  readonly method: 'POST' | 'PUT' | 'PATCH'
  /** Of each request. Content-Type is among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly readTimeoutMs: number
  /** A connection that is not used for so long is closed. */
  readonly keepaliveMs: number
  readonly verifiesTls: boolean
  /** At a time; absent: CONNECTIONS_MAX. A queue that sends one batch at a time needs one. */
  readonly connections?: number
}

export const CONNECTIONS_MAX = 64
/** Behind so many bytes of an answer its connection is closed. */
const ANSWER_MAX = 128 * 1024
const ANSWER_KEPT = 8 * 1024
const HEAD_BYTES_MAX = 16 * 1024
/** undici takes no 0, which means here: none is kept. */
const KEEPALIVE_MIN_MS = 1
const TIMEOUT_DEFAULT_MS = 60_000

type Body = string | Uint8Array

export interface PostAnswer {
  readonly status: number
  /** '' where there is none. */
  readonly retryAfter: string
  /** Its beginning. */
  readonly body: Uint8Array
}

export class Post {
  /** For logs: scheme, host and port. A path may hold a token. */
  readonly place: string
  readonly #settings: PostSettings
  readonly #trusted: readonly string[]
  readonly #path: string
  readonly #headers: Record<string, string>
  readonly #limitMs: number
  #pool: Promise<Pool> | null

  /** `trusted`: of SinkTools. */
  constructor(settings: PostSettings, trusted: readonly string[]) {
    const url = new URL(settings.url)
    this.place = url.origin
    this.#path = url.pathname + url.search
    this.#headers = { 'user-agent': 'sluice', ...lowerNames(settings.headers), ...credentialsOf(url) }
    const connectTimeoutMs = orDefault(settings.connectTimeoutMs)
    const sendTimeoutMs = orDefault(settings.sendTimeoutMs)
    const readTimeoutMs = orDefault(settings.readTimeoutMs)
    this.#settings = { ...settings, connectTimeoutMs, sendTimeoutMs, readTimeoutMs }
    this.#trusted = trusted
    this.#limitMs = connectTimeoutMs + sendTimeoutMs + readTimeoutMs
    this.#pool = null
  }

  async send(body: Body, headers: Readonly<Record<string, string>> | null = null): Promise<number> {
    const { status } = await this.ask(body, headers)
    return status
  }

  /** As `send`, for who has to know more of the answer than its status. */
  async ask(body: Body, headers: Readonly<Record<string, string>> | null = null): Promise<PostAnswer> {
    this.#pool ??= openPool(this.place, this.#settings, this.#trusted)
    const late = new AbortController()
    const timer = setTimeout(
      () => late.abort(new Error(`no answer within ${this.#limitMs} ms`)),
      this.#limitMs,
    )
    try {
      const pool = await this.#pool
      const answer = await pool.request({
        path: this.#path,
        method: this.#settings.method,
        headers: headers === null ? this.#headers : { ...this.#headers, ...lowerNames(headers) },
        body,
        signal: late.signal,
      })
      const retryAfter = answer.headers['retry-after']
      const bytes = await readSome(answer.body)
      return {
        status: answer.statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : '',
        body: bytes,
      }
    } catch (cause) {
      throw new Error(`${this.place}: ${reasonOf(cause)}`)
    } finally {
      clearTimeout(timer)
    }
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    const pool = await this.#pool
    await pool?.destroy()
  }
}

/** Kong's sockets take 0 for the time that they have by themselves. */
function orDefault(timeoutMs: number): number {
  return timeoutMs === 0 ? TIMEOUT_DEFAULT_MS : timeoutMs
}

/** What comes behind ANSWER_KEPT is thrown away; behind ANSWER_MAX the connection is. */
async function readSome(body: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const kept: Buffer[] = []
  let count = 0
  for await (const chunk of body) {
    if (count < ANSWER_KEPT) kept.push(chunk.subarray(0, ANSWER_KEPT - count))
    count += chunk.length
    if (count > ANSWER_MAX) break
  }
  return Buffer.concat(kept)
}

/** undici is loaded with the first request: most gateways post nothing. */
async function openPool(origin: string, settings: PostSettings, trusted: readonly string[]): Promise<Pool> {
  const { Pool: PoolOf } = await import('undici')
  return new PoolOf(origin, {
    connections: settings.connections ?? CONNECTIONS_MAX,
    pipelining: 1,
    maxHeaderSize: HEAD_BYTES_MAX,
    keepAliveTimeout: Math.max(settings.keepaliveMs, KEEPALIVE_MIN_MS),
    headersTimeout: settings.sendTimeoutMs + settings.readTimeoutMs,
    bodyTimeout: settings.readTimeoutMs,
    connect: {
      timeout: settings.connectTimeoutMs,
      rejectUnauthorized: settings.verifiesTls,
      ...(trusted.length > 0 ? { ca: [...trusted] } : {}),
    },
  })
}

function credentialsOf(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const pair = `${decoded(url.username)}:${decoded(url.password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** A `%` that begins no escape is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // as it stands, then
  }
}

function lowerNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Where both families of addresses refuse, the error has no words, and its code says it. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.message !== '') return cause.message
  return 'code' in cause ? String(cause.code) : cause.name
}
