/**
 * Our codec against node:http's parser, llhttp, on generated requests that are then damaged: what we accept, it must
 * accept too and read alike: method, target, fields, body and trailers, byte for byte.
 *
 * We refuse more, on purpose. Classes that llhttp takes and we do not, counted in this test's diagnostics:
 *   bare-lf        a line feed without a carriage return ends nothing with us
 *   target         in other than origin-, absolute- or asterisk-form, user information, '#', '*' but for OPTIONS,
 *                  CONNECT
 *   coding         Transfer-Encoding other than the one word chunked; a length beside it; any coding in HTTP/1.0
 *   version        no version, or another than 1.0 and 1.1
 *   chunk-line     an extension outside its grammar, a blank behind the size, more than 13 digits, 256 bytes of line
 *   other          the rest, which llhttp passes in some of its states: a control byte, an empty line too many
 */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, METHODS, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { after, test } from 'node:test'
import { listFields } from '../../src/http1/fields.ts'
import { CHUNKED, INVALID, requestLength } from '../../src/http1/framing.ts'
import type { Head } from '../../src/http1/head.ts'
import { hostEnd, portAfter } from '../../src/http1/host.ts'
import { readChunked, readRequest } from '../kit/codec-rig.ts'

const CASES = 6000
const SEED = 20261122

interface Read {
  readonly method: string
  readonly target: string
  readonly fields: [string, string][]
  readonly body: string
  readonly trailers: [string, string][]
  /** Bytes of the whole message. */
  readonly length: number
}

/** What we make of one message; null for refused or incomplete. */
function ours(text: string): Read | null {
  const { head, answer } = readRequest(text)
  if (answer < 0 || !hasGoodAuthority(head)) return null
  const framing = requestLength(head)
  if (framing === INVALID) return null
  const rest = text.slice(answer)
  const slice = (start: number, end: number): string => head.bytes.toString('latin1', start, end)
  const common = {
    method: slice(head.methodStart, head.methodEnd),
    target: slice(head.targetStart, head.targetEnd),
    fields: listFields(head),
  }
  if (framing === CHUNKED) {
    const { verdict, data, length, trailers } = readChunked(rest)
    if (verdict !== 'whole') return null
    return { ...common, body: data, trailers: listFields(trailers), length: answer + length }
  }
  if (rest.length < framing) return null
  return { ...common, body: rest.slice(0, framing), trailers: [], length: answer + framing }
}

/** As the listeners check it before they route. */
function hasGoodAuthority(head: Head): boolean {
  if (head.authorityEnd === 0) return true
  const end = hostEnd(head.bytes, head.authorityStart, head.authorityEnd)
  return end >= 0 && portAfter(head.bytes, end, head.authorityEnd) >= 0
}

const server: Server = createServer({ requireHostHeader: false })
after(() => server.close())

/** What llhttp makes of these bytes when they are all there is; null for refused or incomplete. */
function theirs(text: string): Promise<Omit<Read, 'length'> | null> {
  return new Promise((resolve) => {
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
    const finish = (read: Omit<Read, 'length'> | null): void => {
      resolve(read)
      socket.destroy()
    }
    const onRequest = (request: IncomingMessage): void => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1')
      })
      request.on('error', () => finish(null)) // cut short: refused, as the answer says
      request.on('end', () => finish(describeTheirs(request, body)))
    }
    socket.on('error', () => finish(null)) // the server's way to refuse
    socket.on('close', () => resolve(null))
    handlers.set(socket, onRequest)
    server.emit('connection', socket)
    socket.push(Buffer.from(text, 'latin1'))
    socket.push(null)
  })
}

const handlers = new WeakMap<object, (request: IncomingMessage) => void>()
for (const event of ['request', 'checkContinue', 'checkExpectation'])
  server.on(event, (request: IncomingMessage) => handlers.get(request.socket)?.(request))
server.on('clientError', (_error, socket) => socket.destroy())

function describeTheirs(request: IncomingMessage, body: string): Omit<Read, 'length'> | null {
  if (!request.complete) return null
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    fields: pairs(request.rawHeaders),
    body,
    trailers: pairs(request.rawTrailers),
  }
}

function pairs(flat: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) found.push([flat[i]!, flat[i + 1]!])
  return found
}

