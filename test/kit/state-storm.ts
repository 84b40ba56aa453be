/** state-storm — a process that changes the state as fast as it can, and says what is kept, until it is killed. */
import { writeSync } from 'node:fs'
import { NEVER, type StateError } from '../../src/contract/machine/state-store.ts'
import { FileStore } from '../../src/store/file-store.ts'

/** Two keys each, that have to be there together, and a value that names both. */
export const HANDS = 16

async function storm(folder: string): Promise<void> {
  const options = { folder, bytesMax: 64 * 1024 * 1024, now: Date.now, log: () => {}, logBytesMin: 20_000 }
  const store = await FileStore.open(options)
  let next = Number(process.argv[3])
  const hand = async (): Promise<never> => {
    for (;;) {
      const n = next++
      const value = Buffer.from(String(n).padEnd(40 + (n % 500), '.'))
      const write = ['left', 'right'].map((side) => ({ key: `${side}/${n % 200}`, value, expiresMs: NEVER }))
      await store.commit({ when: [], write })
      writeSync(1, `${n}\n`)
    }
  }
  await Promise.all(Array.from({ length: HANDS }, hand))
}

/** Puts entries until one is refused, and says what came of it. */
async function fill(folder: string): Promise<void> {
  const store = await FileStore.open({ folder, bytesMax: 1e8, now: Date.now, log: () => {} })
  for (let kept = 0; ; kept++) {
    const error = await store.put(`k${kept}`, Buffer.alloc(1000), NEVER).then(
      () => null,
      (cause: StateError) => cause,
    )
    if (error === null) continue
    const k1 = (await store.get('k1'))?.length
    writeSync(1, JSON.stringify({ kept, reason: error.reason, message: error.message, k1 }))
    return store.close()
  }
}

const folder = process.argv[2]
if (folder !== undefined && process.argv[1]?.includes('state-storm') === true)
  void (process.argv[3] === 'fill' ? fill(folder) : storm(folder))
