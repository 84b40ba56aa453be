/** The server name of a ClientHello: found where it is, and whatever is no hello refused without an error. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { helloMessage, serverNameBody, vector } from '../../../test/kit/client-hello.ts'
import { readServerName } from './client-hello.ts'

test('the name is read wherever it stands among the extensions', () => {
  const grease: readonly [number, Uint8Array] = [0x0a0a, new Uint8Array(0)]
  const keys: readonly [number, Uint8Array] = [51, Buffer.alloc(1200, 5)]
  assert.equal(readServerName(helloMessage({ serverName: 'a.example' })), 'a.example')
  assert.equal(
    readServerName(helloMessage({ serverName: 'a.example', extensions: [grease, keys], suites: 40 })),
    'a.example',
  )
  assert.equal(
    readServerName(helloMessage({ serverName: 'a.example', sessionId: new Uint8Array(32) })),
    'a.example',
  )
})

test('a name has no case and no closing dot', () => {
  assert.equal(readServerName(helloMessage({ serverName: 'WWW.Example.' })), 'www.example')
})

test('a hello may name nobody', () => {
  assert.equal(readServerName(helloMessage()), '')
  assert.equal(readServerName(helloMessage({ isBare: true })), '')
  assert.equal(readServerName(helloMessage({ extensions: [[16, Buffer.from('x')]] })), '')
})

test('two names, no name at all, or a name that no host can have is no hello', () => {
  const again: readonly [number, Uint8Array] = [0, serverNameBody('b.example')]
  assert.equal(readServerName(helloMessage({ serverName: 'a.example', extensions: [again] })), null)
  const twice = vector(2, Buffer.concat([serverNameBody('a').subarray(2), serverNameBody('b').subarray(2)]))
  assert.equal(readServerName(helloMessage({ extensions: [[0, twice]] })), null)
  assert.equal(readServerName(helloMessage({ extensions: [[0, Buffer.alloc(0)]] })), null)
  assert.equal(
    readServerName(
      helloMessage({ extensions: [[0, Buffer.concat([vector(2, Buffer.from([1, 0, 1, 65]))])]] }),
    ),
    null,
  )
  for (const name of ['', '.', 'a..b', 'a\0b', 'a b', 'a"', 'ä.example', '*.example', `${'a'.repeat(256)}`])
    assert.equal(readServerName(helloMessage({ serverName: name })), null, JSON.stringify(name))
})

test('another message, or a length that does not fit, is no hello', () => {
  const hello = helloMessage({ serverName: 'a.example' })
  const other = Buffer.from(hello)
  other[0] = 2
  assert.equal(readServerName(other), null)
  assert.equal(readServerName(hello.subarray(0, -1)), null)
  assert.equal(readServerName(Buffer.concat([hello, Buffer.alloc(1)])), null)
  assert.equal(readServerName(Buffer.from([1, 0, 0, 0])), null)
})

test('no byte can be changed into anything but a name, no name or a refusal', () => {
  const name = fc.stringMatching(/^[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,3}$/)
  const extension = fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.uint8Array({ maxLength: 80 }))
  fc.assert(
    fc.property(
      name,
      fc.array(extension, { maxLength: 6 }),
      fc.nat(),
      fc.nat(255),
      (serverName, extensions, at, byte) => {
        const hello = helloMessage({ serverName, extensions })
        assert.equal(readServerName(hello), serverName)
        hello[at % hello.length] = byte
        const read = readServerName(hello)
        if (read !== null) assert.match(read, /^([a-z0-9_-]+(\.[a-z0-9_-]+)*)?$/)
      },
    ),
    { numRuns: 2000 },
  )
})

test('bytes of chance never get through to an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const framed = Buffer.concat([Buffer.from([1]), vector(3, Buffer.concat([Buffer.from([3, 3]), bytes]))])
      for (const each of [bytes, framed]) {
        const read = readServerName(each)
        assert.ok(read === null || typeof read === 'string')
      }
    }),
    { numRuns: 2000 },
  )
})
