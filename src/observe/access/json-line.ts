/**
 * json-line — the format `json`: one object a line, always with the same fields in the same order.
 *
 * What is not known, or was not reached, is null. Numbers are numbers; times are milliseconds.
 *
 * HOT     `put` runs once a request while PROXY_ACCESS_LOG_FORMAT is json: no allocation.
 */
import type { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { timersOf } from '../../contract/record/timers.ts'
import type { LineWriter } from './formatted-line.ts'
import { nginxPiece } from './nginx-names.ts'
import { Pen } from './pieces/pen.ts'
import type { LineFacts, Piece } from './pieces/piece.ts'

/** Field, and the variable it has its value of. */
const TEXTS = 'text'
const NUMBERS = 'number'
const FIELDS: readonly (readonly [field: string, name: string, kind: typeof TEXTS | typeof NUMBERS])[] = [
  ['time', 'start_time', TEXTS],
  ['request_id', 'request_id', TEXTS],
  ['client', 'remote_addr', TEXTS],
  ['method', 'request_method', TEXTS],
  ['scheme', 'scheme', TEXTS],
  ['host', 'host', TEXTS],
  ['uri', 'request_uri', TEXTS],
  ['protocol', 'server_protocol', TEXTS],
  ['status', 'status', NUMBERS],
  ['grpc_status', 'grpc_status', TEXTS],
  ['fault', 'fault', TEXTS],
  ['blame', 'blame', TEXTS],
  ['detail', 'detail', TEXTS],
  ['route', 'route', TEXTS],
  ['service', 'service', TEXTS],
  ['consumer', 'consumer', TEXTS],
  ['target', 'target', TEXTS],
  ['target_status', 'upstream_status', TEXTS],
  ['tries', 'tries', NUMBERS],
  ['bytes_in', 'request_length', NUMBERS],
  ['bytes_out', 'body_bytes_sent', NUMBERS],
  ['total_ms', 'ta', NUMBERS],
  ['request_ms', 'tq', NUMBERS],
  ['gateway_ms', 'tg', NUMBERS],
  ['wait_ms', 'tw', NUMBERS],
  ['connect_ms', 'tc', NUMBERS],
  ['response_ms', 'tr', NUMBERS],
  ['receive_ms', 'td', NUMBERS],
  ['tls', 'ssl_protocol', TEXTS],
  ['user_agent', 'http_user_agent', TEXTS],
  ['referer', 'http_referer', TEXTS],
  ['trace_id', 'trace_id', TEXTS],
]

const QUOTE = 34
const NULL = Buffer.from('null')
const END = Buffer.from('}\n')

export class JsonLine implements LineWriter {
  readonly #pen: Pen
  readonly #timers: Float64Array
  /** `{"time":`, `,"request_id":` … */
  readonly #keys: readonly Uint8Array[]
  readonly #pieces: readonly Piece[]
  readonly #quoted: readonly boolean[]

  constructor(facts: LineFacts) {
    this.#pen = new Pen(true)
    this.#timers = facts.timers
    this.#keys = FIELDS.map(([field], i) => Buffer.from(`${i === 0 ? '{' : ','}"${field}":`))
    this.#pieces = FIELDS.map(([, name]) => nginxPiece(name, facts)!)
    this.#quoted = FIELDS.map(([, , kind]) => kind === TEXTS)
  }

  put(out: Outbox, x: Exchange): void {
    const pen = this.#pen
    const pieces = this.#pieces
    pen.out = out
    timersOf(x, this.#timers)
    for (let i = 0; i < pieces.length; i++) {
      pen.ours(this.#keys[i]!)
      this.#value(i, out, x)
    }
    pen.ours(END)
  }

  #value(i: number, out: Outbox, x: Exchange): void {
    const pen = this.#pen
    const isQuoted = this.#quoted[i]!
    const start = out.used
    if (isQuoted) pen.byte(QUOTE)
    if (!this.#pieces[i]!.put(pen, x)) {
      out.used = start
      pen.ours(NULL)
    } else if (isQuoted) pen.byte(QUOTE)
  }
}
