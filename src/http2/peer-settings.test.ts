/** What may be set, and what ends the connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../base/outbox.ts'
import { FLOW_CONTROL_ERROR, FRAME_HEAD_BYTES, NO_ERROR, PROTOCOL_ERROR, putSettings } from './frame.ts'
import { PeerSettings } from './peer-settings.ts'

function take(settings: PeerSettings, ...pairs: number[]): number {
  const out = new Outbox()
  putSettings(out, pairs)
  return settings.take(out.bytes, FRAME_HEAD_BYTES, out.used)
}

test('what is set is kept, what is not known is passed over', () => {
  const settings = new PeerSettings()
  assert.deepEqual([settings.tableBytesMax, settings.initialWindow], [4096, 65_535])
  assert.equal(take(settings, 1, 0, 4, 0, 99, 0xffffffff, 3, 7, 6, 1), NO_ERROR)
  assert.deepEqual([settings.tableBytesMax, settings.initialWindow, settings.streamsMax], [0, 0, 7])
  assert.equal(take(settings, 4, 1, 4, 0x7fffffff), NO_ERROR)
  assert.equal(settings.initialWindow, 0x7fffffff, 'the last one counts')
})

test('values beyond their bounds end the connection', () => {
  assert.equal(take(new PeerSettings(), 2, 2), PROTOCOL_ERROR)
  assert.equal(take(new PeerSettings(), 4, 0x80000000), FLOW_CONTROL_ERROR)
  assert.equal(take(new PeerSettings(), 5, 16_383), PROTOCOL_ERROR)
  assert.equal(take(new PeerSettings(), 5, 0x1000000), PROTOCOL_ERROR)
  assert.equal(take(new PeerSettings(), 5, 16_384, 5, 0xffffff, 2, 0, 2, 1), NO_ERROR)
})
