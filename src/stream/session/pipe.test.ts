/** Two sides joined, with sockets that take what they are told to: what waits, what is passed on, and when it is over. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { Clock } from '../../base/clock.ts'
import { WriteRequests } from '../../socket/socket-writer.ts'
import { Pipe } from './pipe.ts'
import type { Side } from './side.ts'

test('what a client sends, and its end, wait for the target and then pass in their order', () => {
  const rig = makeRig()
  assert.equal(rig.fromClient('hello'), false, 'reading stops: nobody is there to take more')
  rig.pipe.sideEnded(rig.pipe.client)
  rig.connect()
  assert.deepEqual(rig.target.said, ['write hello', 'end'])
})

test('a target that takes nothing stops the client, and has it go on when it does', () => {
  const rig = makeRig()
  rig.connect()
  rig.target.isFull = true
  assert.equal(rig.fromClient('one'), false)
  assert.ok(rig.client.said.includes('pause'))
  rig.target.drain()
  assert.equal(rig.client.said.at(-1), 'resume')
  assert.equal(rig.fromClient('two'), true)
  assert.deepEqual(rig.target.said, ['write one', 'write two'])
})

test('an end waits for the bytes before it', () => {
  const rig = makeRig()
  rig.connect()
  rig.target.isFull = true
  rig.fromClient('one')
  rig.pipe.sideEnded(rig.pipe.client)
  assert.ok(!rig.target.said.includes('end'))
  rig.target.drain()
  assert.deepEqual(rig.target.said, ['write one', 'end'])
})

test('it is over when both have ended, and the first to end is remembered', () => {
  const rig = makeRig()
  rig.connect()
  rig.pipe.sideEnded(rig.pipe.target)
  assert.deepEqual(rig.over, [])
  assert.equal(rig.fromClient('more'), true)
  rig.pipe.sideEnded(rig.pipe.client)
  assert.deepEqual(rig.over, [null])
  assert.equal(rig.pipe.endedBy, 'target')
})

test('a side that is lost leaves what it had sent to the other one, however slow', () => {
  const rig = makeRig()
  rig.connect()
  rig.client.isFull = true
  rig.fromTarget('the answer')
  rig.pipe.sideLost(rig.pipe.target)
  assert.deepEqual(rig.over, [])
  rig.client.drain()
  assert.deepEqual(rig.over, [rig.pipe.target])
})

test('it is over at once when nothing waits, or when the other one is lost too', () => {
  const still = makeRig()
  still.connect()
  still.pipe.sideLost(still.pipe.client)
  assert.deepEqual(still.over, [still.pipe.client])
  const both = makeRig()
  both.connect()
  both.client.isFull = true
  both.fromTarget('x')
  both.pipe.sideLost(both.pipe.target)
  both.pipe.sideLost(both.pipe.client)
  assert.deepEqual(both.over, [both.pipe.target])
})

test('the limit of silence is moved by every byte, and is the stalled one while the target takes nothing', () => {
  const rig = makeRig()
  rig.connect()
  assert.equal(rig.owner.deadlineMs, 100 + IDLE_MS)
  rig.now.ms = 200
  rig.fromTarget('x')
  assert.equal(rig.owner.deadlineMs, 200 + IDLE_MS)
  rig.target.isFull = true
  rig.fromClient('x')
  assert.equal(rig.owner.deadlineMs, 200 + STALL_MS)
})

const IDLE_MS = 1000
const STALL_MS = 70

/** As much of a socket as a side asks for. */
class FakeSocket {
  readonly said: string[] = []
  isFull = false
  writableLength = 0
  #done: ((error?: Error) => void) | null = null

  write(bytes: Uint8Array, done: (error?: Error) => void): void {
    this.said.push(`write ${Buffer.from(bytes).toString()}`)
    this.writableLength = this.isFull ? bytes.length : 0
    if (this.isFull) this.#done = done
  }
  drain(): void {
    this.isFull = false
    this.writableLength = 0
    this.#done?.()
  }
  end(): void {
    this.said.push('end')
  }
  pause(): void {
    this.said.push('pause')
  }
  resume(): void {
    this.said.push('resume')
  }
  destroy(): void {
    this.said.push('destroy')
  }
}

function makeRig() {
  const now = { ms: 100 }
  const clock = { now: () => now.ms } as Clock // its one method that is asked for
  const over: (Side | null)[] = []
  const owner = { deadlineMs: 0, pipeOver: (lost: Side | null) => over.push(lost) }
  const pipe = new Pipe(new WriteRequests(null), clock, owner)
  const [client, target] = [new FakeSocket(), new FakeSocket()]
  pipe.client.open(client as unknown as Socket, false)
  const carry = (from: Side, text: string) => pipe.carry(from, Buffer.from(text), 0, text.length)
  return {
    pipe,
    now,
    owner,
    over,
    client,
    target,
    fromClient: (text: string) => carry(pipe.client, text),
    fromTarget: (text: string) => carry(pipe.target, text),
    connect: () => {
      pipe.target.open(target as unknown as Socket, false)
      pipe.start(IDLE_MS, STALL_MS)
    },
  }
}
