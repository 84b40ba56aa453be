/** Feeds text to the codec, whole or in pieces, and tells what came of it. */
import { CHUNK_BAD, CHUNK_DATA, CHUNK_TRAILERS, ChunkedReader } from '../../src/http1/chunked/chunked.ts'
import { Head, KIND_REQUEST, KIND_RESPONSE, KIND_TRAILERS, STRIDE } from '../../src/http1/head.ts'
import { type HeadLimits, REQUEST_LIMITS, RESPONSE_LIMITS, TRAILER_LIMITS } from '../../src/http1/limits.ts'

export interface Fed {
  readonly head: Head
  /** The position behind the head in the whole text, or a negative answer. */
  readonly answer: number
}

export function requestHead(limits: HeadLimits = REQUEST_LIMITS): Head {
  return new Head(KIND_REQUEST, limits)
}

export function responseHead(limits: HeadLimits = RESPONSE_LIMITS): Head {
  return new Head(KIND_RESPONSE, limits)
}

export function trailersHead(): Head {
  return new Head(KIND_TRAILERS, TRAILER_LIMITS)
}

/** Feeds the text cut at these positions, each piece from a buffer that is overwritten at once afterwards. */
export function feed(head: Head, text: string, cuts: readonly number[] = []): Fed {
  const all = Buffer.from(text, 'latin1')
  let from = 0
  for (const to of [...cuts, all.length]) {
    const lent = Buffer.from(`..${text.slice(from, to)}....`, 'latin1')
    const answer = head.feed(lent, 2, 2 + to - from)
    lent.fill(0x58)
    if (answer >= 0) return { head, answer: from + answer - 2 }
    if (answer !== -1) return { head, answer }
    from = to
  }
  return { head, answer: -1 }
}

export function readRequest(text: string, cuts: readonly number[] = []): Fed {
  return feed(requestHead(), text, cuts)
}

export function readResponse(text: string, cuts: readonly number[] = []): Fed {
  return feed(responseHead(), text, cuts)
}

/** Everything a head says, as data that can be compared. */
export function describe(fed: Fed): unknown {
  const { head, answer } = fed
  if (answer < 0) return answer
  const offsets = [
    head.methodStart,
    head.methodEnd,
    head.targetStart,
    head.targetEnd,
    head.pathStart,
    head.pathEnd,
  ]
  return {
    answer,
    used: head.used,
    bytes: head.bytes.toString('latin1', 0, head.used),
    spans: [...head.spans.subarray(0, head.count * STRIDE + 1)],
    present: head.present,
    offsets: [...offsets, head.authorityStart, head.authorityEnd, head.reasonStart, head.reasonEnd],
    facts: [head.minor, head.status, head.pathOdd, head.count],
  }
}

export interface Body {
  readonly verdict: 'more' | 'whole' | 'bad'
  readonly data: string
  /** Bytes read, trailers included. */
  readonly length: number
  readonly trailers: Head
}

/** Reads a chunked body with its trailers, cut at these positions. */
export function readChunked(text: string, cuts: readonly number[] = []): Body {
  const reader = new ChunkedReader()
  const trailers = trailersHead()
  let data = ''
  let from = 0
  let inTrailers = false
  for (const to of [...cuts, text.length]) {
    const piece = Buffer.from(text.slice(from, to), 'latin1')
    let at = 0
    while (at < piece.length && !inTrailers) {
      const verdict = reader.next(piece, at, piece.length)
      if (verdict === CHUNK_BAD) return { verdict: 'bad', data, length: from + reader.pos, trailers }
      if (verdict === CHUNK_DATA) data += piece.toString('latin1', reader.dataStart, reader.dataEnd)
      inTrailers = verdict === CHUNK_TRAILERS
      at = reader.pos
    }
    if (inTrailers) {
      const answer = trailers.feed(piece, at, piece.length)
      if (answer >= 0) return { verdict: 'whole', data, length: from + answer, trailers }
      if (answer !== -1) return { verdict: 'bad', data, length: from + at, trailers }
    }
    from = to
  }
  return { verdict: 'more', data, length: from, trailers }
}

/** Every position between two bytes of a text. */
export function positions(text: string): number[] {
  return Array.from({ length: text.length - 1 }, (_, i) => i + 1)
}