test('what we accept, llhttp accepts and reads alike, on thousands of damaged requests', async (t) => {
  const random = lehmer(SEED)
  const stricter = new Map<string, number>()
  let alike = 0
  for (let i = 0; i < CASES; i++) {
    const text = damage(generate(random), random)
    const mine = ours(text)
    if (mine === null) {
      const other = await theirs(text)
      if (other !== null) stricter.set(classOf(text), (stricter.get(classOf(text)) ?? 0) + 1)
      continue
    }
    // llhttp knows a list of methods; a gateway forwards any.
    if (!METHODS.includes(mine.method)) continue
    // A tab behind a length is optional blank (RFC 9110 §5.6.3); llhttp takes it from version 9 on.
    if (/^content-length:.*\d *\t/im.test(text)) continue
    const { length, ...read } = mine
    assert.deepEqual(await theirs(text.slice(0, length)), read, JSON.stringify(text))
    alike++
  }
  t.diagnostic(`${alike} of ${CASES} accepted by both; refused by us alone: ${JSON.stringify([...stricter])}`)
  assert.ok(alike > CASES / 5, 'enough requests survive the damage to mean something')
})

function classOf(text: string): string {
  const [head = '', body = ''] = text.split(/\r?\n\r?\n/, 2)
  if (/(?<!\r)\n/.test(text)) return 'bare-lf'
  if (!/ HTTP\/1\.[01]\r/.test(head)) return 'version'
  if (!/^\s*[A-Z-]+ (?:\/|http)[^#@]* HTTP/.test(head)) return 'target'
  if (/transfer-encoding/i.test(head) && readRequest(text).answer > 0) {
    return requestLength(readRequest(text).head) === INVALID ? 'coding' : 'chunk-line'
  }
  return body === '' ? 'other' : 'other with body'
}

/** Numbers in [0, below), the same for the same seed. */
type Random = (below: number) => number

function lehmer(seed: number): Random {
  let state = seed
  return (below) => {
    state = Number((BigInt(state) * 48271n) % 2147483647n)
    return state % below
  }
}

function pick(random: Random, from: readonly string[]): string {
  return from[random(from.length)]!
}

const TARGETS = [
  '/',
  '/a/b?c=d',
  '/%41//../x',
  'http://example.com/a',
  'http://u@h:1?q',
  '*',
  '/a;b=c',
  '/|{}"<>\\^`',
]
const LINES = [
  'Host: example.com',
  'Accept: */*',
  'X-Blank: \t ',
  'X-Empty:',
  'X-Old: caf\xe9',
  'Connection: close',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Expect: something',
  "x!#$%&'*+-.^_`|~1: a\tb",
  'Cookie: a=b; c="d"',
  'TE: trailers',
]
const CHUNK_LINES = ['5', '5;a', '5;a=b', '5;a="b\\"c"', '05', '5;a;b=c']

function generate(random: Random): string {
  const version = random(8) === 0 ? '1.0' : '1.1'
  const lines = [
    `${pick(random, ['GET', 'POST', 'PUT', 'OPTIONS', 'HEAD', 'DELETE'])} ${pick(random, TARGETS)} HTTP/${version}`,
  ]
  for (let i = random(5); i > 0; i--) lines.push(pick(random, LINES))
  const kind = random(4)
  if (kind === 1) lines.push(`Content-Length: ${pick(random, ['5', '05', '0', '5 ', '\t5'])}`)
  if (kind >= 2)
    lines.push(
      `${pick(random, ['Transfer-Encoding', 'transfer-encoding'])}: ${pick(random, ['chunked', 'Chunked'])}`,
    )
  const empty = '\r\n'.repeat(random(20) === 0 ? 1 : 0)
  const head = `${empty}${lines.join('\r\n')}\r\n\r\n`
  if (kind < 2) return `${head}hello`
  const trailer = random(3) === 0 ? 'X-Sum: 7\r\n' : ''
  return `${head}${pick(random, CHUNK_LINES)}\r\nhello\r\n0\r\n${trailer}\r\n`
}

const BYTES = [
  '\0',
  '\t',
  '\n',
  '\r',
  ' ',
  ':',
  ';',
  ',',
  '"',
  '#',
  '\x7f',
  '\x80',
  '/',
  '0',
  '5',
  'x',
  '\v',
  '\r\n',
  '\r\n ',
  '=',
]

/** Up to three blows: a byte out, a byte in, a byte for another, a piece twice. */
function damage(text: string, random: Random): string {
  let damaged = text
  for (let blows = random(4); blows > 0; blows--) {
    const at = random(damaged.length)
    const width = random(2)
    const piece = random(6) === 0 ? damaged.slice(at, at + random(30)) : pick(random, BYTES)
    damaged = damaged.slice(0, at) + (random(5) === 0 ? '' : piece) + damaged.slice(at + width)
  }
  return damaged
}
