/** state-storm — a process that changes the state as fast as it can and writes each number down once it is kept, until it is killed. */
import { writeSync } from 'node:fs'
import { NEVER } from '../../src/contract/machine/state-store.ts'
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

if (process.argv[2] !== undefined && process.argv[1]?.includes('state-storm') === true)
  void storm(process.argv[2])
