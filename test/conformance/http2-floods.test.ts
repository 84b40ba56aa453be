/**
 * Floods over HTTP/2: frames that are cheap to send and dear to serve. A client that floods is cut off or held back,
 * others are answered meanwhile, and memory stays bounded.
 *
 * On the native-free engine only: kit/http2-rig.ts says why.
 */
import assert from 'node:assert/strict'
import { answers } from '../kit/behaviours.ts'
import { type Http2Rig, overHttp2 } from '../kit/http2-rig.ts'
import {
  block,
  code,
  type Field,
  flag,
  frame,
  headers,
  type RawHttp2,
  type RawHttp2Options,
  requestFields,
  setting,
  settings,
  type,
  uint32,
} from '../kit/raw-http2.ts'

/** More than a run of the collector leaves behind, far less than any flood here would take if it were kept. */
const GROWTH_MAX = 96 * 1024 * 1024
const MANY = 20_000

interface Flood {
  readonly what: string
  readonly count: number
  /** One of many: what is sent the `i`th time. */
  piece(i: number): Buffer
  /** Before the first. */
  readonly first?: Buffer
  readonly options?: Partial<RawHttp2Options>
  /** What the connection has to end with. None: it may go on, where it costs the gateway no more than the client. */
  readonly codes?: readonly number[]
}

const { ENHANCE_YOUR_CALM, PROTOCOL_ERROR, FLOW_CONTROL_ERROR } = code
const CALM = [ENHANCE_YOUR_CALM, PROTOCOL_ERROR]
const LARGE_ENTRY: Field = ['x-b', 'b'.repeat(3900)]

const stream = (i: number): number => 2 * i + 1
const get = (i: number): Buffer => headers(stream(i), requestFields())
const reset = (i: number): Buffer => frame(type.RST_STREAM, 0, stream(i), uint32(code.CANCEL))
const openBlock = frame(type.HEADERS, flag.END_STREAM, 1, block(requestFields()))
const openPost = headers(1, requestFields('POST'), 0)

const floods: readonly Flood[] = [
  {
    what: 'requests that are reset at once (rapid reset)',
    count: MANY,
    piece: (i) => Buffer.concat([get(i), reset(i)]),
    codes: CALM,
  },
  {
    what: 'requests that the gateway has to reset by an increment of 0 (MadeYouReset)',
    count: MANY,
    piece: (i) => Buffer.concat([get(i), frame(type.WINDOW_UPDATE, 0, stream(i), uint32(0))]),
    codes: CALM,
  },
  {
    what: 'requests that the gateway has to reset by a window beyond its bounds (MadeYouReset)',
    count: MANY,
    piece: (i) => Buffer.concat([get(i), frame(type.WINDOW_UPDATE, 0, stream(i), uint32(2 ** 31 - 1))]),
    codes: [...CALM, FLOW_CONTROL_ERROR],
  },
  {
    what: 'requests that are malformed, each reset anew',
    count: MANY,
    piece: (i) => headers(stream(i), requestFields('GET', '/', ['connection', 'close'])),
    codes: CALM,
  },
  {
    what: 'a header block that goes on and on (CONTINUATION)',
    count: 4000,
    first: openBlock,
    piece: (i) => frame(type.CONTINUATION, 0, 1, block([[`x-${i}`, 'a'.repeat(4000)]])),
    codes: CALM,
  },
  {
    what: 'a header block of empty CONTINUATION frames',
    count: MANY,
    first: openBlock,
    piece: () => frame(type.CONTINUATION, 0, 1),
    codes: CALM,
  },
  { what: 'PING', count: MANY, piece: () => frame(type.PING, 0, 0, 'p'.repeat(8)), codes: CALM },
  { what: 'SETTINGS', count: MANY, piece: (i) => settings([setting.MAX_CONCURRENT_STREAMS, i]), codes: CALM },
  {
    what: 'SETTINGS that change every stream’s window',
    count: MANY,
    first: Buffer.concat(Array.from({ length: 90 }, (_, i) => headers(stream(i), requestFields('POST'), 0))),
    piece: (i) => settings([setting.INITIAL_WINDOW_SIZE, 65_535 - (i % 2)]),
    codes: CALM,
  },
  { what: 'empty DATA', count: MANY, first: openPost, piece: () => frame(type.DATA, 0, 1), codes: CALM },
  {
    what: 'DATA of padding only',
    count: MANY,
    first: openPost,
    piece: () => frame(type.DATA, flag.PADDED, 1, Buffer.of(0)),
    codes: CALM,
  },
  {
    what: 'HEADERS without a field',
    count: MANY,
    piece: (i) => frame(type.HEADERS, flag.END_STREAM | flag.END_HEADERS, stream(i)),
    codes: CALM,
  },
  {
    what: 'PRIORITY',
    count: MANY,
    piece: (i) => frame(type.PRIORITY, 0, stream(i % 500), Buffer.concat([uint32(0), Buffer.of(i & 255)])),
    codes: CALM,
  },
  {
    what: 'window updates of one byte',
    count: MANY,
    piece: () => frame(type.WINDOW_UPDATE, 0, 0, uint32(1)),
    codes: CALM,
  },
  { what: 'frames of an unknown type', count: MANY, piece: () => frame(0x42, 0, 0, 'x'), codes: CALM },
  {
    what: 'references to one large entry of the table (HPACK bomb)',
    count: 100,
    first: headers(1, requestFields()),
    piece: (i) => bomb(i + 1),
  },
  {
    what: 'header lists above the limit, on streams that stay open',
    count: 500,
    piece: (i) => wide(i),
  },
]

