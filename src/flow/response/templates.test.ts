/** Kong's error bodies, byte for byte, and which of them a client gets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { type FaultCode, faults } from '../../base/faults.ts'
import { chooseKind, renderError } from './templates.ts'

test('each kind is exactly Kong’s', () => {
  assert.equal(renderError('json', 'a "b"', 'id'), '{\n  "message":"a \\"b\\"",\n  "request_id":"id"\n}')
  assert.equal(renderError('plain', 'a <b>', 'id'), 'a <b>\nrequest_id: id\n')
  assert.equal(
    renderError('xml', 'a <&"b', 'id'),
    '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>a &#60;&#38;&#34;b</message>\n' +
      '  <requestid>id</requestid>\n</error>\n',
  )
  assert.equal(
    renderError('html', 'a <b>', 'id'),
    '<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Error</title>\n  </head>\n  <body>\n' +
      '    <h1>Error</h1>\n    <p>a &#60;b&#62;.</p>\n    <p>request_id: id</p>\n  </body>\n</html>\n',
  )
})

function kindFor(fields: string, code: FaultCode, fallback = 'text/plain'): string {
  return chooseKind(exchangeOf(`GET / HTTP/1.1\nHost: a\n${fields}`), faults[code], fallback)
}

const accepts: readonly [accept: string, kind: string][] = [
  ['application/json', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['text/*', 'plain'],
  ['text/plain', 'plain'],
  ['text/html', 'html'],
  ['TEXT/HTML; charset=x', 'html'],
  ['text/xml', 'xml'],
  ['application/xml', 'xml'],
  ['image/png', 'json'],
  ['image/png, text/html;q=0.1', 'html'],
  ['text/html;q=0.2, application/xml;q=0.9', 'xml'],
  ['text/html, application/xml', 'html'],
  ['text/html;q=0', 'json'],
  ['text/html;q=high', 'json'],
  ['', 'json'],
  [`${'a/b,'.repeat(40)}text/html`, 'json'],
]
for (const [accept, kind] of accepts)
  test(`"Accept: ${accept.slice(0, 60)}" gets ${kind}, whoever made the error`, () => {
    assert.equal(kindFor(`Accept: ${accept}\n`, 'ROUTE_NOT_FOUND'), kind)
    assert.equal(kindFor(`Accept: ${accept}\n`, 'TARGET_RESET'), kind)
  })

test('several Accept fields are one list', () => {
  assert.equal(kindFor('Accept: image/png\nAccept: text/html\n', 'ROUTE_NOT_FOUND'), 'html')
})

test('without Accept the gateway’s own errors are JSON, those of its server layer follow the request’s type', () => {
  for (const code of [
    'ROUTE_NOT_FOUND',
    'SERVICE_NOT_FOUND',
    'TARGET_NONE',
    'NAME_UNRESOLVED',
    'PLUGIN_FAILED',
  ] as const)
    assert.equal(kindFor('Content-Type: text/html\n', code), 'json', code)
  for (const code of [
    'REQUEST_MALFORMED',
    'TARGET_RESET',
    'TARGET_READ_TIMEOUT',
    'REQUEST_TIMEOUT',
    'TARGET_TLS',
  ] as const) {
    assert.equal(kindFor('', code), 'plain', code)
    assert.equal(kindFor('', code, 'application/xml'), 'xml', code)
    assert.equal(kindFor('Content-Type: text/html; charset=x\n', code, 'application/xml'), 'html', code)
    assert.equal(kindFor('Content-Type: image/png\n', code), 'plain', code)
  }
})
