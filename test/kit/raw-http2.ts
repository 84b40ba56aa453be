/**
 * An HTTP/2 client that sends exactly the frames it is given, right or wrong, and shows exactly what comes back.
 *
 * Header blocks are literals without Huffman and without a table, so that any bytes can be sent. Of itself it only
 * acknowledges SETTINGS and gives back the windows that DATA has used, both unless told otherwise.
 */
import net from 'node:net'
import tls from 'node:tls'
import { HpackDecoder } from '../../src/http2/hpack/hpack-decoder.ts'
import { PATIENCE_MS } from './byte-reader.ts'
import { type Bytes, toBytes, turns } from './raw-client.ts'

export const type = {
  ...{ DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4 },
  ...{ PUSH_PROMISE: 5, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9 },
} as const

export const flag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const

export const code = {
  ...{ NO_ERROR: 0, PROTOCOL_ERROR: 1, INTERNAL_ERROR: 2, FLOW_CONTROL_ERROR: 3, SETTINGS_TIMEOUT: 4 },
  ...{ STREAM_CLOSED: 5, FRAME_SIZE_ERROR: 6, REFUSED_STREAM: 7, CANCEL: 8, COMPRESSION_ERROR: 9 },
  ...{ CONNECT_ERROR: 10, ENHANCE_YOUR_CALM: 11 },
} as const

export const setting = {
  ...{ HEADER_TABLE_SIZE: 1, ENABLE_PUSH: 2, MAX_CONCURRENT_STREAMS: 3 },
  ...{ INITIAL_WINDOW_SIZE: 4, MAX_FRAME_SIZE: 5, MAX_HEADER_LIST_SIZE: 6 },
} as const

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const HEAD_BYTES = 9

export type Field = readonly [name: string, value: string]
export type Setting = readonly [id: number, value: number]

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** What has come on one stream so far. */
export class Answer {
  status = 0
  /** Of 1xx answers before it. */
  readonly infos: number[] = []
  fields: readonly Field[] = []
  trailers: readonly Field[] = []
  body: Buffer = Buffer.alloc(0)
  ended = false
  /** The code it was reset with, or -1. */
  reset = -1

  get(name: string): string | undefined {
    return this.fields.find(([own]) => own === name)?.[1]
  }
}

export function frame(kind: number, flags: number, stream: number, payload: Bytes = ''): Buffer {
  const bytes = toBytes(payload)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(bytes.length, 0, 3)
  head[3] = kind
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, bytes])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

export function settings(...list: readonly Setting[]): Buffer {
  const bytes = Buffer.alloc(6 * list.length)
  for (const [i, [id, value]] of list.entries()) {
    bytes.writeUInt16BE(id, 6 * i)
    bytes.writeUInt32BE(value >>> 0, 6 * i + 2)
  }
  return frame(type.SETTINGS, 0, 0, bytes)
}

/** A header block of literals; characters are bytes. */
export function block(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), ...text(name), ...text(value)]))
}

function text(value: string): Buffer[] {
  const bytes = Buffer.from(value, 'latin1')
  const length = [Math.min(bytes.length, 0x7f)]
  let rest = bytes.length - 0x7f
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) | 0x80)
  if (rest >= 0) length.push(rest)
  return [Buffer.from(length), bytes]
}

/** The pseudo-fields of a request, and more behind them. */
export function requestFields(method = 'GET', path = '/', ...more: readonly Field[]): Field[] {
  return [[':method', method], [':scheme', 'http'], [':authority', 'gateway.test'], [':path', path], ...more]
}

/** HEADERS of a whole header block; flags besides END_HEADERS as given. */
export function headers(stream: number, fields: readonly Field[], flags: number = flag.END_STREAM): Buffer {
  return frame(type.HEADERS, flag.END_HEADERS | flags, stream, block(fields))
}

