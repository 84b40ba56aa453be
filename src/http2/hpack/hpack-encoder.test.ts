/** What is written is read as it was meant; what repeats becomes short, and secrets enter no table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../../base/outbox.ts'
import { HpackDecoder, OK } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'

type Field = readonly [name: string, value: string, isSecret?: boolean]

/** An encoder and a decoder that follow each other. */
class Pair {
  readonly encoder = new HpackEncoder()
  readonly decoder = new HpackDecoder(4096)
  bytes = Buffer.alloc(0)
  secrets: string[] = []

  /** Sends one block; answers it as it was read. */
  send(status: number, fields: readonly Field[]): string[] {
    const out = new Outbox()
    this.encoder.begin(out)
    this.encoder.status(out, status)
    for (const [name, value, isSecret] of fields) {
      const bytes = Buffer.from(`${name}: ${value}`, 'latin1')
      this.encoder.field(out, bytes, 0, name.length, name.length + 2, bytes.length, isSecret === true)
    }
    this.bytes = Buffer.from(out.bytes.subarray(0, out.used))
    out.release()
    return this.read()
  }

  read(): string[] {
    const list: string[] = []
    this.secrets = []
    const field = (
      bytes: Buffer,
      start: number,
      end: number,
      ...[value, from, to]: [Buffer, number, number]
    ) => {
      const name = bytes.latin1Slice(start, end)
      list.push(`${name}: ${value.latin1Slice(from, to)}`)
      if (this.decoder.isSecret) this.secrets.push(name)
    }
    assert.equal(this.decoder.decode(this.bytes, 0, this.bytes.length, { field }, 1_000_000), OK)
    return list
  }
}

const name = fc.oneof(
  fc.constantFrom('Content-Type', 'Date', 'Via', 'X-Kong-Upstream-Latency', 'Server', 'set-cookie', 'ETag'),
  fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/),
)
const value = fc.oneof(
  fc.constantFrom('', '1', 'application/json', 'text/html'),
  fc.string({ unit: 'binary-ascii', maxLength: 40, size: 'max' }),
  fc.nat(2000).map((length) => 'v'.repeat(length)),
)
const field = fc.tuple(name, value, fc.boolean())
const block = fc.record({
  status: fc.integer({ min: 100, max: 999 }),
  fields: fc.array(field, { maxLength: 12, size: 'max' }),
  tableMax: fc.option(fc.nat(6000)),
})

test('any blocks, under any sizes of the table, are read as they were sent, with names in lower case', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 30, size: 'max' }), (blocks) => {
      const pair = new Pair()
      for (const { status, fields, tableMax } of blocks) {
        if (tableMax !== null) pair.encoder.setTableMax(tableMax)
        const expected = fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
        assert.deepEqual(pair.send(status, fields), [`:status: ${status}`, ...expected])
        assert.deepEqual(
          pair.secrets,
          fields.filter(([, , isSecret]) => isSecret).map(([name]) => name.toLowerCase()),
        )
      }
    }),
  )
})

const usual: readonly Field[] = [
  ['Content-Type', 'application/json; charset=utf-8'],
  ['Content-Length', '1100'],
  ['Date', 'Sun, 22 Nov 2026 21:00:00 GMT'],
  ['Cache-Control', 'private, max-age=0, must-revalidate'],
  ['Vary', 'Accept-Encoding, Origin'],
  ['Vary', 'Cookie'],
  ['Via', '1.1 kong/3.9.1'],
]

test('the third answer like the one before is one byte a field', () => {
  const pair = new Pair()
  for (let i = 0; i < 3; i++) pair.send(200, usual)
  assert.equal(pair.bytes.length, 1 + usual.length)
})

test('a value that differs each time stays a literal, of which the name is one or two bytes', () => {
  const pair = new Pair()
  for (let i = 0; i < 50; i++) pair.send(200, [['X-Kong-Request-Id', `id-${i + 100}`], ...usual])
  assert.equal(pair.bytes.length, 1 + usual.length + '...id-100'.length)
})

test('an entry that was pushed out is not referred to', () => {
  const pair = new Pair()
  for (let i = 0; i < 300; i++) {
    const fields: Field[] = [[`x-name-${i}`, 'v'.repeat(100)], ['x-name-0', 'v'.repeat(100)], ...usual]
    assert.equal(pair.send(200, fields).length, fields.length + 1)
  }
})

test('a secret enters no table, not even when it repeats', () => {
  const pair = new Pair()
  for (let i = 0; i < 3; i++) pair.send(200, [['Set-Cookie', 'session=1', true]])
  assert.equal(pair.bytes.toString('hex'), `881f2809${Buffer.from('session=1').toString('hex')}`)
})

test('a client that allows no table gets none, and is told so once', () => {
  const pair = new Pair()
  pair.encoder.setTableMax(0)
  pair.send(200, [['a', 'b']])
  assert.equal(pair.bytes.toString('hex'), '20880001610162')
  pair.send(200, [['a', 'b']])
  assert.equal(pair.bytes.toString('hex'), '880001610162')
})

test('between two blocks the least size and the last one are told, RFC 7541 §4.2', () => {
  const pair = new Pair()
  pair.encoder.setTableMax(100)
  pair.encoder.setTableMax(0)
  pair.encoder.setTableMax(65_536)
  pair.send(204, [])
  assert.equal(pair.bytes.toString('hex'), '203fe11f89')
  pair.encoder.setTableMax(65_536)
  pair.send(204, [])
  assert.equal(pair.bytes.toString('hex'), '89')
})
