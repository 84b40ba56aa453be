/**
 * log-sinks — how what happened reaches files and receivers without anybody waiting.
 *
 *     plugin.onLog ─▶ LogSink.put ─▶ ring of the worker (shared memory) ─▶ log thread ─▶ Sink.write ─▶ file, HTTP, …
 *
 * A sink is a file of the plugin's folder, as an offloaded task is: `ship-http.ts` exports the function `shipHttp`,
 * which takes its settings and SinkTools and answers a Sink. It runs in the log thread, once for all workers, and lives
 * on over reloads that do not change its settings. Settings are plain data.
 */
import type { Exchange } from '../exchange.ts'

/** A worker's side. */
export interface LogDoor {
  /**
   * `from`: import.meta.url of the module beside the sink; `name`: its file without ending; `settings`: plain data, by
   * which with the two others a sink is known. Cheap: the sink is opened with the first record, in the log thread.
   */
  open(from: string, name: string, settings: object): LogSink
}

export interface LogSink {
  /**
   * Puts the record of `x` into the ring. Where there is no room it is lost, and counted for this sink. `extras`: names
   * and values in turn, to be set in the record's JSON as Kong's custom fields; a value of null takes the field out.
   * A dot in a name makes objects in objects.
   */
  put(x: Exchange, extras: readonly (string | null)[] | null): void
  /** The plan that had it is dead. Others may still have it. */
  close(): void
}

/** In the log thread: what a sink's function answers. */
export interface Sink {
  /** Never waits and never throws for what a receiver does. The record is only lent. */
  write(record: LogRecord): void
  /** Files are to be opened anew by their names (logrotate). */
  reopen?(): void
  /** Records that wait. */
  readonly waiting: number
  /** Resolves when everything is delivered, or is given up; at most `graceMs` later. */
  close(graceMs: number): Promise<void>
}

export interface SinkTools {
  readonly nodeId: string
  readonly hostname: string
  readonly version: string
  /** Who may sign the certificates of receivers (SSL_TRUSTED_CERTIFICATE), in PEM; empty: those that Node trusts. */
  readonly trusted: readonly string[]
  /** Of the configuration in force, as Kong's log has them: plain data without secrets; null: not there any more. */
  entity(kind: 'route' | 'service' | 'consumer', id: string): object | null
  /** Milliseconds of a clock that never steps. */
  now(): number
  /** So many records were lost; `why` is a short constant: it becomes a label of a metric. */
  lost(count: number, why: string): void
  delivered(count: number): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void
}

/** One header field; several of a name stand together. */
export type LoggedFields = Readonly<Record<string, string | readonly string[]>>

/** One exchange as the log thread reads it. Times in milliseconds; -1: not reached. Ids '': none. */
export interface LogRecord {
  readonly requestId: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly clientIp: string
  readonly clientPort: number
  readonly scheme: string
  readonly host: string
  readonly port: number
  /** 1.0, 1.1 or 2. */
  readonly httpVersion: string
  readonly method: string
  /** Path and query as sent; '' for a head that could not be read. */
  readonly uri: string
  readonly requestHeaders: LoggedFields
  /** Bytes of head and body. */
  readonly requestSize: number
  readonly tls: { readonly version: string; readonly cipher: string; readonly verify: string } | null
  /** What the target was asked for. */
  readonly upstreamUri: string
  readonly status: number
  /** True when the answer is the target's. */
  readonly proxied: boolean
  readonly responseHeaders: LoggedFields
  readonly responseSize: number
  readonly routeId: string
  readonly serviceId: string
  readonly consumerId: string
  readonly credentialId: string
  readonly tries: readonly LoggedTry[]
  /** How many there were; `tries` may have fewer. */
  readonly triesCount: number
  readonly timers: LoggedTimers
  /** NONE where all is well; see docs/faults.md. */
  readonly fault: string
  readonly blame: string
  readonly detail: string
  readonly correlationId: string
  readonly extras: readonly (string | null)[]
  readonly trace: LoggedTrace | null
}

export interface LoggedTry {
  readonly ip: string
  readonly port: number
  readonly host: string
  /** Since startedAt. */
  readonly startMs: number
  readonly sentMs: number
  readonly headMs: number
  readonly endMs: number
  /** 0: no answer. */
  readonly status: number
  /** NONE, or why it failed. */
  readonly fault: string
}

/** Where the time went, as HAProxy's Tq, Tw, Tc, Tr and Ta, and what of it was the gateway's. -1: not reached. */
export interface LoggedTimers {
  /** Until the request's head was whole. */
  readonly request: number
  /** For a free connection. */
  readonly wait: number
  readonly connect: number
  /** From the request sent to the head of the answer. */
  readonly response: number
  readonly total: number
  /** From the first byte to the first try: Kong's `kong` latency. */
  readonly gateway: number
  /** From the head of the answer to its end. */
  readonly receive: number
}

export interface LoggedTrace {
  /** 32 hex. */
  readonly traceId: string
  /** 16 hex. */
  readonly spanId: string
  readonly tryId: string
  /** '' where the trace begins here. */
  readonly parentId: string
  /** Times since startedAt. */
  readonly steps: readonly { readonly name: string; readonly startMs: number; readonly endMs: number }[]
}
