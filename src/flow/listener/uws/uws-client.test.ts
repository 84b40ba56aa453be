/**
 * One request over an engine that is a fake: how answers leave, how bodies come, and what happens when either
 * stops.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clock } from '../../../base/clock.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import { Turn } from '../../../base/turn.ts'
import { Exchange } from '../../../contract/exchange.ts'
import type { ListenerLimits } from '../../../contract/listener.ts'
import { UNTIL_CLOSE } from '../../../http1/framing.ts'
import { REQUEST_LIMITS } from '../../../http1/limits.ts'
import { AddressReader } from './uws-address.ts'
import type { UwsRequest, UwsResponse } from './uws-api.ts'
import { HELD_HIGH } from './uws-body.ts'
import { UwsClient } from './uws-client.ts'
import { loadFraming } from './uws-framing.ts'
import { UwsRequestHead } from './uws-request-head.ts'
import type { UwsDoor, UwsShared } from './uws-shared.ts'

test('an answer that is whole within the handler leaves within it, head and body in one call each', () => {
  const rig = new Rig()
  rig.onEnter = (x) => rig.answer(x, 'hello')
  rig.ask()
  assert.deepEqual(rig.calls, ['status 200 OK\r\nx-a: 1', 'end hello false'])
  assert.equal(rig.freed, 1)
})

test('an answer that closes waits for the end of the turn, and has the engine close', () => {
  const rig = new Rig()
  rig.onEnter = (x) => {
    x.keepAlive = false
    rig.answer(x, 'no')
  }
  rig.ask()
  assert.deepEqual(rig.calls, [])
  rig.turnEnds()
  assert.deepEqual(rig.calls, ['status 200 OK\r\nx-a: 1', 'end no true'])
})

test('a client that says close is told so once, by us, as the engine then adds no field', () => {
  const rig = new Rig()
  rig.onEnter = (x) => rig.answer(x, 'bye')
  rig.ask([['connection', 'close']])
  rig.turnEnds()
  assert.deepEqual(rig.calls.slice(1), ['header Connection: close', 'end bye true'])
})

test('a body of known length goes on where the kernel stopped, and the flow hears of room once', () => {
  const rig = new Rig()
  const x = rig.begin(10)
  rig.takes = 4
  assert.equal(rig.client.writeBody(x, Buffer.from('0123456'), 0, 7), true)
  rig.turnEnds()
  assert.equal(rig.client.writeBody(x, Buffer.from('789'), 0, 3), false)
  assert.equal(rig.drains, 0)
  rig.takes = 100
  rig.writable()
  assert.deepEqual(rig.calls.slice(1), ['try 0123456 of 10', 'try 456789 of 10'])
  // The last byte has been taken, so `res` is gone; the end may only free.
  rig.client.end(x)
  assert.equal(rig.freed, 1)
})

test('chunks stop when the engine has to keep bytes, and go on in small steps', () => {
  const rig = new Rig()
  const x = rig.begin(UNTIL_CLOSE)
  rig.isFull = true
  rig.client.writeBody(x, Buffer.from('one'), 0, 3)
  rig.turnEnds()
  assert.equal(rig.client.writeBody(x, Buffer.alloc(6000, 97), 0, 6000), false)
  rig.isFull = false
  rig.writable()
  assert.deepEqual(rig.lengths(), [3, 4096, 1904])
  assert.equal(rig.drains, 1)
  rig.client.end(x)
  rig.turnEnds()
  assert.equal(rig.calls.at(-1), 'end  undefined')
})

test('the head of a chunked answer waits for its first byte', () => {
  const rig = new Rig()
  rig.begin(UNTIL_CLOSE)
  rig.turnEnds()
  assert.deepEqual(rig.calls, [])
})

test('an answer without a body keeps its length, and 204 has none', () => {
  for (const [status, length, lines] of [
    [200, 36, ['header Content-Length: 36']],
    [304, 36, ['header Content-Length: 36']],
    [204, 0, []],
  ] as const) {
    const rig = new Rig()
    rig.onEnter = (x) => {
      x.bodyless = true
      x.status = status
      rig.head(x, length)
      rig.client.end(x)
    }
    rig.ask()
    assert.deepEqual(rig.calls.slice(1), [...lines, 'bare'])
  }
})

test('an answer to HEAD that closes is cut behind its head', () => {
  const rig = new Rig()
  rig.onEnter = (x) => {
    x.bodyless = true
    x.keepAlive = false
    rig.head(x, 36)
    rig.client.end(x)
  }
  rig.ask()
  rig.turnEnds()
  assert.deepEqual(rig.calls.slice(1), ['header Connection: close', 'try  of 36', 'close'])
  assert.equal(rig.freed, 1)
})

test('body bytes wait until they are wanted, and the socket is stopped when enough of them do', () => {
  const rig = new Rig()
  rig.ask([['content-length', '200000']])
  rig.data('a'.repeat(1000))
  assert.deepEqual([rig.body, rig.calls], ['', []])
  rig.data('b'.repeat(HELD_HIGH))
  assert.deepEqual([rig.body, rig.calls], ['', ['pause']])
  rig.client.resumeBody(rig.x)
  assert.equal(rig.body, 'a'.repeat(1000) + 'b'.repeat(HELD_HIGH))
  assert.deepEqual(rig.calls, ['pause', 'resume'])
  rig.data('c', true)
  assert.deepEqual([rig.body.at(-1), rig.ends], ['c', 1])
})

test('a flow that asks to wait inside a body gets no more until it resumes, and the end after all of it', () => {
  const rig = new Rig()
  rig.ask([['transfer-encoding', 'chunked']])
  rig.client.resumeBody(rig.x)
  rig.pausesAfter = 1
  rig.data('one')
  rig.data('two')
  rig.data('', true)
  assert.deepEqual([rig.body, rig.ends], ['one', 0])
  rig.client.resumeBody(rig.x)
  assert.deepEqual([rig.body, rig.ends], ['onetwo', 1])
})

test('a body above the limit is refused while it comes', () => {
  const rig = new Rig({ bodyBytesMax: 5 })
  rig.ask([['transfer-encoding', 'chunked']])
  rig.client.resumeBody(rig.x)
  rig.data('12345')
  assert.equal(rig.refused, null)
  rig.data('6')
  assert.equal(rig.refused, faults.REQUEST_BODY_TOO_LARGE)
})

test('two lengths are refused, whatever the engine made of them', () => {
  const rig = new Rig()
  rig.ask([
    ['content-length', '5'],
    ['content-length', '6'],
  ])
  assert.equal(rig.refused, faults.REQUEST_MALFORMED)
})

test('an early answer closes where much of the body is still to come, and such a client is not used again', () => {
  const rig = new Rig()
  rig.ask([['content-length', '9000000']])
  rig.answer(rig.x, 'no')
  rig.turnEnds()
  assert.equal(rig.calls.at(-1), 'end no true')
  assert.deepEqual([rig.freed, rig.reusable], [1, 0])
  rig.data('late')
  assert.equal(rig.body, '')
})

test('a client that hangs up is told of once, and nothing touches the response any more', () => {
  const rig = new Rig()
  rig.begin(10)
  rig.aborted()
  rig.turnEnds()
  assert.deepEqual([rig.gone, rig.freed, rig.calls], [1, 1, []])
})

test('an answer that breaks off is cut, without a word of ours to the flow', () => {
  const rig = new Rig()
  const x = rig.begin(10)
  rig.client.abort(x)
  assert.deepEqual([rig.calls, rig.gone, rig.freed], [['close'], 0, 1])
})

const LIMITS = { ...REQUEST_LIMITS, bodyBytesMax: 0, bodyTimeoutMs: 60_000, bodyRateMin: 0 } as ListenerLimits

/** A flow, a listener and an engine in one; the engine's calls are in `calls`. */
class Rig {
  readonly calls: string[] = []
  readonly client: UwsClient
  x!: Exchange
  onEnter: (x: Exchange) => void = () => {}
  takes = 1_000_000
  isFull = false
  pausesAfter = 0
  body = ''
  ends = 0
  drains = 0
  gone = 0
  freed = 0
  reusable = 0
  refused: Fault | null = null
  turnEnds: () => void = () => {}
  writable: () => unknown = () => {}
  aborted: () => void = () => {}
  data: (text: string, isLast?: boolean) => void = () => {}
  #offset = 0

