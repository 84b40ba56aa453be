/** pack-config — a configuration as threads are handed it. */
import { Packr } from 'msgpackr/pack'
import type { Config } from '../config/model.ts'

/** Shared memory, so that all threads are handed the same bytes and not a copy each. */
export function packConfig(config: Config): Uint8Array {
  const packed = new Packr({ useRecords: false }).pack(config)
  const shared = new Uint8Array(new SharedArrayBuffer(packed.length))
  shared.set(packed)
  return shared
}