export interface RawHttp2Options {
  readonly port: number
  /** Over TLS with ALPN. */
  readonly isSecure?: boolean
  readonly settings?: readonly Setting[]
  /** Opens the connection and sends nothing. */
  readonly isSilent?: boolean
  /** Leaves the windows that DATA has used as they are. */
  readonly keepsWindows?: boolean
  /** Leaves SETTINGS without acknowledgement. */
  readonly keepsAcks?: boolean
}

export class RawHttp2 {
  readonly socket: net.Socket
  readonly frames: Frame[] = []
  readonly answers = new Map<number, Answer>()
  /** The last code of a GOAWAY, or -1. */
  goaway = -1
  closed = false
  readonly #options: RawHttp2Options
  readonly #decoder = new HpackDecoder(4096)
  readonly #watchers = new Set<() => void>()
  #held: Buffer = Buffer.alloc(0)
  #blocks: Buffer[] = []
  #blockFlags = 0

  constructor(socket: net.Socket, options: RawHttp2Options) {
    this.socket = socket
    this.#options = options
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', () => this.#close())
    socket.on('end', () => this.#close())
    socket.on('close', () => this.#close())
  }

  /** True while the gateway has neither closed nor said that it will for an error. */
  get isWelcome(): boolean {
    return !this.closed && this.goaway <= 0
  }

  send(...pieces: readonly Bytes[]): this {
    if (!this.closed && this.socket.writable) this.socket.write(Buffer.concat(pieces.map(toBytes)))
    return this
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** What has come on a stream. */
  answer(stream: number): Answer {
    let answer = this.answers.get(stream)
    if (answer === undefined) this.answers.set(stream, (answer = new Answer()))
    return answer
  }

  /** The whole answer of a stream; throws when it is reset or cut. */
  async whole(stream: number): Promise<Answer> {
    const answer = await this.settled(stream)
    if (!answer.ended) throw new Error(`stream ${stream}: reset ${answer.reset}, GOAWAY ${this.goaway}`)
    return answer
  }

  /** What has come on a stream once it has ended, been reset, or the connection is gone. */
  async settled(stream: number): Promise<Answer> {
    const answer = this.answer(stream)
    await this.until(`the end of stream ${stream}`, () => answer.ended || answer.reset >= 0 || this.closed)
    return answer
  }

  /** The first frame like this that has come or comes. */
  async frame(what: string, fits: (frame: Frame) => boolean): Promise<Frame> {
    await this.until(what, () => this.closed || this.frames.some(fits))
    const found = this.frames.find(fits)
    if (found === undefined) throw new Error(`closed before ${what}; GOAWAY ${this.goaway}`)
    return found
  }

  /** Waits until it is so, looking at each thing that comes. */
  until(what: string, isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(late)
        this.#watchers.delete(look)
      }
      const look = (): void => {
        if (!isSo()) return
        stop()
        resolve()
      }
      const late = setTimeout(() => {
        stop()
        reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; last frames: ${this.#lastFrames()}`))
      }, PATIENCE_MS)
      this.#watchers.add(look)
    })
  }

  #lastFrames(): string {
    return JSON.stringify(this.frames.slice(-5).map((one) => [one.type, one.flags, one.stream]))
  }

  /** A PING and its answer: whatever was sent before has been seen, and the connection is in order. */
  async ping(mark = 'sync'): Promise<void> {
    const payload = mark.padEnd(8, '.').slice(0, 8)
    this.send(frame(type.PING, 0, 0, payload))
    await this.frame(
      'the answer to PING',
      (one) => one.type === type.PING && one.flags === flag.ACK && one.payload.equals(Buffer.from(payload)),
    )
  }

