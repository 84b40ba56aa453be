/** Which bodies request-size-limiting lets pass, said or counted, and what it answers to the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientSends, makeFlowRig } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import type { Handler } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import requestSizeLimiting from './request-size-limiting.ts'

const TOO_LARGE = '413 REQUEST_SIZE_EXCEEDED'
const SENT = 'sent'

for (const [config, length, outcome] of [
  [{}, 128 * 1048576, SENT],
  [{}, 128 * 1048576 + 1, TOO_LARGE],
  [{ allowed_payload_size: 2, size_unit: 'kilobytes' }, 2048, SENT],
  [{ allowed_payload_size: 2, size_unit: 'kilobytes' }, 2049, TOO_LARGE],
  [{ allowed_payload_size: 10, size_unit: 'bytes' }, 10, SENT],
  [{ allowed_payload_size: 10, size_unit: 'bytes' }, 11, TOO_LARGE],
  [{ allowed_payload_size: 0 }, 1, TOO_LARGE],
  [{ allowed_payload_size: 0 }, 0, SENT],
] as const) {
  test(`with ${JSON.stringify(config)} a body of ${length} bytes comes to: ${outcome}`, () => {
    const rig = open(config)
    rig.enter(`POST / HTTP/1.1\nHost: a\nContent-Length: ${length}\n`)
    assert.deepEqual(outcomeOf(rig), [outcome])
  })
}

test('a refusal says so in Kong’s words, and the body is not read', () => {
  const rig = open({ allowed_payload_size: 1, size_unit: 'bytes' })
  rig.enter('POST / HTTP/1.1\nHost: a\nContent-Length: 2\nAccept: application/json\n')
  assert.match(rig.client.said.join('\n'), /"message":"Request size limit exceeded"/)
  assert.ok(!rig.client.said.includes('go'))
})

test('a client that waits for leave to send is told 417', () => {
  const rig = open({ allowed_payload_size: 1, size_unit: 'bytes' })
  const x = rig.enter('GET / HTTP/1.1\nHost: a\n')
  assert.equal(x.fault.code, 'NONE')
  const handler = build({ allowed_payload_size: 1, size_unit: 'bytes' })
  x.expectsContinue = true
  x.requestLength = 2
  handler.onRequest?.(x)
  assert.deepEqual([x.faultStatus, x.faultText], [417, 'Request size limit exceeded'])
})

const CHUNKED = 'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n'

test('a body in chunks is counted as it comes, and refused when it becomes too large', () => {
  const rig = open({ allowed_payload_size: 5, size_unit: 'bytes' })
  const x = rig.enter(CHUNKED)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'abc')
  clientSends(rig, x, 'de')
  assert.deepEqual(rig.transport.said, ['send a:1', 'body abc', 'body de'])
  assert.deepEqual(rig.tallied, [])
  clientSends(rig, x, 'f')
  assert.deepEqual(rig.tallied, [TOO_LARGE])
  assert.deepEqual(rig.transport.said.slice(3), ['abort'], 'the target never gets what is too much')
  assert.equal(x.keepAlive, false)
})

test('when the answer has begun already it is cut, so that no half answer looks whole', () => {
  const rig = open({ allowed_payload_size: 2, size_unit: 'bytes' })
  const x = rig.enter(CHUNKED)
  rig.flow.targetReady(x)
  x.stage = 3
  clientSends(rig, x, 'abc')
  assert.equal(rig.client.said.at(-1), 'abort')
})

test('a body that another plugin has gathered is measured as it is', () => {
  const gatherer: Handler = { requestBodyMax: 100 }
  for (const [text, outcome] of [
    ['12345', SENT],
    ['123456', TOO_LARGE],
  ] as const) {
    const rig = makeFlowRig({ plugins: [gatherer, build({ allowed_payload_size: 5, size_unit: 'bytes' })] })
    const x = rig.enter(CHUNKED)
    clientSends(rig, x, text)
    rig.flow.requestEnd(x)
    assert.deepEqual(outcomeOf(rig), [outcome])
  }
})

test('where a length is required, a request must say one or be chunked', () => {
  const outcome = (head: string) => {
    const rig = open({ require_content_length: true })
    rig.enter(head)
    return outcomeOf(rig)[0]
  }
  assert.equal(outcome('POST / HTTP/1.1\nHost: a\n'), '411 LENGTH_REQUIRED')
  assert.equal(outcome('GET / HTTP/1.1\nHost: a\n'), '411 LENGTH_REQUIRED', 'as Kong')
  assert.equal(outcome('POST / HTTP/1.1\nHost: a\nContent-Length: 0\n'), SENT)
  assert.equal(outcome(CHUNKED), SENT)
})

test('the next request of an exchange object is not held to the last one’s limit', () => {
  const rig = open({ allowed_payload_size: 5, size_unit: 'bytes' })
  const x = rig.enter(CHUNKED)
  assert.equal(x.requestBytesMax, 5)
  x.reset()
  assert.equal(x.requestBytesMax, Number.MAX_SAFE_INTEGER)
})

for (const [config, path, message] of [
  [{ allowed_payload_size: '1' }, 'allowed_payload_size', 'expected an integer'],
  [{ size_unit: 'mb' }, 'size_unit', 'expected one of: megabytes, kilobytes, bytes'],
  [{ require_content_length: 1 }, 'require_content_length', 'expected a boolean'],
  [{ limit: 1 }, 'limit', 'unknown field'],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused: ${message}`, () => {
    const { findings } = validate(requestSizeLimiting.schema, config as unknown as Value)
    const said = findings.map((finding) => `${finding.path.join('.')}: ${finding.message}`)
    assert.ok(said.includes(`${path}: ${message}`), said.join('\n'))
  })
}

// the rig

function build(config: object): Handler {
  const { value, findings } = validate(requestSizeLimiting.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  return requestSizeLimiting.build(value as never, makeHost(), scope)
}

function open(config: object) {
  return makeFlowRig({ plugins: [build(config)] })
}

function outcomeOf(rig: ReturnType<typeof open>): string[] {
  return rig.tallied.length > 0
    ? rig.tallied
    : rig.transport.said.map((said) => said.split(' ')[0]!.replace('send', SENT))
}
