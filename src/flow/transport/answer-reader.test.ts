/** What a target sends, cut at every place, is told as the same events; what is no answer is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { positions } from '../../../test/kit/codec-rig.ts'
import { FakeTransport } from '../../../test/kit/flow-rig.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { TransportEvents } from '../../contract/transport.ts'
import { getField, listFields } from '../../http1/fields.ts'
import { AnswerReader, READ_BAD, READ_DONE, READ_MORE } from './answer-reader.ts'

class Recorder implements TransportEvents {
  readonly said: string[] = []
  body = ''
  wantsMore = true
  onHead: ((x: Exchange) => void) | null = null
  now(): number {
    return 50
  }
  targetReady(): void {}
  targetInfo(x: Exchange): void {
    this.said.push(`info ${x.response.status} ${getField(x.response, 'a') ?? ''}`)
  }
  targetHead(x: Exchange): void {
    this.said.push(`head ${x.status} ${x.responseLength} ${x.bodyless}`)
    this.onHead?.(x)
  }
  targetBody(_x: Exchange, bytes: Buffer, start: number, end: number): boolean {
    assert.ok(end > start, 'never an empty span')
    this.body += bytes.toString('latin1', start, end)
    return this.wantsMore
  }
  targetEnd(): void {}
  targetHalfEnd(): void {}
  targetFault(): void {}
  targetDrain(): void {}
}

interface Read {
  readonly verdict: number
  readonly said: readonly string[]
  readonly body: string
  /** What lies behind the answer. */
  readonly rest: string
  readonly reusable: boolean
  readonly x: Exchange
  readonly reader: AnswerReader
}

function read(text: string, cuts: readonly number[] = [], method = 'GET', upstreamMethod = ''): Read {
  const events = new Recorder()
  const reader = new AnswerReader(events)
  const x = exchangeOf(`${method} / HTTP/1.1\nHost: a\n`)
  x.upstreamMethod = upstreamMethod
  x.carrier = new FakeTransport()
  reader.reset(x)
  let from = 0
  let verdict = READ_MORE
  for (const to of [...cuts, text.length]) {
    const lent = Buffer.from(`..${text.slice(from, to)}..`, 'latin1')
    verdict = reader.take(x, lent, 2, 2 + to - from)
    lent.fill(88)
    if (verdict !== READ_MORE) break
    from = to
  }
  const rest = verdict === READ_DONE ? text.slice(from + reader.pos - 2) : ''
  return { verdict, said: events.said, body: events.body, rest, reusable: reader.reusable, x, reader }
}

const answers: readonly [what: string, text: string, said: string[], body: string, method?: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', ['head 200 5 false'], 'hello'],
  ['no body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ['head 200 0 false'], ''],
  [
    'chunks and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n',
    ['head 200 -1 false'],
    'abcde',
  ],
  [
    'interim heads',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    ['info 100 ', 'info 103 b', 'head 200 1 false'],
    'x',
  ],
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ['head 200 5 true'], '', 'HEAD'],
  [
    'HEAD with chunks named',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ['head 200 -1 true'],
    '',
    'HEAD',
  ],
  ['204', 'HTTP/1.1 204 No\r\n\r\n', ['head 204 -2 true'], ''],
  [
    '304 with the length of another answer',
    'HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n',
    ['head 304 7 true'],
    '',
  ],
]
for (const [what, text, said, body, method] of answers)
  test(`an answer with ${what} reads the same wherever it is cut`, () => {
    for (const cuts of [[], positions(text), ...positions(text).map((at) => [at])]) {
      const got = read(text, cuts, method)
      assert.deepEqual([got.verdict, got.said, got.body], [READ_DONE, said, body], `cut at ${cuts}`)
      assert.equal(got.reusable, true)
      assert.equal(got.x.firstByteMs, 50)
    }
    const more = read(`${text}HTTP/1.1 200`, [], method)
    assert.deepEqual([more.verdict, more.rest], [READ_DONE, 'HTTP/1.1 200'], 'what follows is not touched')
  })

test('trailers are kept for the client, fields of an interim head are not', () => {
  const chunked = read(answers[2]![1])
  assert.deepEqual(listFields(chunked.x.responseTrailers), [['T', '1']])
  assert.deepEqual(listFields(read(answers[3]![1]).x.response), [['Content-Length', '1']])
})

test('a body without length lasts until the close, and its connection ends with it', () => {
  const got = read('HTTP/1.1 200 OK\r\n\r\nabc', [19, 20])
  assert.deepEqual([got.verdict, got.said, got.body], [READ_MORE, ['head 200 -2 false'], 'abc'])
  assert.deepEqual([got.reader.endsAtClose, got.reusable], [true, false])
  assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc').reader.endsAtClose, false)
})

test('whether the connection goes on is the target’s word', () => {
  const says = (version: string, connection: string): boolean =>
    read(`HTTP/${version} 200 OK\r\n${connection}Content-Length: 0\r\n\r\n`).reusable
  assert.deepEqual([says('1.1', ''), says('1.1', 'Connection: x, Close\r\n')], [true, false])
  assert.deepEqual([says('1.0', ''), says('1.0', 'Connection: keep-alive\r\n')], [false, true])
})

const bad = [
  'HTTP/1.1 101 Switching\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
  'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
  'HTTP/2 200\r\n\r\n',
  'SSH-2.0-x\r\n',
  'HTTP/1.1 100 C\r\n\r\n'.repeat(17),
]
for (const text of bad)
  test(`${JSON.stringify(text.slice(0, 80))} is no answer`, () => {
    for (const cuts of [[], positions(text)]) assert.equal(read(text, cuts).verdict, READ_BAD)
  })

test('16 interim heads are taken', () => {
  assert.equal(read(`${'HTTP/1.1 100 C\r\n\r\n'.repeat(16)}HTTP/1.1 204 No\r\n\r\n`).verdict, READ_DONE)
})

test('when the exchange is taken away amid a read, nothing more is told of it', () => {
  const events = new Recorder()
  const reader = new AnswerReader(events)
  const x = exchangeOf()
  x.carrier = new FakeTransport()
  reader.reset(x)
  events.onHead = () => {
    x.carrier = null
  }
  const text = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
  assert.equal(reader.take(x, text, 0, text.length), READ_MORE)
  assert.equal(events.body, '')
})

test('a wish for a pause is heard', () => {
  const events = new Recorder()
  const reader = new AnswerReader(events)
  const x = exchangeOf()
  reader.reset(x)
  events.wantsMore = false
  const text = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel')
  reader.take(x, text, 0, text.length)
  assert.equal(reader.wantsPause, true)
  events.wantsMore = true
  reader.take(x, Buffer.from('l'), 0, 1)
  assert.equal(reader.wantsPause, false)
})

test('where a plugin has changed the method, the target’s answer is read by it and the client’s framed by its own', () => {
  const asHead = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP', [], 'GET', 'HEAD')
  assert.deepEqual(
    [asHead.verdict, asHead.said, asHead.body, asHead.rest],
    [READ_DONE, ['head 200 0 false'], '', 'HTTP'],
  )
  const asGet = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP', [], 'HEAD', 'GET')
  assert.deepEqual(
    [asGet.verdict, asGet.said, asGet.body, asGet.rest],
    [READ_DONE, ['head 200 5 true'], 'hello', 'HTTP'],
  )
})
