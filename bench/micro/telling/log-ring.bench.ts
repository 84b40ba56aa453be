/**
 * log-ring — what it costs a worker to hand a record to the log thread, and the log thread to take it.
 *
 *     node dist/bench/micro/telling/log-ring.bench.js
 *
 * "write" is the worker's side alone: the ring is emptied without a look at what is in it, for which "write, read" is
 * the price. The bell is looked at, and nobody sleeps. "a file of lines" is the log thread's side: lines come 32 KB a
 * record, as workers gather them, and are written into /dev/null.
 */
import { Outbox } from '../../../src/base/outbox.ts'
import { RingEnd } from '../../../src/boot/log/ring-end.ts'
import { FileWriter } from '../../../src/shipping/file-writer.ts'
import { makeLogBell } from '../../../src/state/logs/log-bell.ts'
import { LogRingReader, makeLogRing, PROXY_LINES, SINKS_FIRST } from '../../../src/state/logs/log-ring.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const RING_BYTES = 4 * 1024 * 1024
const LINE = `${'x'.repeat(199)}\n`
const LINES_A_RECORD = 160

export const bench: Bench = {
  name: 'log-ring',
  says: 'a record on its way to the log thread',
  groups: [
    { name: 'write, read', open: () => [200, 1200].map(makeWrite) },
    { name: 'a file of lines', open: openLines },
  ],
}

function makeEnds(): { end: RingEnd; reader: LogRingReader } {
  const ring = makeLogRing(RING_BYTES)
  return { end: new RingEnd(ring, makeLogBell(), () => {}), reader: new LogRingReader(ring) }
}

function makeWrite(size: number): Case {
  const { end, reader } = makeEnds()
  const out = new Outbox()
  out.putLatin1('x'.repeat(size))
  const run = (times: number): number => {
    let sum = 0
    for (let i = 0; i < times; i++) {
      if (!end.write(SINKS_FIRST, out, 1)) throw new Error('there was no room')
      while (reader.next()) {
        sum += reader.end
        reader.release()
      }
    }
    return sum
  }
  return { name: `${size} bytes`, run }
}

function openLines(): Case[] {
  const { end, reader } = makeEnds()
  const out = new Outbox()
  out.putLatin1(LINE.repeat(LINES_A_RECORD))
  const failed = (): void => {
    throw new Error('lines were lost')
  }
  const tools = { now: () => performance.now(), lost: failed, delivered: () => {}, log: failed }
  const file = new FileWriter({ path: '/dev/null', mode: 0o640, tools })
  const run = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      end.write(PROXY_LINES, out, LINES_A_RECORD)
      while (reader.next()) {
        if (reader.sink === PROXY_LINES) file.putLines(reader.bytes, reader.start, reader.end, reader.count)
        reader.release()
      }
      if (i % 4 === 3) await new Promise<void>((resolve) => file.whenIdle(resolve))
    }
    return times
  }
  return [{ name: 'a line of 200 bytes', pack: LINES_A_RECORD, run, close: () => file.close(1000) }]
}

await runAlone(bench, import.meta.url)
