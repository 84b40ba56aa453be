/**
 * batch — what goes to Redis as one command: the checks of a turn, or a part of a Push, and how the answer is read.
 */
import { ADD, type Check, FIXED, type Push, QUEUE, RATE, SLIDING } from '../contract/machine/redis.ts'
import { PUSH } from './script.ts'

/** So many checks or counters go out as one command: 2 ms of Redis's time at most, in which it serves nobody else. */
export const BATCH_MAX = 500

/** Places before the keys in a command's arguments: the script, and the number of keys. */
const BEFORE_KEYS = 2

export class Batch {
  readonly #isCluster: boolean
  readonly #checks: Check[]
  #push: PushedPart | null
  /** Where each counter of #push stands in it. */
  readonly #places: number[]
  readonly #args: string[]
  #numbers: string
  sentAtMs: number
  /** Answered, failed or too late: what Redis may still say of it is dropped. */
  isOver: boolean
  /** The script went out in full, for Redis did not have it. */
  isWhole: boolean
  /** The text of the last error in the answer; '' for none. */
  problem: string
  /** Something in it was answered. */
  isDecided: boolean

  constructor(isCluster: boolean) {
    this.#isCluster = isCluster
    this.#checks = []
    this.#push = null
    this.#places = []
    this.#args = ['', '']
    this.#numbers = ''
    this.sentAtMs = 0
    this.isOver = false
    this.isWhole = false
    this.problem = ''
    this.isDecided = false
  }

  /** How many of the link's places it takes. */
  get size(): number {
    return this.#checks.length + this.#places.length
  }

  /** Has nothing to ask but whether Redis answers. */
  get isProbe(): boolean {
    return this.size === 0
  }

  add(check: Check): void {
    this.#checks.push(check)
    for (let i = 0; i < check.windows; i++) this.#addKey(check.name, check.keys[i]!)
    this.#numbers += numbersOf(check)
  }

  addPushed(part: PushedPart, place: number): void {
    const { push } = part
    this.#push = part
    this.#places.push(place)
    this.#addKey(push.names[place]!, push.keys[place]!)
    this.#numbers += `${PUSH} 1 2 ${push.deltas[place]} ${push.expireAtS[place]} `
  }

  #addKey(name: string, key: string): void {
    this.#args.push(this.#isCluster ? keyInCluster(name, key) : key)
  }

  /** `script`: its SHA-1 for EVALSHA, its text for EVAL. */
  args(script: string): string[] {
    const args = this.#args.slice()
    args[0] = script
    args[1] = String(args.length - BEFORE_KEYS)
    args.push(this.#numbers)
    return args
  }

  /** Hands out the answers, and notes in `problem` and `isDecided` how it went. */
  read(reply: unknown): void {
    const values: unknown[] = Array.isArray(reply) ? reply : []
    if (this.#push !== null) return this.#readPush(values, this.#push)
    let at = 0
    for (let i = 0; i < this.#checks.length; i++) {
      const check = this.#checks[i]!
      check.isPending = false
      if (this.#isFine(values[at])) {
        at = readCheck(check, values, at)
        check.onChecked(null)
      } else {
        at++
        check.onChecked('refused')
      }
    }
  }

  #readPush(values: readonly unknown[], part: PushedPart): void {
    for (let i = 0; i < this.#places.length; i++)
      if (this.#isFine(values[i])) part.push.totals[this.#places[i]!] = Number(values[i])
    part.partDone(this.isDecided ? null : 'refused')
  }

  #isFine(value: unknown): boolean {
    if (typeof value === 'number') this.isDecided = true
    else this.problem = String(value)
    return typeof value === 'number'
  }

  fail(failure: 'timeout' | 'closed' | 'refused'): void {
    for (let i = 0; i < this.#checks.length; i++) {
      this.#checks[i]!.isPending = false
      this.#checks[i]!.onChecked(failure)
    }
    if (this.#push !== null) this.#push.partDone(failure)
  }
}

/** A Push that is under way in one or more batches. */
export class PushedPart {
  readonly push: Push
  batches: number
  #failure: 'timeout' | 'closed' | 'refused' | null

  constructor(push: Push) {
    this.push = push
    this.batches = 0
    this.#failure = null
  }

  partDone(failure: 'timeout' | 'closed' | 'refused' | null): void {
    if (failure !== null) this.#failure = failure
    if (--this.batches > 0) return
    this.push.isPending = false
    this.push.onPushed(this.#failure)
  }
}

/** Kind, how many keys, how many numbers; then the numbers in the order in which the script reads them. */
function numbersOf(check: Check): string {
  switch (check.kind) {
    case FIXED: {
      let text = `${FIXED} ${check.windows} ${1 + 2 * check.windows} ${check.cost} `
      for (let i = 0; i < check.windows; i++) text += `${check.caps[i]} ${check.ttlsMs[i]} `
      return text
    }
    case ADD: {
      let text = `${ADD} ${check.windows} ${1 + check.windows} ${check.cost} `
      for (let i = 0; i < check.windows; i++) text += `${check.ttlsMs[i]} `
      return text
    }
    case SLIDING:
      return `${SLIDING} 1 3 ${check.windowMs} ${check.caps[0]} ${check.cost} `
    case RATE:
      return `${RATE} 1 3 ${check.gapMs} ${check.burst} ${check.cost} `
    case QUEUE:
      return `${QUEUE} 1 2 ${check.gapMs} ${check.burst} `
  }
}

function readCheck(check: Check, values: readonly unknown[], from: number): number {
  let at = from
  const first = Number(values[at++])
  if (check.kind === FIXED || check.kind === ADD) {
    check.refusedBy = check.kind === FIXED ? first : -1
    for (let i = 0; i < check.windows; i++) check.used[i] = Number(values[at++])
  } else {
    check.waitMs = first / 1000
    check.left = Number(values[at++])
  }
  return at
}

/** The part in braces alone decides the slot, so all keys of one name are on one node. */
function keyInCluster(name: string, key: string): string {
  return `{${name}}${key.startsWith(name) ? key.slice(name.length) : key}`
}
