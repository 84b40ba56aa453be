/**
 * hpack — what reading a request's header block and writing an answer's costs, on a connection in use.
 *
 *     node dist/bench/micro/codec/hpack.bench.js
 *
 * A browser's request: ten of its twelve fields are in a table by then, path and id come as Huffman literals. Its first
 * block, in which all is literal, is measured apart. An answer has nine fields, of which three differ each time.
 * No peer: the codec of node:http2 can only be had with its whole session.
 */
import { Outbox } from '../../../src/base/outbox.ts'
import { type FieldSink, HpackDecoder, OK } from '../../../src/http2/hpack/hpack-decoder.ts'
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.ts'
import { huffmanText } from '../../../test/kit/huffman-text.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const PATH = '/v1/orders/8f14e45f-ceea-467f-a8d0-9f1b2c3d4e5f?expand=lines&limit=50'
const REQUEST_ID = '7d9f3b2a-5c1e-4f8a-9b6d-0e2c4a6f8b1d'
const LIST_MAX = 32 * 1024

const requestFields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'orders.example.com'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0'],
  ['accept', 'application/json, text/plain, */*'],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['accept-language', 'en-GB,en;q=0.9,de;q=0.8'],
  [
    'authorization',
    'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.s5c1d2e3f4a5',
  ],
  ['cookie', 'session=3f2a9c7e1b5d4f6a8c0e2b4d6f8a0c1e; theme=dark; consent=all'],
  ['referer', 'https://shop.example.com/account/orders?page=2&sort=date'],
] as const

const answerFields = [
  ['Content-Type', 'application/json; charset=utf-8'],
  ['Content-Length', '1100'],
  ['Date', 'Sun, 22 Nov 2026 21:00:00 GMT'],
  ['Cache-Control', 'private, max-age=0, must-revalidate'],
  ['Via', '1.1 kong/3.9.1'],
  ['Vary', 'Accept-Encoding, Origin'],
] as const
const ANSWER_VARYING = ['X-Kong-Request-Id', 'X-Kong-Upstream-Latency', 'ETag'] as const
/** So many answers in a row have different values, then they come again: too late to be remembered. */
const VARIANTS = 64

export const bench: Bench = {
  name: 'hpack',
  says: 'reads and writes header blocks of HTTP/2',
  groups: [
    { name: 'request of 12 fields', open: decodeCases },
    { name: 'answer of 9 fields', open: encodeCases },
  ],
}

class Sum implements FieldSink {
  total = 0

  field(bytes: Buffer, nameStart: number, nameEnd: number, value: Buffer, start: number, end: number): void {
    this.total =
      (this.total +
        bytes[nameStart]! +
        nameEnd -
        nameStart +
        end -
        start +
        (end > start ? value[start]! : 0)) &
      0xffff
  }
}

function repeat(name: string, note: string, operation: (i: number) => number): Case {
  const run = (times: number): number => {
    let sum = 0
    for (let i = 0; i < times; i++) sum += operation(i)
    return sum
  }
  return note === '' ? { name, run } : { name, note, run }
}

function decodeCases(): Case[] {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder(4096)
  const filled = new HpackDecoder(4096)
  const sum = new Sum()
  requestBlock(encoder)
  // The encoder keeps what comes the second time.
  const filling = requestBlock(encoder)
  const warm = requestBlock(encoder)
  const emptied = Buffer.concat([Buffer.from('203fe11f', 'hex'), filling])
  const read = (reader: HpackDecoder, block: Buffer): number => {
    if (reader.decode(block, 0, block.length, sum, LIST_MAX) !== OK) throw new Error('not understood')
    return sum.total
  }
  read(decoder, filling)
  return [
    repeat('sluice, the table warm', `${warm.length} bytes`, () => read(decoder, warm)),
    repeat('sluice, the block that fills it', `${emptied.length} bytes`, () => read(filled, emptied)),
  ]
}

function requestBlock(encoder: HpackEncoder): Buffer {
  const out = new Outbox()
  for (const [name, value] of requestFields) putField(encoder, out, makeField(name, value))
  const literals = [
    ...[Buffer.of(0x04), huffmanString(PATH)],
    ...[Buffer.of(0x00), huffmanString('x-request-id'), huffmanString(REQUEST_ID)],
  ]
  const block = Buffer.concat([out.bytes.subarray(0, out.used), ...literals])
  out.release()
  return block
}

function huffmanString(text: string): Buffer {
  const coded = huffmanText(Buffer.from(text, 'latin1'))
  return Buffer.concat([Buffer.of(0x80 | coded.length), coded])
}

interface Field {
  readonly bytes: Buffer
  readonly nameEnd: number
}

function makeField(name: string, value: string): Field {
  return { bytes: Buffer.from(name + value, 'latin1'), nameEnd: name.length }
}

function putField(encoder: HpackEncoder, out: Outbox, { bytes, nameEnd }: Field): void {
  encoder.field(out, bytes, 0, nameEnd, nameEnd, bytes.length, false)
}

function encodeCases(): Case[] {
  const usual = answerFields.map(([name, value]) => makeField(name, value))
  const answers = Array.from({ length: VARIANTS }, (_, i) => [
    ...usual,
    ...ANSWER_VARYING.map((name) => makeField(name, makeValue(name, i))),
  ])
  const encoder = new HpackEncoder()
  const out = new Outbox()
  const write = (i: number): number => {
    out.used = 0
    encoder.begin(out)
    encoder.status(out, 200)
    const fields = answers[i & (VARIANTS - 1)]!
    for (let k = 0; k < fields.length; k++) putField(encoder, out, fields[k]!)
    return out.used
  }
  for (let i = 0; i < VARIANTS; i++) write(i)
  return [repeat('sluice', `${write(0)} bytes`, write)]
}

function makeValue(name: (typeof ANSWER_VARYING)[number], i: number): string {
  if (name === 'X-Kong-Upstream-Latency') return String(i)
  return (name === 'ETag' ? '"33a64df551425fcc55e4d42a1487' : '8f14e45fceea467fa8d09f1b2c3d').concat(
    String(100 + i),
  )
}

await runAlone(bench, import.meta.url)