  constructor(limits: Partial<ListenerLimits> = {}) {
    this.client = new UwsClient(this.#shared({ ...LIMITS, ...limits }))
  }

  /** A request, up to `enter`. */
  ask(fields: readonly (readonly [string, string])[] = []): void {
    const req: UwsRequest = {
      getCaseSensitiveMethod: () => 'POST',
      getUrl: () => '/',
      getQuery: () => undefined,
      getHeader: () => '',
      forEach: (each) => {
        for (const [name, value] of [['host', 'a'] as const, ...fields]) each(name, value)
      },
    }
    this.client.begin(this.#response(), req, door, null)
  }

  /** A request whose answer has begun, with `length`. */
  begin(length: number): Exchange {
    this.ask()
    this.head(this.x, length)
    return this.x
  }

  head(x: Exchange, length: number): void {
    x.responseLength = length
    this.client.out.putLatin1('HTTP/1.1 200 OK\r\nDate: now\r\nx-a: 1\r\n')
    this.client.writeHead(x)
  }

  answer(x: Exchange, text: string): void {
    this.head(x, text.length)
    this.client.writeBody(x, Buffer.from(text), 0, text.length)
    this.client.end(x)
  }

  lengths(): number[] {
    return this.calls.filter((call) => call.startsWith('write ')).map((call) => call.length - 6)
  }

  #shared(limits: ListenerLimits): UwsShared {
    const clock = new Clock(
      () => 0,
      () => 0,
    )
    return {
      limits,
      clock,
      turn: new Turn(clock, (run) => {
        this.turnEnds = run
      }),
      head: new UwsRequestHead(limits.headBytesMax),
      draining: false,
      closed: false,
      requests: 0,
      exchanges: { acquire: () => new Exchange(limits), release: () => {} },
      events: {
        enter: (x) => {
          this.x = x
          x.status = 200
          this.onEnter(x)
        },
        refuse: (_x, fault) => {
          this.refused = fault
        },
        requestBody: (_x, bytes, start, end) => {
          this.body += bytes.latin1Slice(start, end)
          if (--this.pausesAfter === 0) this.client.pauseBody()
        },
        requestEnd: () => void this.ends++,
        clientGone: () => void this.gone++,
        clientDrain: () => void this.drains++,
      },
      framing: loadFraming(),
      enterTunnel: () => {},
      leftTunnel: () => {},
      freed: (_client, again) => {
        this.freed++
        if (again) this.reusable++
      },
    }
  }

  #response(): UwsResponse {
    const say = (text: string): void => void this.calls.push(text)
    const text = (bytes: unknown): string =>
      bytes === undefined ? '' : Buffer.from(bytes as Buffer).toString()
    return {
      writeStatus: (status) => say(`status ${text(status)}`),
      writeHeader: (name, value) => say(`header ${name}: ${value}`),
      write: (chunk) => {
        say(`write ${text(chunk)}`)
        return !this.isFull
      },
      end: (body, close) => say(`end ${text(body)} ${close}`),
      endWithoutBody: () => say('bare'),
      tryEnd: (bytes, total) => {
        say(`try ${text(bytes)} of ${total}`)
        const taken = Math.min(bytes.length, this.takes)
        this.#offset += taken
        return [taken === bytes.length, this.#offset === total]
      },
      getWriteOffset: () => this.#offset,
      onWritable: (handler) => {
        this.writable = () => handler(0)
      },
      onAborted: (handler) => {
        this.aborted = handler
      },
      onData: (handler) => {
        this.data = (some, isLast = false) => handler(new TextEncoder().encode(some).buffer, isLast)
      },
      pause: () => say('pause'),
      resume: () => say('resume'),
      cork: (write) => write(),
      upgrade: () => say('upgrade'),
      close: () => {
        say('close')
        this.aborted()
      },
      getRemoteAddress: () => Uint8Array.of(127, 0, 0, 1).buffer,
      getProxiedRemoteAddress: () => new ArrayBuffer(0),
    }
  }
}

const door: UwsDoor = {
  localAddress: '127.0.0.1',
  localPort: 8000,
  isProxied: false,
  peers: new AddressReader(),
  proxied: new AddressReader(),
}
