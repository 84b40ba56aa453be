/** The codec of node:http2 and this one understand each other, table and all. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2, { type ClientHttp2Session } from 'node:http2'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../../base/outbox.ts'
import { HpackDecoder, OK } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'

const PREFACE_BYTES = 24
const HEADERS = 1
const CONTINUATION = 9
const END_HEADERS = 4

/** The other end of a session of node:http2: shows the header blocks it sends, and pushes frames at it. */
class Wire extends Duplex {
  readonly blocks: Buffer[] = []
  #left = Buffer.alloc(0)
  #skip = PREFACE_BYTES
  #block = Buffer.alloc(0)

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#left = Buffer.concat([this.#left, chunk])
    const skipped = Math.min(this.#skip, this.#left.length)
    this.#skip -= skipped
    this.#left = this.#left.subarray(skipped)
    while (this.#left.length >= 9 && this.#left.length >= 9 + this.#left.readUIntBE(0, 3)) this.#frame()
    done()
  }

  #frame(): void {
    const end = 9 + this.#left.readUIntBE(0, 3)
    const [type, flags] = [this.#left[3], this.#left[4]!]
    const padding = (flags & 8) === 0 ? 0 : 1
    const start = 9 + padding + ((flags & 0x20) === 0 ? 0 : 5)
    const stop = end - (padding === 0 ? 0 : this.#left[9]!)
    if (type === HEADERS || type === CONTINUATION) {
      const from = type === HEADERS ? start : 9
      this.#block = Buffer.concat([this.#block, this.#left.subarray(from, type === HEADERS ? stop : end)])
      if ((flags & END_HEADERS) !== 0) {
        this.blocks.push(this.#block)
        this.#block = Buffer.alloc(0)
      }
    }
    this.#left = this.#left.subarray(end)
  }

  give(type: number, flags: number, stream: number, payload: Buffer): void {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head[4] = flags
    head.writeUInt32BE(stream, 5)
    this.push(Buffer.concat([head, payload]))
  }
}

function openSession(): { wire: Wire; session: ClientHttp2Session } {
  const wire = new Wire()
  const session = http2.connect('http://gateway.test', { createConnection: () => wire })
  session.on('error', () => {})
  wire.give(4, 0, 0, Buffer.alloc(0))
  return { wire, session }
}

const names = fc.constantFrom(
  'accept',
  'user-agent',
  'x-one',
  'x-two',
  'x-a-much-longer-name',
  'referer',
  'via',
)
const value = fc.oneof(
  fc.constantFrom('a', 'text/html', 'https://shop.example.com/orders?page=2'),
  fc.stringMatching(/^[ -~]{0,60}$/).map((text) => text.trim()),
  fc.nat(3000).map((length) => 'v'.repeat(length)),
)
const fieldsOfMany = fc.array(fc.dictionary(names, value), { minLength: 1, maxLength: 20, size: 'max' })

test('what node:http2 compresses is read as it was sent', async () => {
  await fc.assert(
    fc.asyncProperty(fieldsOfMany, async (requests) => {
      const { wire, session } = openSession()
      const decoder = new HpackDecoder(4096)
      const streams = requests.map((fields) => session.request({ ':path': '/orders', ...fields }))
      for (const stream of streams) stream.on('error', () => {})
      for (let i = 0; i < 100 && wire.blocks.length < requests.length; i++) await nextTurn()
      session.destroy()
      assert.equal(wire.blocks.length, requests.length)
      for (const [i, fields] of requests.entries()) {
        const usual = [':method: GET', ':authority: gateway.test:80', ':scheme: http', ':path: /orders']
        const sent = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
        assert.deepEqual(read(decoder, wire.blocks[i]!).sort(), [...usual, ...sent].sort())
      }
    }),
    { numRuns: 25 },
  )
})

test('what is compressed here is read by node:http2 as it was meant', async () => {
  await fc.assert(
    fc.asyncProperty(fieldsOfMany, async (answers) => {
      const { wire, session } = openSession()
      const encoder = new HpackEncoder()
      for (const [i, fields] of answers.entries()) {
        const stream = session.request({ ':path': '/' })
        stream.on('error', () => {})
        const heard = once(stream, 'response')
        for (let turn = 0; turn < 100 && wire.blocks.length <= i; turn++) await nextTurn()
        wire.give(HEADERS, 5, 2 * i + 1, write(encoder, 200 + i, fields))
        const [got] = (await heard) as [Record<string, unknown>]
        assert.deepEqual(Object.fromEntries(Object.entries(got)), { ':status': 200 + i, ...fields })
      }
      session.destroy()
    }),
    { numRuns: 25 },
  )
})

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function read(decoder: HpackDecoder, block: Buffer): string[] {
  const list: string[] = []
  const field = (
    bytes: Buffer,
    start: number,
    end: number,
    ...[value, from, to]: [Buffer, number, number]
  ) => {
    list.push(`${bytes.latin1Slice(start, end)}: ${value.latin1Slice(from, to)}`)
  }
  assert.equal(decoder.decode(block, 0, block.length, { field }, 1_000_000), OK)
  return list
}

function write(encoder: HpackEncoder, status: number, fields: Readonly<Record<string, string>>): Buffer {
  const out = new Outbox()
  encoder.begin(out)
  encoder.status(out, status)
  for (const [name, value] of Object.entries(fields)) {
    const bytes = Buffer.from(name + value, 'latin1')
    encoder.field(out, bytes, 0, name.length, name.length, bytes.length, false)
  }
  const block = Buffer.from(out.bytes.subarray(0, out.used))
  out.release()
  return block
}
