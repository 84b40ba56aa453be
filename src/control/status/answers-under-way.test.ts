/** Large answers that nobody reads are few. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { AnswersUnderWay } from './answers-under-way.ts'

function makeResponse(socket = new EventEmitter()) {
  const response = Object.assign(new EventEmitter(), { req: { socket } })
  // Nothing else of a response is looked at.
  return { socket, response: response as unknown as ServerResponse }
}

test('a connection has one at a time, also where it asks for many at once', () => {
  const answers = new AnswersUnderWay()
  const { socket, response } = makeResponse()
  assert.ok(answers.begin(response))
  assert.ok(!answers.begin(makeResponse(socket).response))
  response.emit('finish')
  assert.equal(socket.listenerCount('close'), 0)
  assert.ok(answers.begin(makeResponse(socket).response))
})

test('connections that have gone make room', () => {
  const answers = new AnswersUnderWay()
  const all = Array.from({ length: 16 }, () => makeResponse())
  for (const { response } of all) assert.ok(answers.begin(response))
  assert.ok(!answers.begin(makeResponse().response))
  all[3]!.socket.emit('close')
  assert.ok(answers.begin(makeResponse().response))
  assert.ok(!answers.begin(makeResponse().response))
})
