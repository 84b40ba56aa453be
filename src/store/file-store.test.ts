/** What the state on disk promises: kept once that is said, whole or not at all, bounded, never wrong in silence. */
import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { NEVER, StateError } from '../contract/machine/state-store.ts'
import { FileStore, type FileStoreOptions } from './file-store.ts'
import { type LogFile, openLogFile } from './log-file.ts'

let folder = ''
let nowMs = 1000
let said: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-state-'))
  nowMs = 1000
  said = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what was put is there after the store was opened again', async () => {
  await using(async (store) => {
    await store.put('a', bytes('1'), NEVER)
    await store.put('b', bytes('2'), NEVER)
    await store.remove('a')
  })
  await using(async (store) => {
    assert.equal(await textAt(store, 'a'), null)
    assert.equal(await textAt(store, 'b'), '2')
  })
  assert.deepEqual(said, [])
})

test('of those who put a key if it is absent, take it or replace it, one succeeds', async () => {
  await using(async (store) => {
    const puts = await Promise.all([1, 2, 3].map((n) => store.putIfAbsent('k', bytes(String(n)), NEVER)))
    assert.deepEqual(puts, [true, false, false])
    const same = { key: 'k', value: bytes('1'), expiresMs: NEVER }
    const replaced = await Promise.all(['x', 'y'].map((text) => store.replace(same, bytes(text), NEVER)))
    assert.deepEqual(replaced, [true, false])
    const taken = await Promise.all([store.take('k'), store.take('k')])
    assert.deepEqual(
      taken.map((each) => each && Buffer.from(each).toString()),
      ['x', null],
    )
  })
})

test('a change happens whole or not at all', async () => {
  await using(async (store) => {
    const write = ['a', 'b'].map((key) => ({ key, value: bytes('1'), expiresMs: NEVER }))
    assert.equal(await store.commit({ when: [{ key: 'c', is: bytes('no') }], write }), false)
    assert.equal(store.size, 0)
    assert.equal(await store.commit({ when: [{ key: 'c', is: null }], write }), true)
    assert.equal(store.size, 2)
  })
})

test('an entry is gone once its time is over, and is not read back', async () => {
  await using(async (store) => {
    await store.put('k', bytes('1'), 1500)
    nowMs = 1499
    assert.equal(await textAt(store, 'k'), '1')
    nowMs = 1500
    assert.equal(await textAt(store, 'k'), null)
    assert.equal(await store.putIfAbsent('k', bytes('2'), 1600), true)
    nowMs = 1700
    store.sweep()
    assert.equal(store.size, 0)
  })
  await using(async (store) => assert.equal(store.size, 0))
})

test('a list is by prefix and key, page by page', async () => {
  await using(async (store) => {
    for (const key of ['b/2', 'a/1', 'b/1', 'b/3', 'c']) await store.put(key, bytes('x'), NEVER)
    const first = await store.list('b/', '', 2)
    assert.deepEqual(
      first.map(({ key }) => key),
      ['b/1', 'b/2'],
    )
    assert.deepEqual(
      (await store.list('b/', 'b/2', 2)).map(({ key }) => key),
      ['b/3'],
    )
  })
})

test('a full state refuses what would make it larger, and takes it once something has gone', async () => {
  await using(
    async (store) => {
      await store.put('a', Buffer.alloc(700), NEVER)
      await assert.rejects(store.put('b', Buffer.alloc(700), NEVER), (error) => {
        assert.ok(error instanceof StateError)
        assert.equal(error.reason, 'full')
        return /SLUICE_STATE_MAX/.test(error.message)
      })
      await store.put('c', Buffer.alloc(10), 1100)
      await store.remove('a')
      await store.put('b', Buffer.alloc(700), NEVER)
      // What has expired makes room by itself.
      nowMs = 1100
      await store.put('d', Buffer.alloc(10), NEVER)
    },
    { bytesMax: 1300 },
  )
})

test('a disk that is full refuses, keeps what there was, and goes on when there is room', async () => {
  const disk = new FickleDisk()
  await using(
    async (store) => {
      await store.put('a', bytes('1'), NEVER)
      disk.isFull = true
      const both = await Promise.allSettled([store.put('b', bytes('2'), NEVER), store.take('a')])
      for (const each of both) {
        assert.equal(each.status, 'rejected')
        assert.match(String(each.reason), /could not be written.*ENOSPC/)
      }
      assert.equal(await textAt(store, 'a'), '1')
      assert.equal(await textAt(store, 'b'), null)
      disk.isFull = false
      await store.put('c', bytes('3'), NEVER)
    },
    { openFile: disk.open },
  )
  assert.match(said[0] ?? '', /could not be written/)
  await using(async (store) => {
    assert.deepEqual(
      (await store.list('', '', 9)).map(({ key }) => key),
      ['a', 'c'],
    )
  })
})