/** Puts a large entry into the table, and names it 12,000 times: 60 MB of fields in 16 KB. */
function bomb(i: number): Buffer {
  const entry = block([LARGE_ENTRY])
  entry[0] = 0x40
  const bytes = Buffer.concat([block(requestFields()), entry, Buffer.alloc(12_000, 0xbe)])
  return frame(type.HEADERS, flag.END_STREAM | flag.END_HEADERS, stream(i), bytes)
}

function wide(i: number): Buffer {
  const bytes = block(
    requestFields('POST', '/', ...Array.from({ length: 7 }, (): Field => ['x-wide', 'w'.repeat(2000)])),
  )
  const rest = block(Array.from({ length: 7 }, (): Field => ['x-wide', 'w'.repeat(2000)]))
  return Buffer.concat([
    frame(type.HEADERS, 0, stream(i), bytes),
    frame(type.CONTINUATION, 0, stream(i), rest),
    frame(type.CONTINUATION, flag.END_HEADERS, stream(i), rest),
  ])
}

async function assertBounded(rig: Http2Rig, act: () => Promise<void>): Promise<void> {
  await rig.probe()
  const before = rig.gateway.rss
  await act()
  await rig.probe()
  const growth = rig.gateway.rss - before
  assert.ok(growth < GROWTH_MAX, `grew by ${Math.round(growth / 1024 / 1024)} MB`)
}

async function run(rig: Http2Rig, flood: Flood): Promise<void> {
  const client = await rig.connect(flood.options)
  if (flood.first !== undefined) client.send(flood.first)
  const half = Math.floor(flood.count / 2)
  await client.flood(half, flood.piece)
  await rig.probe()
  await client.flood(flood.count - half, (i) => flood.piece(half + i))
  if (flood.codes === undefined) return
  await client.until('the end of the connection', () => client.closed)
  assert.ok(flood.codes.includes(client.goaway), `GOAWAY with ${client.goaway}`)
}

/** Asks for large answers and opens no window for them. */
async function holdAnswers(client: RawHttp2, count: number): Promise<void> {
  for (let i = 0; i < count; i++) client.send(get(i))
  await client.until('the heads of the answers', () => {
    const begun = [...client.answers.values()].filter((answer) => answer.status > 0 || answer.reset >= 0)
    return begun.length >= count || client.closed
  })
}

overHttp2('HTTP/2 floods', {}, (check) => {
  for (const flood of floods)
    check(`${flood.what}: cut off or held back, others are answered, memory stays bounded`, (rig) =>
      assertBounded(rig, () => run(rig, flood)),
    )

  check('rapid resets do not all reach the target', async (rig) => {
    const client = await rig.connect()
    const sent = await client.flood(MANY, (i) => Buffer.concat([get(i), reset(i)]))
    await client.until('the end of the connection', () => client.closed)
    await rig.probe()
    assert.ok(rig.target.calls.length < 2000, `${rig.target.calls.length} of ${sent} reached the target`)
  })

  check('a client that pings and reads nothing is cut off', (rig) =>
    assertBounded(rig, async () => {
      const client = await rig.connect()
      client.socket.pause()
      await client.flood(100_000, () => frame(type.PING, 0, 0, 'p'.repeat(8)))
      await rig.probe()
      client.socket.resume()
      await client.until('the end of the connection', () => client.closed)
    }),
  )

  check('large answers that no window takes wait at the target, not in memory', (rig) =>
    assertBounded(rig, async () => {
      rig.target.behave = (call) =>
        answers(call.request.target === '/probe' ? 'ok' : 'x'.repeat(4 * 1024 * 1024))(call)
      const client = await rig.connect({ settings: [[setting.INITIAL_WINDOW_SIZE, 0]], keepsWindows: true })
      await holdAnswers(client, 100)
      await rig.probe()
    }),
  )

  check('many streams with a window of one byte do not keep others waiting', (rig) =>
    assertBounded(rig, async () => {
      rig.target.behave = (call) =>
        answers(call.request.target === '/probe' ? 'ok' : 'x'.repeat(100_000))(call)
      const client = await rig.connect({ settings: [[setting.INITIAL_WINDOW_SIZE, 1]], keepsWindows: true })
      await holdAnswers(client, 100)
      await client.flood(500, (i) => frame(type.WINDOW_UPDATE, 0, stream(i % 100), uint32(1)))
      await rig.probe()
    }),
  )

  check('many connections that say nothing behind their preface do not keep others waiting', (rig) =>
    assertBounded(rig, async () => {
      const clients = await Promise.all(Array.from({ length: 200 }, () => rig.connect()))
      for (const client of clients) client.send(openBlock)
      await rig.probe()
    }),
  )
})
