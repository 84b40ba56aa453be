/**
 * state-files — which files the state lies in, and how one is read whole.
 *
 *           state-00000003.snapshot   everything up to the moment log 3 was begun; absent for log 0
 *           state-00000003.log        what was written since, a frame for each group of changes
 *
 * The first frame of each names the format. A snapshot ends with a frame that counts its entries. Only the last log may
 * end in half a frame: the process or the machine went down while it was written, and nobody was told that it was kept.
 */
import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'
import { faults, GatewayError } from '../base/faults.ts'
import type { Write } from '../contract/machine/state-store.ts'
import { FRAME_HEAD_BYTES, hasFrameBehind, makeFrame, readFrame } from './frame.ts'

const FORMAT = 'sluice-state'
const VERSION = 1
const END = 'end'

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false })

type Row = readonly [key: string, value: Uint8Array | null, expiresMs: number]

export function logName(generation: number): string {
  return `state-${String(generation).padStart(8, '0')}.log`
}

export function snapshotName(generation: number): string {
  return `state-${String(generation).padStart(8, '0')}.snapshot`
}

/** The generations of all files of a kind, ascending. */
export function generationsOf(names: readonly string[], kind: 'log' | 'snapshot'): number[] {
  const found = names.flatMap((name) => {
    const parts = /^state-(\d{8,15})\.(log|snapshot)$/.exec(name)
    return parts?.[2] === kind ? [Number(parts[1])] : []
  })
  return found.sort((one, other) => one - other)
}

export function formatFrame(): Buffer {
  return makeFrame(packr.pack([FORMAT, VERSION]))
}

/** Numbers stand for themselves, NEVER too. */
export function writesFrame(writes: readonly Write[]): Buffer {
  return makeFrame(packr.pack(writes.map(({ key, value, expiresMs }): Row => [key, value, expiresMs])))
}

export function endFrame(count: number): Buffer {
  return makeFrame(packr.pack([END, count]))
}

export interface ReadFile {
  readonly writes: readonly Write[]
  /** Bytes up to the end of the last whole frame; 0 where not even the first is. */
  readonly end: number
}

/** `path` is for the message. Throws GatewayError STATE_UNREADABLE for what is broken before its end. */
export function readLog(bytes: Buffer, path: string, mayBeTorn: boolean): ReadFile {
  const writes: Write[] = []
  let at = 0
  while (at < bytes.length) {
    const payload = readFrame(bytes, at)
    if (payload === null) break
    if (at === 0) checkFormat(payload, path)
    else writes.push(...rowsOf(payload, path, at))
    at += FRAME_HEAD_BYTES + payload.length
  }
  if (at < bytes.length && !(mayBeTorn && !hasFrameBehind(bytes, at))) refuseDamage(path, at)
  if (at === 0 && !mayBeTorn) refuseDamage(path, 0)
  return { writes, end: at }
}

export function readSnapshot(bytes: Buffer, path: string): readonly Write[] {
  const { writes } = readLog(stripEnd(bytes, path), path, false)
  if (writes.length !== countAt(bytes)) refuseDamage(path, bytes.length)
  return writes
}

/** Its last frame has a known form, but not a known place: it is found from the front. */
function stripEnd(bytes: Buffer, path: string): Buffer {
  const at = lastFrameOf(bytes)
  if (at <= 0 || countAt(bytes) < 0) return refuseDamage(path, bytes.length)
  return bytes.subarray(0, at)
}

function countAt(bytes: Buffer): number {
  const payload = readFrame(bytes, lastFrameOf(bytes))
  const value: unknown = payload === null ? null : unpackr.unpack(payload)
  return Array.isArray(value) && value[0] === END && typeof value[1] === 'number' ? value[1] : -1
}

function lastFrameOf(bytes: Buffer): number {
  let last = 0
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    last = at
    at += FRAME_HEAD_BYTES + bytes.readUInt32BE(at + 4)
  }
  return last
}

function checkFormat(payload: Buffer, path: string): void {
  const value: unknown = unpackr.unpack(payload)
  const [format, version] = Array.isArray(value) ? (value as unknown[]) : []
  if (format !== FORMAT) refuseDamage(path, 0)
  if (version !== VERSION) {
    const detail = `${path} was written by another version of Sluice (format ${String(version)}, this one reads ${VERSION}): run that version, or move the file away and lose what it holds`
    throw new GatewayError(faults.STATE_UNREADABLE, detail)
  }
}

function rowsOf(payload: Buffer, path: string, at: number): Write[] {
  const value: unknown = unpackr.unpack(payload)
  if (!Array.isArray(value)) return refuseDamage(path, at)
  return value.map((row: unknown) => {
    const [key, bytes, expiresMs] = Array.isArray(row) ? (row as unknown[]) : []
    if (typeof key !== 'string' || typeof expiresMs !== 'number') return refuseDamage(path, at)
    // A copy: else each value would keep all of the file in memory.
    return { key, value: bytes instanceof Uint8Array ? new Uint8Array(bytes) : null, expiresMs }
  })
}

function refuseDamage(path: string, at: number): never {
  const detail = `${path} is damaged at byte ${at}: put a backup of the folder in its place, or move all of its state-* files away and start without what they hold (clients then ask for new tokens)`
  throw new GatewayError(faults.STATE_UNREADABLE, detail)
}