test('a log that has grown long is replaced by a snapshot, and nothing is lost', async () => {
  await using(
    async (store) => {
      for (let i = 0; i < 400; i++) await store.put(`k${i % 20}`, Buffer.alloc(100, i), NEVER)
    },
    { logBytesMin: 4000 },
  )
  const names = readdirSync(folder)
  assert.equal(names.filter((name) => name.endsWith('.snapshot')).length, 1)
  const onDisk = names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  assert.ok(onDisk < 20_000, `${onDisk} bytes for 20 entries`)
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  await using(async (store) => {
    assert.equal(store.size, 20)
    assert.deepEqual(await store.get('k3'), new Uint8Array(100).fill(383 & 255))
  })
})

test('an end that was torn off is cut at any byte, is told, and costs no more than the last frame', async () => {
  await using(async (store) => {
    for (let i = 0; i < 4; i++) await store.put(`k${i}`, bytes('value'), NEVER)
  })
  const file = join(folder, onlyLog())
  const whole = readFileSync(file)
  const lastFrame = whole.lastIndexOf('SLST')
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: lastFrame + 1, max: whole.length - 1 }), async (length) => {
      said = []
      writeFileSync(file, whole)
      truncateSync(file, length)
      await using(async (store) => assert.equal(store.size, 3))
      assert.equal(said.length, 1)
      assert.match(said[0]!, /was cut/)
      await using(async (store) => store.put('k9', bytes('v'), NEVER))
      await using(async (store) => assert.equal(store.size, 4))
    }),
    { numRuns: 20 },
  )
})

test('damage before the end is refused with the file’s name and what to do, and nothing is overwritten', async () => {
  await using(async (store) => {
    for (let i = 0; i < 4; i++) await store.put(`k${i}`, bytes('value'), NEVER)
  })
  const file = join(folder, onlyLog())
  const whole = readFileSync(file)
  const lastFrame = whole.lastIndexOf('SLST')
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: lastFrame - 1 }), async (at) => {
      const broken = Buffer.from(whole)
      broken[at]! ^= 0x41
      writeFileSync(file, broken)
      await assert.rejects(open(), (error: Error) => {
        assert.match(error.message, /STATE_UNREADABLE/)
        assert.ok(error.message.includes(file), error.message)
        return /backup/.test(error.message)
      })
      assert.deepEqual(readFileSync(file), broken)
    }),
    { numRuns: 40 },
  )
})

test('a snapshot that lacks anything, or a log that is gone, is refused by name', async () => {
  await using(
    async (store) => {
      for (let i = 0; i < 100; i++) await store.put(`k${i % 20}`, Buffer.alloc(100), NEVER)
    },
    { logBytesMin: 4000 },
  )
  const name = readdirSync(folder).find((each) => each.endsWith('.snapshot'))!
  const file = join(folder, name)
  const whole = readFileSync(file)
  for (const length of [0, 5, whole.lastIndexOf('SLST'), whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, length))
    await assert.rejects(open(), (error: Error) => error.message.includes(file))
  }
  rmSync(file)
  await assert.rejects(open(), /is missing although/)
})

test('two changes of one moment share a frame, and a hundred of them few', async () => {
  const disk = new FickleDisk()
  await using(
    async (store) => {
      const before = disk.syncs
      await Promise.all(Array.from({ length: 100 }, (_, i) => store.put(`k${i}`, bytes('1'), NEVER)))
      assert.ok(disk.syncs - before <= 2, `${disk.syncs - before} times the disk was waited for`)
    },
    { openFile: disk.open },
  )
})

/** The real files, but for what a test wants of them. */
class FickleDisk {
  isFull = false
  syncs = 0

  readonly open = async (path: string): Promise<LogFile> => {
    const file = await openLogFile(path)
    return {
      write: async (data, at) => {
        // Half of it is there.
        if (this.isFull) await file.write(data.subarray(0, data.length >> 1), at)
        if (this.isFull)
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        await file.write(data, at)
      },
      sync: () => {
        this.syncs++
        return file.sync()
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    }
  }
}

function open(own: Partial<FileStoreOptions> = {}): Promise<FileStore> {
  const log = (_level: string, message: string, fields: Record<string, unknown>): void => {
    said.push(`${message} ${JSON.stringify(fields)}`)
  }
  return FileStore.open({ folder, bytesMax: 1_000_000, now: () => nowMs, log, ...own })
}

async function using(
  work: (store: FileStore) => unknown,
  own: Partial<FileStoreOptions> = {},
): Promise<void> {
  const store = await open(own)
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

async function textAt(store: FileStore, key: string): Promise<string | null> {
  const value = await store.get(key)
  return value === null ? null : Buffer.from(value).toString()
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

function onlyLog(): string {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
  assert.equal(logs.length, 1)
  return logs[0]!
}
