/** Which protocols a route may be used over (Kong's answers). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClient, makeRoute, readExchange } from '../../../test/kit/flow-rig.ts'
import type { FaultCode } from '../../base/faults.ts'
import { PROTOCOL_GRPC, PROTOCOL_GRPCS, PROTOCOL_HTTP, PROTOCOL_HTTPS } from '../../contract/plan.ts'
import { checkProtocol } from './protocol.ts'

const cases: readonly [protocols: number, scheme: 'http' | 'https', type: string, fault: FaultCode][] = [
  [PROTOCOL_HTTP, 'http', '', 'NONE'],
  [PROTOCOL_HTTP, 'https', '', 'NONE'],
  [PROTOCOL_HTTP | PROTOCOL_HTTPS, 'http', '', 'NONE'],
  [PROTOCOL_HTTPS, 'https', '', 'NONE'],
  [PROTOCOL_HTTPS, 'http', '', 'HTTPS_REQUIRED'],
  [PROTOCOL_GRPC, 'http', '', 'GRPC_REQUIRED'],
  [PROTOCOL_GRPCS, 'https', 'text/plain', 'GRPC_REQUIRED'],
  [PROTOCOL_GRPC, 'http', 'application/grpc+proto', 'HTTP2_REQUIRED'],
]
for (const [protocols, scheme, type, fault] of cases)
  test(`a route with protocols ${protocols}, asked over ${scheme} with type "${type}": ${fault}`, () => {
    const x = readExchange(`GET / HTTP/1.1\nHost: a\n${type && `Content-Type: ${type}\n`}`, new FakeClient())
    x.route = makeRoute(null, { protocols })
    x.forwardedScheme = scheme
    assert.equal(checkProtocol(x).code, fault)
  })

const overHttp2: readonly [protocols: number, scheme: 'http' | 'https', type: string, fault: FaultCode][] = [
  [PROTOCOL_GRPC, 'http', 'application/grpc', 'NONE'],
  [PROTOCOL_GRPC | PROTOCOL_GRPCS, 'http', 'application/grpc+proto', 'NONE'],
  [PROTOCOL_GRPCS, 'https', 'application/grpc', 'NONE'],
  [PROTOCOL_GRPCS, 'http', 'application/grpc', 'GRPCS_REQUIRED'],
  [PROTOCOL_GRPC, 'http', 'text/plain', 'GRPC_REQUIRED'],
  [PROTOCOL_HTTPS, 'http', 'application/grpc', 'HTTPS_REQUIRED'],
]
for (const [protocols, scheme, type, fault] of overHttp2)
  test(`a route with protocols ${protocols}, asked by HTTP/2 over ${scheme} with type "${type}": ${fault}`, () => {
    const client = new FakeClient()
    client.isHttp2 = true
    const x = readExchange(`POST / HTTP/1.1\nHost: a\nContent-Type: ${type}\n`, client)
    x.route = makeRoute(null, { protocols })
    x.forwardedScheme = scheme
    assert.equal(checkProtocol(x).code, fault)
  })
