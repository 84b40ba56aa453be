/**
 * frame-reader — cuts what a peer sends into frames, wherever the reads cut them.
 *
 * WHAT    DATA is handed on where it lies, in as many pieces as reads bring it, without its padding. Every other frame
 *         is answered whole: where it lies when it lies in one read, else from a copy.
 *
 * LIMITS  Keeps one frame at most, FRAME_BYTES_MAX bytes.
 *
 * HOT     `next` runs once a frame, and once a read for DATA.
 */
import { appendBytes, NO_BYTES } from '../base/append-bytes.ts'
import {
  DATA,
  FLAGS_AT,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PADDED,
  PREFACE,
  PROTOCOL_ERROR,
  readUint31,
} from './frame.ts'

/** All bytes are taken, and no frame is whole. */
export const READ_MORE = 0
/** A frame is whole: `bytes` [start, end) are its payload. */
export const READ_FRAME = 1
/** A piece of a DATA frame is in `bytes` [start, end); maybe none of its bytes. */
export const READ_DATA = 2
/** `error` is the connection's end. */
export const READ_BAD = 3

const IN_HEAD = 0
const IN_PAYLOAD = 1
const IN_PAD_LENGTH = 2
const IN_DATA = 3
const IN_PREFACE = 4

export class FrameReader {
  length: number
  type: number
  flags: number
  stream: number
  bytes: Buffer
  start: number
  end: number
  /** How far `next` has got in what it was given. */
  pos: number
  /** Of a piece of DATA: the frame's first, its last. */
  isFirst: boolean
  isLast: boolean
  /** Of a DATA frame: bytes that count for the windows and are no data. */
  overhead: number
  error: number
  #state: number
  #prefaceAt: number
  #kept: Buffer
  #isFresh: boolean
  #dataLeft: number
  #padLeft: number

  /** `isOfClient`: they begin with the preface (RFC 9113 §3.4). */
  constructor(isOfClient: boolean) {
    this.length = 0
    this.type = 0
    this.flags = 0
    this.stream = 0
    this.bytes = NO_BYTES
    this.start = 0
    this.end = 0
    this.pos = 0
    this.isFirst = false
    this.isLast = false
    this.overhead = 0
    this.error = NO_ERROR
    this.#state = isOfClient ? IN_PREFACE : IN_HEAD
    this.#prefaceAt = 0
    this.#kept = NO_BYTES
    this.#isFresh = false
    this.#dataLeft = 0
    this.#padLeft = 0
  }

  /** Reads on in bytes [start, end), which are not none. */
  next(buffer: Buffer, start: number, end: number): number {
    this.pos = start
    if (this.#state === IN_PREFACE && !this.#readPreface(buffer, end)) return this.#fail(PROTOCOL_ERROR)
    if (this.pos === end) return READ_MORE
    if (this.#state === IN_HEAD && !this.#readHead(buffer, end)) return READ_MORE
    if (this.length > FRAME_BYTES_MAX) return this.#fail(FRAME_SIZE_ERROR)
    if (this.#state === IN_PAYLOAD) return this.#readPayload(buffer, end)
    return this.#readData(buffer, end)
  }

  #fail(code: number): number {
    this.error = code
    return READ_BAD
  }

  /** False when it is something else. */
  #readPreface(buffer: Buffer, end: number): boolean {
    while (this.pos < end && this.#prefaceAt < PREFACE.length)
      if (buffer[this.pos++] !== PREFACE[this.#prefaceAt++]) return false
    if (this.#prefaceAt === PREFACE.length) this.#state = IN_HEAD
    return true
  }

  #readHead(buffer: Buffer, end: number): boolean {
    let source = buffer
    let at = this.pos
    const kept = this.#kept.length
    if (kept > 0 || end - at < FRAME_HEAD_BYTES) {
      const until = Math.min(end, at + FRAME_HEAD_BYTES - kept)
      this.#kept = appendBytes(this.#kept, buffer, at, until)
      this.pos = until
      if (this.#kept.length < FRAME_HEAD_BYTES) return false
      source = this.#kept
      at = 0
      this.#kept = NO_BYTES
    } else this.pos = at + FRAME_HEAD_BYTES
    this.length = (source[at]! << 16) | (source[at + 1]! << 8) | source[at + 2]!
    this.type = source[at + 3]!
    this.flags = source[at + FLAGS_AT]!
    this.stream = readUint31(source, at + 5)
    this.#begin()
    return true
  }

  #begin(): void {
    if (this.type !== DATA) {
      this.#state = IN_PAYLOAD
      return
    }
    this.#isFresh = true
    this.#dataLeft = this.length
    this.#padLeft = 0
    this.overhead = 0
    this.#state = (this.flags & PADDED) === 0 ? IN_DATA : IN_PAD_LENGTH
  }

  #readPayload(buffer: Buffer, end: number): number {
    const at = this.pos
    const kept = this.#kept.length
    if (kept === 0 && end - at >= this.length) {
      this.bytes = buffer
      this.start = at
      this.end = at + this.length
      this.pos = this.end
    } else {
      const until = Math.min(end, at + this.length - kept)
      this.#kept = appendBytes(this.#kept, buffer, at, until)
      this.pos = until
      if (this.#kept.length < this.length) return READ_MORE
      this.bytes = this.#kept
      this.start = 0
      this.end = this.length
      this.#kept = NO_BYTES
    }
    this.#state = IN_HEAD
    return READ_FRAME
  }

  #readData(buffer: Buffer, end: number): number {
    if (this.#state === IN_PAD_LENGTH) {
      if (this.length === 0) return this.#fail(FRAME_SIZE_ERROR)
      if (this.pos >= end) return READ_MORE
      const pad = buffer[this.pos++]!
      if (pad >= this.length) return this.#fail(PROTOCOL_ERROR)
      this.#dataLeft = this.length - 1 - pad
      this.#padLeft = pad
      this.overhead = pad + 1
      this.#state = IN_DATA
    }
    const start = this.pos
    const until = Math.min(end, start + this.#dataLeft)
    this.#dataLeft -= until - start
    const padded = this.#dataLeft === 0 ? Math.min(this.#padLeft, end - until) : 0
    this.#padLeft -= padded
    this.pos = until + padded
    this.bytes = buffer
    this.start = start
    this.end = until
    this.isFirst = this.#isFresh
    this.isLast = this.#dataLeft === 0 && this.#padLeft === 0
    this.#isFresh = false
    if (this.isLast) this.#state = IN_HEAD
    return this.isFirst || this.isLast || until > start ? READ_DATA : READ_MORE
  }
}