  /** Sends up to `count` pieces as fast as they are taken, until it is cut off. Answers how many went out. */
  async flood(count: number, piece: (i: number) => Bytes): Promise<number> {
    for (let i = 0; i < count; i++) {
      if (!this.isWelcome) return i
      this.send(piece(i))
      if (i % 50 === 49) await turns(1)
      const isFull = this.socket.writableNeedDrain && this.isWelcome
      if (isFull && !(await this.#drained())) return i
    }
    return count
  }

  /** False when nothing was taken in time: the gateway reads no more, which is one way to bear a flood. */
  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isTaken: boolean) => () => {
        clearTimeout(late)
        resolve(isTaken)
      }
      const late = setTimeout(settle(false), 1000)
      this.socket.once('drain', settle(true))
      this.socket.once('close', settle(false))
    })
  }

  #close(): void {
    this.closed = true
    this.#stir()
  }

  #stir(): void {
    for (const look of [...this.#watchers]) look()
  }

  #take(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    while (this.#held.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#held.readUIntBE(0, 3)
      if (this.#held.length < end) break
      const [kind = 0, flags = 0] = [this.#held[3], this.#held[4]]
      const stream = this.#held.readUInt32BE(5)
      this.#see({ type: kind, flags, stream, payload: this.#held.subarray(HEAD_BYTES, end) })
      this.#held = this.#held.subarray(end)
    }
    this.#stir()
  }

  #see(one: Frame): void {
    this.frames.push(one)
    const isAck = (one.flags & flag.ACK) !== 0
    if (one.type === type.GOAWAY) this.goaway = one.payload.readUInt32BE(4)
    if (one.type === type.RST_STREAM) this.answer(one.stream).reset = one.payload.readUInt32BE(0)
    if (one.type === type.SETTINGS && !isAck && this.#options.keepsAcks !== true)
      this.send(frame(type.SETTINGS, flag.ACK, 0))
    if (one.type === type.DATA) this.#seeData(one)
    if (one.type === type.HEADERS || one.type === type.CONTINUATION) this.#seeBlock(one)
  }

  #seeData({ stream, flags, payload }: Frame): void {
    const answer = this.answer(stream)
    answer.body = Buffer.concat([answer.body, payload])
    if ((flags & flag.END_STREAM) !== 0) answer.ended = true
    if (payload.length === 0 || this.#options.keepsWindows === true) return
    for (const id of answer.ended ? [0] : [0, stream])
      this.send(frame(type.WINDOW_UPDATE, 0, id, uint32(payload.length)))
  }

  /** The gateway sends neither padding nor priorities, so a block is its frames' payloads. */
  #seeBlock(one: Frame): void {
    if (one.type === type.HEADERS) this.#blockFlags = one.flags
    this.#blocks.push(one.payload)
    if ((one.flags & flag.END_HEADERS) === 0) return
    const fields = this.#decode(Buffer.concat(this.#blocks))
    this.#blocks = []
    const answer = this.answer(one.stream)
    const status = Number(fields.find(([name]) => name === ':status')?.[1] ?? 0)
    if (answer.status >= 200) answer.trailers = fields
    else if (status < 200) answer.infos.push(status)
    else {
      answer.status = status
      answer.fields = fields
    }
    if ((this.#blockFlags & flag.END_STREAM) !== 0) answer.ended = true
  }

  #decode(bytes: Buffer): Field[] {
    const fields: Field[] = []
    const field = (names: Buffer, start: number, end: number, ...rest: [Buffer, number, number]): void => {
      fields.push([names.latin1Slice(start, end), rest[0].latin1Slice(rest[1], rest[2])])
    }
    if (this.#decoder.decode(bytes, 0, bytes.length, { field }, 1e7) !== 0)
      throw new Error(`the gateway sent a header block that cannot be read: ${bytes.toString('hex')}`)
    return fields
  }
}

/** Connects, and sends the preface and SETTINGS unless `isSilent`. */
export function openHttp2(options: RawHttp2Options): Promise<RawHttp2> {
  const { port, isSecure = false, isSilent = false } = options
  return new Promise((resolve, reject) => {
    const where = { host: '127.0.0.1', port }
    const secure = { ...where, ALPNProtocols: ['h2'], rejectUnauthorized: false, servername: 'gateway.test' }
    const socket = isSecure ? tls.connect(secure) : net.connect(where)
    socket.setNoDelay(true)
    socket.once('error', reject)
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject)
      const client = new RawHttp2(socket, options)
      if (!isSilent) client.send(PREFACE, settings(...(options.settings ?? [])))
      resolve(client)
    })
  })
}
