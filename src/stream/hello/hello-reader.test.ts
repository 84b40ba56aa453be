/** A ClientHello as it comes from a socket: in any pieces, over any records, and never more than its bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { helloMessage, inRecords, realHello, vector } from '../../../test/kit/client-hello.ts'
import { HELLO_BAD, HELLO_BYTES_MAX, HELLO_MORE, HELLO_WHOLE, HelloReader } from './hello-reader.ts'

const HELLO = helloMessage({ serverName: 'db.example' })

test('what OpenSSL sends is read, with its name and without', async () => {
  for (const [options, expected] of [
    [{ servername: 'www.example' }, 'www.example'],
    [
      { servername: 'www.example', maxVersion: 'TLSv1.2', ALPNProtocols: ['h2', 'postgresql'] },
      'www.example',
    ],
    [{}, ''],
  ] as const) {
    const bytes = await realHello({ ...options })
    const reader = new HelloReader()
    assert.equal(reader.take(bytes), HELLO_WHOLE)
    assert.equal(reader.serverName, expected)
    assert.deepEqual(reader.taken, bytes)
  }
})

test('cut in two at any byte it is whole with its last one, and all bytes are kept', () => {
  for (const size of [16_384, 40]) {
    const bytes = inRecords(HELLO, size)
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = new HelloReader()
      assert.equal(reader.take(bytes.subarray(0, cut)), HELLO_MORE, `${cut}`)
      assert.equal(reader.take(bytes.subarray(cut)), HELLO_WHOLE, `${cut}`)
      assert.equal(reader.serverName, 'db.example')
      assert.deepEqual(reader.taken, bytes)
    }
  }
})

test('however it is cut into records and pieces, it reads the same', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), pieces, (size, cuts) => {
      const bytes = inRecords(HELLO, size)
      const reader = new HelloReader()
      let at = 0
      for (let i = 0; at < bytes.length; i++) {
        const end = Math.min(bytes.length, at + cuts[i % cuts.length]!)
        assert.equal(reader.take(bytes.subarray(at, end)), end === bytes.length ? HELLO_WHOLE : HELLO_MORE)
        at = end
      }
      assert.equal(reader.serverName, 'db.example')
      assert.deepEqual(reader.taken, bytes)
    }),
  )
})

test('early data behind it is kept with it', () => {
  const bytes = Buffer.concat([inRecords(HELLO), Buffer.alloc(20_000, 23)])
  const reader = new HelloReader()
  assert.equal(reader.take(bytes), HELLO_WHOLE)
  assert.deepEqual(reader.taken, bytes)
})

test('what is no hello is refused at its first wrong byte', () => {
  const refused: readonly (readonly number[])[] = [
    [71],
    [21],
    [22, 2],
    [22, 3, 1, 0, 0],
    [22, 3, 1, 64, 1],
    [22, 3, 1, 0, 4, 2],
  ]
  for (const bytes of refused) {
    const reader = new HelloReader()
    const last = bytes.length - 1
    if (last > 0) assert.equal(reader.take(Buffer.from(bytes.slice(0, last))), HELLO_MORE, `${bytes}`)
    assert.equal(reader.take(Buffer.from(bytes.slice(last))), HELLO_BAD, `${bytes}`)
  }
})

test('a hello longer than the bound is refused when it says so, and one that never ends at the bound', () => {
  const long = Buffer.concat([Buffer.from([22, 3, 1]), vector(2, Buffer.from([1, 0, 64, 0, 0]))])
  assert.equal(new HelloReader().take(long), HELLO_BAD)
  const drip = new HelloReader()
  const record = Buffer.concat([Buffer.from([22, 3, 1]), vector(2, Buffer.from([1]))])
  let taken = 0
  let verdict = HELLO_MORE
  while (verdict === HELLO_MORE) {
    verdict = drip.take(record)
    taken += record.length
  }
  assert.equal(verdict, HELLO_BAD)
  assert.ok(taken <= HELLO_BYTES_MAX + record.length)
})

test('bytes of chance never get through to an error, nor past the bound', () => {
  const start = fc.constantFrom([], [22], [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3], [22, 3, 3, 0, 1, 1])
  fc.assert(
    fc.property(
      start,
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 80 }),
      (head, chunks) => {
        const reader = new HelloReader()
        let verdict: number = HELLO_MORE
        for (const chunk of [Uint8Array.from(head), ...chunks])
          if (verdict === HELLO_MORE) verdict = reader.take(chunk)
        assert.ok(verdict !== HELLO_MORE || reader.taken.length < HELLO_BYTES_MAX)
      },
    ),
    { numRuns: 500 },
  )
})
