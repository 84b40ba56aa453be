/** Who may read and change the log level by the status listener: this machine, and nobody through it. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { answerLevel, isOfThisMachine } from './log-level.ts'

type Peer = Parameters<typeof isOfThisMachine>[0]

function from(remoteAddress: string | undefined, localAddress: string | undefined, headers = {}): Peer {
  // All that is looked at.
  return { headers, socket: { remoteAddress, localAddress } } as unknown as Peer
}

test('loopback, the own address and a unix socket are of this machine; others are not', () => {
  assert.ok(isOfThisMachine(from('127.0.0.1', '127.0.0.1')))
  assert.ok(isOfThisMachine(from('::ffff:127.0.0.1', '::ffff:127.0.0.1')))
  assert.ok(isOfThisMachine(from('::1', '::1')))
  assert.ok(isOfThisMachine(from('10.0.0.5', '10.0.0.5')))
  assert.ok(isOfThisMachine(from(undefined, undefined)))
  assert.ok(!isOfThisMachine(from('10.0.0.6', '10.0.0.5')))
  assert.ok(!isOfThisMachine(from('::ffff:10.0.0.6', '::ffff:10.0.0.5')))
  // A connection that is gone has no peer.
  assert.ok(!isOfThisMachine(from(undefined, '10.0.0.5')))
})

test('who speaks for others is refused: a proxy on this machine, a page in a browser', () => {
  for (const name of ['origin', 'x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])
    assert.ok(!isOfThisMachine(from('127.0.0.1', '127.0.0.1', { [name]: 'x' })), name)
})

test('a level is read by GET, changed by PUT, and what cannot be is told', () => {
  const asked: [string, number][] = []
  const door = {
    show: () => ({ level: 'notice', configured: 'notice', seconds: 0 }),
    set: (level: string, seconds: number) => {
      asked.push([level, seconds])
      return level === 'debug'
    },
  }
  const ask = (method: string, query: string, address = '127.0.0.1') =>
    answerLevel({ ...from(address, '127.0.0.1'), method } as IncomingMessage, query, door).status
  assert.equal(ask('GET', ''), 200)
  assert.equal(ask('PUT', 'level=debug&timeout=60'), 200)
  assert.equal(ask('PUT', 'level=debug'), 200)
  assert.equal(ask('PUT', 'level=loud'), 400)
  assert.deepEqual(asked, [
    ['debug', 60],
    ['debug', 0],
    ['loud', 0],
  ])
  assert.equal(ask('PUT', 'level=debug&timeout=86401'), 400)
  assert.equal(ask('PUT', 'level=debug&timeout=-1'), 400)
  assert.equal(ask('POST', 'level=debug'), 405)
  assert.equal(ask('PUT', 'level=debug', '192.0.2.1'), 403)
  assert.equal(asked.length, 3)
})
