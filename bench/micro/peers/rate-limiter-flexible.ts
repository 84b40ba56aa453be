/** rate-limiter-flexible, in memory, as a case of the limiter's bench. */
import { createRequire } from 'node:module'
import type { Case } from '../frame/bench.ts'

/** The window, in seconds: longer than any bench. */
const WINDOW_S = 100_000

/** `cap` points in the window for each of the texts, which are asked for in turn; their number is a power of two. */
export function openFlexible(texts: readonly string[], cap: number): Case {
  const require = createRequire(import.meta.url)
  // Here and not above: the bench's second thread has no use for its hundred files.
  const { RateLimiterMemory } = require('rate-limiter-flexible') as typeof import('rate-limiter-flexible')
  // npm asks for it.
  const { version } = require('rate-limiter-flexible/package.json') as { version: string }
  const limiter = new RateLimiterMemory({ points: cap, duration: WINDOW_S })
  const mask = texts.length - 1
  const run = async (times: number): Promise<number> => {
    let refused = 0
    for (let i = 0; i < times; i++) {
      try {
        await limiter.consume(texts[i & mask]!)
      } catch {
        refused++ // it rejects with what is left, where we answer which limit
      }
    }
    if (cap > 1 && refused > 0) throw new Error('the limit was reached')
    return refused
  }
  const close = async (): Promise<void> => {
    for (const text of texts) await limiter.delete(text)
  }
  return { name: 'rate-limiter-flexible', peer: version, run, close }
}
