/** Tokens that were verified: found by all their bytes, until they end, and never more of them than there is room for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { Fingerprint } from '../../base/fingerprint.ts'
import { TokenMemory } from './token-memory.ts'
import { ALL_BYTES_MAX, KEPT_BYTES_MAX, SLOTS, VerifiedTokens } from './verified-tokens.ts'

const SEED = { a: 1, b: 2 }
const bytesOf = (text: string): Buffer => Buffer.from(text)

function find(tokens: VerifiedTokens<string>, text: string, nowMs = 0): string | null {
  const bytes = bytesOf(`--${text}--`)
  return tokens.find(bytes, 2, bytes.length - 2, nowMs)
}

test('a token is found by its bytes, and one that differs in a single byte is not', () => {
  const tokens = new VerifiedTokens<string>(SEED)
  const text = `${'head'.repeat(30)}.${'s'.repeat(43)}`
  assert.equal(find(tokens, text), null)
  tokens.openPlace(bytesOf(text), 0, 10, 'jo')
  assert.equal(find(tokens, text), 'jo')
  for (let at = 0; at < text.length; at++)
    assert.equal(find(tokens, `${text.slice(0, at)}X${text.slice(at + 1)}`), null, `byte ${at}`)
  for (const other of [text.slice(1), text.slice(0, -1), `${text}x`, `x${text}`, ''])
    assert.equal(find(tokens, other), null)
})

test('were all fingerprints one, tokens would still be told apart, and the oldest give way', (t) => {
  t.mock.method(Fingerprint.prototype, 'setBytes', function (this: Fingerprint) {
    this.a = 3
    this.b = 4
  })
  const tokens = new VerifiedTokens<string>(SEED)
  for (const text of ['a', 'b', 'c', 'd']) tokens.openPlace(bytesOf(text), 0, 10, text)
  for (const text of ['a', 'b', 'c', 'd']) assert.equal(find(tokens, text), text)
  tokens.openPlace(bytesOf('e'), 0, 10, 'e')
  assert.equal(tokens.count, 4)
  assert.equal(find(tokens, 'e'), 'e')
})

test('a token is not answered from its end on, nor kept at all when it has ended or is too long', () => {
  const tokens = new VerifiedTokens<string>(SEED)
  tokens.openPlace(bytesOf('a'), 0, 10, 'jo')
  assert.equal(find(tokens, 'a', 9), 'jo')
  assert.equal(find(tokens, 'a', 10), null)
  assert.equal(tokens.count, 0)
  assert.equal(find(tokens, 'a', 9), null, 'it is gone')
  tokens.openPlace(bytesOf('a'), 10, 10, 'jo')
  tokens.openPlace(Buffer.alloc(KEPT_BYTES_MAX + 1), 0, 10, 'jo')
  assert.equal(tokens.count, 0)
})

test('there are never more of them than there is room for', () => {
  const tokens = new VerifiedTokens<string>(SEED)
  for (let i = 0; i < 3 * SLOTS; i++) tokens.openPlace(bytesOf(`token ${i}`), 0, 10, 'jo')
  assert.ok(tokens.count <= SLOTS && tokens.count > SLOTS / 2, String(tokens.count))
  tokens.sweep(10)
  assert.equal(tokens.count, 0)
})

test('what nobody asks for is swept out, and no timer is left behind', () => {
  const timers: (() => void)[] = []
  let wallMs = 0
  let calledOff = 0
  const later = (_: number, callback: () => void): (() => void) => {
    timers.push(callback)
    return () => calledOff++
  }
  const tokens = new TokenMemory<string>(makeHost({ later, wall: () => wallMs }))
  tokens.openPlace(bytesOf('a'), 0, 10, 'jo')
  tokens.openPlace(bytesOf('b'), 0, 20, 'jo')
  assert.equal(timers.length, 1)
  wallMs = 10
  timers.shift()!()
  assert.deepEqual([tokens.count, timers.length], [1, 1])
  wallMs = 20
  timers.shift()!()
  assert.deepEqual([tokens.count, timers.length], [0, 0])
  tokens.openPlace(bytesOf('c'), 20, 30, 'jo')
  tokens.close()
  assert.deepEqual([tokens.count, calledOff], [0, 1])
})

test('a token that comes to lie where a verified one was read, with its signature, is not taken for it', () => {
  const tokens = new VerifiedTokens<string>(SEED)
  const signature = 's'.repeat(43)
  const memory = bytesOf(`head.user.${signature}`)
  tokens.openPlace(memory.subarray(0, memory.length), 0, 10, 'jo')
  memory.write('root', 5)
  assert.equal(tokens.find(memory, 0, memory.length, 0), null)
  assert.equal(find(tokens, `head.user.${signature}`), 'jo')
})

test('all tables together hold no more than there is room for, and give back what they let go', () => {
  const room = { used: 0 }
  const tables = Array.from({ length: 8 }, () => new VerifiedTokens<string>(SEED, room))
  const tail = 'x'.repeat(KEPT_BYTES_MAX - 8)
  for (let i = 0; room.used < ALL_BYTES_MAX - KEPT_BYTES_MAX - 1000; i++)
    tables[i % 8]!.openPlace(
      bytesOf(
        String(i)
          .padStart(8)
          .concat(tail.slice(i % 99), String(i)),
      ),
      0,
      10,
      'jo',
    )
  for (const table of tables) table.openPlace(bytesOf('y'.repeat(KEPT_BYTES_MAX)), 0, 10, 'jo')
  assert.ok(room.used <= ALL_BYTES_MAX)
  tables[0]!.sweep(10)
  const last = 'z'.repeat(60)
  tables[0]!.openPlace(bytesOf(last), 10, 20, 'jo')
  assert.equal(find(tables[0]!, last, 10), 'jo')
  for (const table of tables) table.clear()
  assert.equal(room.used, 0)
})

test('once it is closed a memory takes nothing more in', () => {
  const memory = new TokenMemory<string>(makeHost({ later: () => () => {}, wall: () => 0 }))
  memory.close()
  memory.openPlace(bytesOf('a.b.c'), 0, 10, 'jo')
  assert.equal(memory.count, 0)
})
