/** What grpc-web makes of requests, answers and their bodies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeRoute } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import { answer } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Handler, NEXT } from '../../contract/plugin.ts'
import type { Infer, Value } from '../../contract/schema.ts'
import { getField, setField } from '../../http1/fields.ts'
import { Base64Body } from './base64-body.ts'
import grpcWeb from './grpc-web.ts'

type Config = Infer<typeof grpcWeb.schema>
const SCOPE = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }

function build(config: Record<string, Value> = {}): Handler {
  const { value, findings } = validate(grpcWeb.schema, config)
  assert.deepEqual(findings, [])
  return grpcWeb.build(value as Config, makeHost(), SCOPE)
}

function call(type: string, method = 'POST'): Exchange {
  const x = exchangeOf(`${method} /web/a.B/C?q=1 HTTP/1.1\nHost: a\nContent-Type: ${type}\n`)
  x.pathBytes = x.request.bytes
  x.pathStart = x.request.pathStart
  x.pathEnd = x.request.pathEnd
  x.matchedLength = 4
  x.route = makeRoute(null, { stripPath: true })
  return x
}

function answered(x: Exchange, fields: Record<string, string> = {}): void {
  x.status = 200
  x.proxied = true
  setField(x.response, 'Content-Type', 'application/grpc')
  for (const [name, value] of Object.entries(fields)) setField(x.response, name, value)
}

const field = (x: Exchange, name: string) => getField(x.response, name)

test('a call goes on as gRPC, with its whole path or with what is left of it', () => {
  for (const [stripped, uri] of [
    [false, '/web/a.B/C?q=1'],
    [true, ''],
  ] as const) {
    const x = call('application/grpc-web+proto')
    assert.equal(build({ pass_stripped_path: stripped }).onRequest?.(x), NEXT)
    assert.deepEqual(
      [getField(x.request, 'content-type'), getField(x.request, 'te'), x.upstreamUri, x.requestTransform],
      ['application/grpc', 'trailers', uri, null],
    )
  }
})

test('a preflight is answered, and nobody else is asked', () => {
  const x = call('', 'OPTIONS')
  assert.equal(build({ allow_origin_header: 'https://shop.test' }).onRequest?.(x), DONE)
  assert.deepEqual(
    [x.status, Buffer.from(x.answerBody).toString(), field(x, 'content-type')],
    [200, 'OK', 'application/grpc-web-text+proto'],
  )
  assert.deepEqual(
    ['origin', 'methods', 'headers'].map((name) => field(x, `access-control-allow-${name}`)),
    ['https://shop.test', 'POST', 'content-type,x-grpc-web,x-user-agent'],
  )
})

test('what would need a .proto file is refused, in a request and in a configuration', () => {
  for (const type of ['application/json', 'application/grpc-web+json', 'text/html', '']) {
    const x = call(type)
    assert.equal(build().onRequest?.(x), DONE)
    assert.equal(x.status, 400)
    assert.match(Buffer.from(x.answerBody).toString(), /^transcoding requests require a \.proto file/)
  }
  const { findings } = validate(grpcWeb.schema, { proto: '/a.proto' })
  assert.match(JSON.stringify(findings), /translating JSON by a \.proto file is not supported/)
})

test('plain gRPC is let through as it is', () => {
  const x = call('application/grpc')
  const handler = build()
  assert.equal(handler.onRequest?.(x), NEXT)
  answered(x)
  handler.onResponse?.(x)
  assert.deepEqual(
    [x.upstreamUri, x.responseTransform, field(x, 'content-type')],
    ['', null, 'application/grpc'],
  )
})

test('messages pass as they are, and the trailers are a frame behind them', () => {
  const x = call('application/grpc-web')
  const handler = build()
  handler.onRequest?.(x)
  answered(x)
  handler.onResponse?.(x)
  assert.deepEqual(
    [field(x, 'content-type'), field(x, 'access-control-allow-origin'), x.responseLength],
    ['application/grpc-web', '*', -1],
  )
  const transform = x.responseTransform!
  const bytes = Buffer.from('..abc..')
  assert.equal(Buffer.from(transform.pass(x, bytes, 2, 5)).toString(), 'abc')
  const trailers = Buffer.from('Grpc-Status: 5\r\ngrpc-message: no%20\r\nx-own: 1\r\n\r\n')
  x.responseTrailers.feed(trailers, 0, trailers.length)
  const text = 'grpc-status:5\r\ngrpc-message:no%20\r\nx-own:1\r\n'
  const frame = Buffer.concat([Buffer.from([0x80, 0, 0, 0, text.length]), Buffer.from(text)])
  assert.deepEqual(Buffer.from(transform.end(x)), frame)
  assert.equal(x.responseTrailers.count, 0, 'and nowhere else')
})

test('the text form is base64, piece by piece', () => {
  const x = call('application/grpc-web-text')
  const handler = build()
  handler.onRequest?.(x)
  answered(x, { 'grpc-status': '0' })
  handler.onResponse?.(x)
  const piece = Buffer.from(x.responseTransform!.pass(x, Buffer.from('ab'), 0, 2)).toString()
  const last = Buffer.from(x.responseTransform!.end(x)).toString()
  assert.equal(piece, 'YWI=')
  assert.equal(Buffer.from(last, 'base64').toString('latin1', 5), 'grpc-status:0\r\n')
})

test('an answer whose head has the status, ours too, has the frame alone; without any it is UNKNOWN', () => {
  for (const [fields, text] of [
    [{ 'grpc-status': '14', 'grpc-message': 'x' }, 'grpc-status:14\r\ngrpc-message:x\r\n'],
    [{}, 'grpc-status:2\r\ngrpc-message:the target sent no status\r\n'],
  ] as const) {
    const x = call('application/grpc-web')
    answered(x, fields)
    x.proxied = false
    x.status = 503
    build().onResponse?.(x)
    assert.equal(x.status, 200)
    assert.equal(Buffer.from(x.responseTransform!.end(x)).toString('latin1', 5), text)
  }
})

test('an answer that is no gRPC is left alone', () => {
  const x = call('application/grpc-web')
  const handler = build()
  handler.onRequest?.(x)
  answer(x, 404, '<p>', 'text/html')
  handler.onResponse?.(x)
  assert.deepEqual([x.status, field(x, 'content-type'), x.responseTransform], [404, 'text/html', null])
})

test('base64 is decoded however it is cut, with padding between messages', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 })
  fc.assert(
    fc.property(parts, fc.array(fc.nat(50), { maxLength: 20 }), (bodies, cuts) => {
      const text = Buffer.from(bodies.map((body) => Buffer.from(body).toString('base64')).join(''))
      const body = new Base64Body()
      const x = call('application/grpc-web-text')
      const got: Buffer[] = []
      let at = 0
      for (const size of [...cuts, text.length]) {
        const end = Math.min(text.length, at + size)
        got.push(body.pass(x, text, at, end)!)
        at = end
      }
      assert.deepEqual(Buffer.concat(got), Buffer.concat(bodies.map((each) => Buffer.from(each))))
      assert.equal(body.end()?.length, 0)
    }),
  )
})

test('what is no base64 is refused: other characters, padding in the wrong place, half a group', () => {
  const x = call('application/grpc-web-text')
  for (const text of ['a*==', 'YWI=Y=Jj', '====', 'Y===', 'YW I']) {
    assert.equal(new Base64Body().pass(x, Buffer.from(text), 0, text.length), null, text)
  }
  const half = new Base64Body()
  assert.equal(half.pass(x, Buffer.from('YWJjY'), 0, 5)?.toString(), 'abc')
  assert.equal(half.end(), null)
})

test('a body that another plugin has gathered is decoded whole, or refused', () => {
  const x = call('application/grpc-web-text')
  x.requestBody = Buffer.from('YWI=Yw==')
  assert.equal(build().onRequest?.(x), NEXT)
  assert.deepEqual([x.requestBody.toString(), x.requestTransform], ['abc', null])
  const bad = call('application/grpc-web-text')
  bad.requestBody = Buffer.from('YWI')
  assert.equal(build().onRequest?.(bad), DONE)
  assert.equal(bad.status, 400)
})
