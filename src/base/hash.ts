/**
 * hash — xxHash32 (the published algorithm, version 0.1.2 of its specification) with seed 0.
 *
 * HOT     Runs for each request of a hashed upstream. The answer is an int32, because a number above 2^31 costs an
 *         object on the heap: `>>> 0` gives the usual unsigned value.
 */

const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0
const PRIME_4 = 0x27d4eb2f | 0
const PRIME_5 = 0x165667b1 | 0
/** Bytes that the four lanes take in one go. */
const STRIPE = 16

/** Of bytes [start, end). */
export function xxHash32(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let hash = PRIME_5
  if (end - start >= STRIPE) {
    let one = (PRIME_1 + PRIME_2) | 0
    let two = PRIME_2
    let three = 0
    let four = -PRIME_1 | 0
    for (; at + STRIPE <= end; at += STRIPE) {
      one = round(one, word(bytes, at))
      two = round(two, word(bytes, at + 4))
      three = round(three, word(bytes, at + 8))
      four = round(four, word(bytes, at + 12))
    }
    hash = (turn(one, 1) + turn(two, 7) + turn(three, 12) + turn(four, 18)) | 0
  }
  hash = (hash + (end - start)) | 0
  for (; at + 4 <= end; at += 4)
    hash = Math.imul(turn((hash + Math.imul(word(bytes, at), PRIME_3)) | 0, 17), PRIME_4)
  for (; at < end; at++) hash = Math.imul(turn((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), PRIME_1)
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return hash ^ (hash >>> 16)
}

let scratch = new Uint8Array(256)

/** Of a string whose characters are bytes (Latin-1), as the codec makes them. */
export function xxHash32Text(text: string): number {
  if (text.length > scratch.length) growScratch(text.length)
  for (let i = 0; i < text.length; i++) scratch[i] = text.charCodeAt(i)
  return xxHash32(scratch, 0, text.length)
}

function growScratch(needed: number): void {
  scratch = new Uint8Array(needed * 2)
}

function round(lane: number, input: number): number {
  return Math.imul(turn((lane + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1)
}

function turn(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
