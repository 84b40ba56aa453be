/** The line of a session: Kong's fields, what we add, and nothing that forges another line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTarget } from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import type { StreamRecord } from '../contract/stream.ts'
import { streamLine } from './stream-line.ts'

const TIME = '[02/Nov/2026:03:04:05 +0000]'
const RECORD: StreamRecord = {
  facts: {
    clientAddress: '192.0.2.7',
    clientPort: 4000,
    localAddress: '192.0.2.1',
    localPort: 9000,
    isTls: false,
    sni: '',
  },
  route: { id: 'r', name: 'db', service: null, passesTls: false, steps: [], ends: [] },
  target: makeTarget('a:1', '10.0.0.1', 5432),
  tries: 1,
  status: 200,
  fault: faults.NONE,
  endedBy: 'client',
  bytesIn: 12,
  bytesOut: 3456,
  durationMs: 1234.5,
}

test('bytes to the client stand before bytes from it, as in Kong, and time counts in seconds', () => {
  assert.equal(
    streamLine(RECORD, TIME),
    `192.0.2.7 ${TIME} TCP 200 3456 12 1.234 route: "db" target: "10.0.0.1:5432" ended_by: client\n`,
  )
})

test('what went wrong, the server name and further tries are told where there are any', () => {
  const record: StreamRecord = {
    ...RECORD,
    facts: { ...RECORD.facts, isTls: true, sni: 'db.example' },
    target: makeTarget('a:1', '::1', 5432),
    tries: 3,
    status: 502,
    fault: faults.TARGET_CONNECT,
    endedBy: 'target',
  }
  const end = 'sni: "db.example" tries: 3 ended_by: target fault: TARGET_CONNECT\n'
  assert.ok(streamLine(record, TIME).endsWith(`route: "db" target: "[::1]:5432" ${end}`))
})

test('a session without route and target has a line too, and a route without a name its id', () => {
  assert.match(streamLine({ ...RECORD, route: null, target: null }, TIME), /route: "-" target: "-"/)
  assert.match(streamLine({ ...RECORD, route: { ...RECORD.route!, name: null } }, TIME), /route: "r"/)
})

test('a name can not end its quotes, nor the line', () => {
  const route = { ...RECORD.route!, name: 'a"b\\c\nd é €' }
  assert.match(streamLine({ ...RECORD, route }, TIME), /route: "a\\x22b\\x5Cc\\x0Ad \\xE9 \\u20AC" target/)
})
