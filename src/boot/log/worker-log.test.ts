/** Access lines: all that were put are in the ring when it says so, where they outlive their worker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counters, LOGS_DROPPED, makeCounterBuffer } from '../../state/counters.ts'
import { makeLogBell } from '../../state/logs/log-bell.ts'
import { LogRingReader, makeLogRing, PROXY_LINES, RESET } from '../../state/logs/log-ring.ts'
import { LogLevels } from './log-levels.ts'
import { RingEnd } from './ring-end.ts'
import { RingLines } from './ring-lines.ts'
import { MessageLog } from './worker-log.ts'

function makeRig(ringBytes = 64 * 1024) {
  const ring = makeLogRing(ringBytes)
  const counters = new Counters(makeCounterBuffer(1), 1)
  const told: string[] = []
  const end = new RingEnd(ring, makeLogBell(), () => told.push('there is something'))
  const lines = new RingLines(end, PROXY_LINES, counters)
  const levels = new LogLevels('notice', () => {})
  const posted: string[] = []
  const log = new MessageLog({
    post: (message) => posted.push(message.type === 'log' ? message.message : message.type),
    now: () => 0,
    counters,
    levels: levels.buffer,
    access: lines,
    streamAccess: null,
  })
  const reader = new LogRingReader(ring)
  return {
    log,
    levels,
    posted,
    told,
    reader,
    put: (line: string): void => {
      lines.openLine().putLatin1(line)
      lines.closeLine()
    },
    read: (): string => {
      let text = ''
      while (reader.next()) {
        if (reader.sink === PROXY_LINES)
          text += Buffer.from(reader.bytes.slice(reader.start, reader.end)).toString('latin1')
        else assert.equal(reader.sink, RESET)
        reader.release()
      }
      return text
    },
    dropped: () => counters.get(LOGS_DROPPED),
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('lines of one turn leave together at its end, in order, and the primary hears of the first', async () => {
  const rig = makeRig()
  rig.put('one\n')
  rig.put('two\n')
  assert.equal(rig.read(), '')
  assert.deepEqual(rig.told, [])
  await turn()
  assert.equal(rig.read(), 'one\ntwo\n')
  rig.put('three\n')
  await turn()
  assert.equal(rig.read(), 'three\n')
  assert.deepEqual(rig.told, ['there is something'])
})

test('a worker that says farewell has lost no line, of this turn either', () => {
  const rig = makeRig()
  rig.put('one\n')
  rig.log.flush()
  assert.equal(rig.read(), 'one\n')
})

test('a line that was never finished is no line', () => {
  const rig = makeRig()
  rig.put('one\n')
  rig.log.access?.openLine().putLatin1('half of')
  rig.put('two\n')
  rig.log.access?.openLine().putLatin1('half of')
  rig.log.flush()
  assert.equal(rig.read(), 'one\ntwo\n')
})

test('many lines of one turn leave before it is over', () => {
  const rig = makeRig()
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 40; i++) rig.put(line)
  assert.equal(rig.read().length, 32 * 1024)
})

test('lines that find no room are counted each, for the sink too, and later ones are read', () => {
  const rig = makeRig()
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 128; i++) rig.put(line)
  rig.log.flush()
  const lines = rig.read().length / line.length
  assert.equal(rig.dropped(), 128 - lines)
  assert.equal(rig.reader.takeLost(PROXY_LINES), 128 - lines)
  assert.equal(rig.reader.takeLost(PROXY_LINES), 0)
  rig.put('after\n')
  rig.log.flush()
  assert.equal(rig.read(), 'after\n')
})

test('what the level would not show is never sent to the primary, and is as soon as the level has changed', () => {
  const { log, levels, posted } = makeRig()
  log.operator('debug', 'too small')
  log.operator('info', 'too small')
  log.operator('warn', 'one')
  levels.set('debug', 0)
  log.operator('debug', 'two')
  levels.set('error', 0)
  log.operator('warn', 'too small')
  assert.deepEqual(posted, ['one', 'two'])
})
